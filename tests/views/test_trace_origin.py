"""What the trace page says of the files that its spans came from."""

from pathlib import Path

from tests.samples import checkout
from webapp.app import create_app
from webapp.formats import otlp
from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store


def test_a_trace_of_a_file_that_was_cut_says_that_spans_may_be_missing(tmp_path: Path) -> None:
    whole = otlp.write(checkout.spans())
    (tmp_path / "cut.json").write_bytes(whole[: whole.rindex(b'"spanId"')])
    (tmp_path / "whole.json").write_bytes(whole.replace(checkout.TRACE_ID.encode(), b"1" * 32))
    with Store.open(None) as store:
        load([str(tmp_path)], store, Progress())
        client = create_app(store).test_client()
        page = client.get(f"/trace/{checkout.TRACE_ID}").text
        assert "Spans may be missing." in page
        assert "cut.json" in page
        codes = [one["code"] for one in client.get(f"/trace/{checkout.TRACE_ID}.json").get_json()["warnings"]]
        assert "truncated" in codes
        assert "may be missing" not in client.get(f"/trace/{'1' * 32}").text


def test_an_id_of_another_form_is_shown_as_it_was_written(tmp_path: Path) -> None:
    lines = [
        f'{{"time":"2026-01-02T03:04:0{k}Z","level":"INFO","msg":"m","service":"s","X-Trace-ID":"abc-123"}}'
        for k in range(3)
    ]
    (tmp_path / "app.log").write_text("\n".join(lines))
    with Store.open(None) as store:
        load([str(tmp_path)], store, Progress())
        [trace_id] = store.find("abc-123")
        page = create_app(store).test_client().get(f"/trace/{trace_id}").text
    assert "abc-123" in page
    assert trace_id in page


def test_of_a_short_id_the_half_that_tells_is_shown(tmp_path: Path) -> None:
    short = otlp.write(checkout.spans()).replace(checkout.TRACE_ID.encode(), b"0" * 16 + b"ab" * 8)
    (tmp_path / "short.json").write_bytes(short)
    with Store.open(None) as store:
        load([str(tmp_path)], store, Progress())
        page = create_app(store).test_client().get("/traces").text
    assert f">{'ab' * 8}</code>" in page
