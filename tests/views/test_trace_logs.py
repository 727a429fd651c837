"""The trace page with log lines: spans that were inferred from them, and lines beside recorded spans."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from webapp.app import create_app
from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store

DATA = Path(__file__).parents[1] / "data" / "logs"
RECORDED = "90350505ac8c4923b3df8df09c124da8"


@pytest.fixture(scope="module")
def logged() -> Iterator[FlaskClient]:
    """One trace has recorded spans, two are known from their lines alone."""
    with Store.open(None) as store:
        load([str(DATA / "slog.jsonl"), str(DATA / "slog_spans.otlp.json")], store, Progress())
        yield create_app(store).test_client()


def page(client: FlaskClient, url: str) -> Element:
    response = client.get(url, follow_redirects=True)
    assert response.status_code == 200
    return parse(response)


def test_a_written_id_opens_its_trace_which_says_that_it_was_inferred(logged: FlaskClient) -> None:
    found = page(logged, "/traces?q=abc-123")
    [told] = with_class(found, "guessed")
    assert "Inferred from log lines: nobody recorded these spans" in text(told)
    rows = with_class(found, "r")
    assert len(rows) == 3
    assert all("from logs" in text(row) for row in rows)
    assert all("from logs" in row.get("aria-label", "") for row in rows)


def test_inferred_spans_are_marked_in_the_json_and_in_exports(logged: FlaskClient) -> None:
    trace_id = logged.get("/traces.json?q=abc-123").get_json()
    url = logged.get("/trace/abc-123").headers["Location"]
    trace = logged.get(f"{url}.json").get_json()
    assert trace_id
    assert {tuple(span["warnings"]) for span in trace["spans"]} == {("inferred_from_logs",)}
    assert {warning["code"] for warning in trace["warnings"]} == {"inferred_from_logs"}
    assert trace["logs"] == []
    assert logged.get(f"{url}.json?as=otlp").data.count(b"tailrace.inferred_from") == 3


def test_lines_stand_beside_recorded_spans(logged: FlaskClient) -> None:
    found = page(logged, f"/trace/{RECORDED}?span=c000000000000001")
    assert not with_class(found, "guessed")
    assert "11 log lines" in text(with_class(found, "facts")[0])
    row = next(row for row in with_class(found, "r") if row.get("id") == "sc000000000000001")
    assert "4 log lines" in text(row)
    [lines] = with_class(found, "logs")
    said = [text(line) for line in lines]
    assert said[0].startswith("+200")
    assert "request failed err=card declined" in said[2]
    assert lines[2].get("class") == "bad"


def test_lines_are_no_events_and_in_no_export(logged: FlaskClient) -> None:
    trace = logged.get(f"/trace/{RECORDED}.json").get_json()
    assert not any(span["events"] for span in trace["spans"])
    assert len(trace["logs"]) == 11
    first = next(line for line in trace["logs"] if line["message"] == "asking the bank")
    assert (first["span_id"], first["level"], first["service"]) == ("c000000000000001", "info", "payments")
    assert first["attributes"] == {"amount": 129.9}
    for name in ("otlp", "jaeger", "zipkin", "chrome"):
        assert b"asking the bank" not in logged.get(f"/trace/{RECORDED}.json?as={name}").data
