"""Bad input: nothing good is lost, a message says what happened, and no page answers 500."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from webapp.app import create_app
from webapp.cli import main
from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store

START = 1_763_634_727_000_000_000


def span(number: int, **changes: Any) -> dict[str, Any]:
    """An OTLP JSON span of trace 1; span 1 is the root, the others its children."""
    return {
        "traceId": f"{1:032x}",
        "spanId": f"{number:016x}",
        **({"parentSpanId": f"{1:016x}"} if number > 1 else {}),
        "name": f"step {number}",
        "kind": 1,
        "startTimeUnixNano": str(START + number * 1_000_000),
        "endTimeUnixNano": str(START + number * 1_000_000 + 50_000_000),
        "attributes": [],
        **changes,
    }


def document(*spans: dict[str, Any], service: str = "shop") -> str:
    resource_attributes = [{"key": "service.name", "value": {"stringValue": service}}]
    return json.dumps(
        {
            "resourceSpans": [
                {"resource": {"attributes": resource_attributes}, "scopeSpans": [{"spans": list(spans)}]}
            ]
        },
        ensure_ascii=False,
    )


def text_attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


GOOD = document(span(1), span(2)) + "\n"
HOSTILE = "<script>alert(1)</script>"
deep = '{"a":' * 10_000 + "1" + "}" * 10_000

# name -> (bytes of the file, spans that must be there, code of a warning that must be given or "")
CASES: dict[str, tuple[bytes, int, str]] = {
    "truncated in the middle of a span": (GOOD.encode() + GOOD.encode()[:-60], 2, "truncated"),
    "one bad line among good ones": (
        (GOOD + "{not json}\n" + document(span(3)) + "\n").encode(),
        3,
        "bad_record",
    ),
    "a record of the wrong type": (
        (GOOD + '{"resourceSpans": 7}\n' + document(span(3)) + "\n").encode(),
        3,
        "bad_record",
    ),
    "an exact duplicate": ((GOOD + document(span(2)) + "\n").encode(), 2, "duplicate_dropped"),
    "one id, two spans": ((GOOD + document(span(2, name="other")) + "\n").encode(), 3, "duplicate_id"),
    "a cycle": (
        document(span(1), span(2, parentSpanId=f"{3:016x}"), span(3, parentSpanId=f"{2:016x}")).encode(),
        3,
        "cycle_broken",
    ),
    "a span that is its own parent": (
        document(span(1), span(2, parentSpanId=f"{2:016x}")).encode(),
        2,
        "self_parent",
    ),
    "an orphan": (document(span(1), span(2, parentSpanId=f"{9:016x}")).encode(), 2, "orphan"),
    "the year 0001": (
        document(
            span(1),
            span(2, startTimeUnixNano="-62135596800000000000", endTimeUnixNano="-62135596800000000000"),
        ).encode(),
        2,
        "bad_time",
    ),
    "the year 2262": (
        document(
            span(1), span(2, startTimeUnixNano="9223372036854775807", endTimeUnixNano="99223372036854775807")
        ).encode(),
        2,
        "bad_time",
    ),
    "an end before its start": (
        document(span(1), span(2, endTimeUnixNano=str(START))).encode(),
        2,
        "negative_duration",
    ),
    "no end": (document(span(1), span(2, endTimeUnixNano="0")).encode(), 2, "unfinished"),
    "no times": (
        document(span(1), {key: value for key, value in span(2).items() if "Time" not in key}).encode(),
        2,
        "unknown_start",
    ),
    "a span without an id": (document(span(1), span(2, spanId="")).encode(), 1, "bad_id"),
    "hostile text in every field": (
        document(
            span(
                1,
                name=HOSTILE,
                status={"code": 2, "message": HOSTILE},
                traceState=HOSTILE,
                attributes=[text_attribute(HOSTILE, HOSTILE)],
                events=[
                    {
                        "name": HOSTILE,
                        "timeUnixNano": str(START),
                        "attributes": [text_attribute(HOSTILE, HOSTILE)],
                    }
                ],
            ),
            service=HOSTILE,
        ).encode(),
        1,
        "",
    ),
    "a value of 1 MB": (
        document(span(1, attributes=[text_attribute("big", "x" * 1_000_000)])).encode(),
        1,
        "",
    ),
    "10,000 attributes": (
        document(span(1, attributes=[text_attribute(f"key.{n}", str(n)) for n in range(10_000)])).encode(),
        1,
        "",
    ),
    "10,000 levels": ((GOOD + deep + "\n" + document(span(3)) + "\n").encode(), 3, "bad_record"),
    "bytes that are not UTF-8": (GOOD.encode().replace(b"step 2", b"st\xff\xfep 2"), 2, "not_utf8"),
    "a truncated gzip": (
        gzip.compress((GOOD + "".join(document(span(n)) + "\n" for n in range(3, 3000))).encode())[:-2000],
        2,
        "truncated",
    ),
    "a gzip bomb": (gzip.compress(GOOD.encode()) + gzip.compress(b" " * 3_000_000) * 100, 2, ""),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_good_is_kept_and_the_rest_is_named(tmp_path: Path, name: str) -> None:
    content, spans, code = CASES[name]
    path = tmp_path / "export"
    path.write_bytes(content)
    with Store.open(None) as store:
        report = load([str(path)], store, Progress())[0]
        assert report.spans >= spans, report
        if "gzip" not in name:
            assert report.spans == spans, report
        codes = {warning["code"] for warning in report.warnings}
        assert not code or code in codes, report.warnings
        assert all(warning["message"] for warning in report.warnings)
        look_at_every_page(store)


def look_at_every_page(store: Store) -> None:
    """No page answers 500, and no hostile text is markup."""
    client = create_app(store).test_client()
    traces = client.get("/traces.json").get_json()["traces"]
    assert traces
    urls = [
        "/traces",
        "/graph",
        "/graph.json",
        "/traces/table",
        "/traces/chart.json?chart=scatter",
        "/traces/chart.json",
    ]
    for trace in traces:
        url = f"/trace/{trace['trace_id']}"
        urls += [url, f"{url}.json", f"{url}.json?as=otlp", f"{url}.json?as=jaeger", f"{url}.json?as=zipkin"]
        spans = client.get(f"{url}.json").get_json()["spans"][:5]
        urls += [f"{url}/span/{each['span_id']}" for each in spans if not each["synthetic"]]
    for url in urls:
        response = client.get(url)
        assert response.status_code == 200, (url, response.status_code)
        if response.mimetype == "text/html":
            assert HOSTILE.encode() not in response.data, url


# name -> bytes of a file that holds no traces
NOT_TRACES: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \n\n",
    "plain text": b"just some words\nand more\n",
    "a number": b"42",
    "other JSON": b'{"users": [{"name": "a"}]}',
    "an array of numbers": b"[1, 2, 3]",
    "binary junk": bytes(random.Random(7).randbytes(5000)),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "only a bracket": b"[",
    "deep nesting alone": deep.encode(),
    "a gzip of nothing": gzip.compress(b""),
    "half a gzip head": b"\x1f\x8b\x08",
    "a Parquet head alone": b"PAR1" + bytes(40) + b"PAR1",
}


@pytest.mark.parametrize("name", NOT_TRACES)
def test_a_file_that_is_not_traces_is_named_with_the_reason(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(NOT_TRACES[name])
    with Store.open(None) as store:
        (report,) = load([str(path)], store, Progress())
        assert (report.spans, report.format) == (0, "")
        assert len(report.reason) > 10
        assert create_app(store).test_client().get("/traces").status_code == 200


def test_a_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a-bad.json").write_bytes(b"{")
    (tmp_path / "b-good.json").write_text(GOOD)
    (tmp_path / "c-link.json").symlink_to(tmp_path / "nowhere")
    with Store.open(None) as store:
        reports = load([str(tmp_path)], store, Progress())
        assert [report.spans for report in reports if report.path.endswith("b-good.json")] == [2]
        assert all(report.reason for report in reports)


def test_one_bad_line_in_a_hundred_thousand_costs_one_line(tmp_path: Path) -> None:
    lines = [document(span(n, traceId=f"{n // 50 + 1:032x}")) for n in range(1, 100_001)]
    lines[77_777] = lines[77_777][:50]
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(lines) + "\n")
    with Store.open(None) as store:
        (report,) = load([str(path)], store, Progress())
    assert (report.spans, report.rejected) == (99_999, 1)
    (warning,) = [warning for warning in report.warnings if warning["code"] == "bad_record"]
    kind, number = str(warning["where"]).replace(",", "").split(" ")
    first = sum(len(text) + 1 for text in lines[:77_777])
    assert (kind, int(number)) == ("line", 77_778) or first <= int(number) <= first + 51


def test_a_single_document_of_200_mb_is_read_in_bounded_memory(tmp_path: Path) -> None:
    filler = [text_attribute(f"key.{n}", "v" * 40) for n in range(20)]
    one = json.dumps(span(2, attributes=filler))
    path = tmp_path / "large.json"
    count = 200_000_000 // len(one)
    with path.open("w") as out:
        out.write('{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[')
        for number in range(count):
            out.write(("," if number else "") + one.replace(f'"{2:016x}"', f'"{number + 1:016x}"', 1))
        out.write("]}]}]}")
    script = (
        "import sys, resource, json\n"
        "from webapp.loading import load; from webapp.progress import Progress; from webapp.store import Store\n"
        "with Store.open(None) as store:\n"
        "    report = load([sys.argv[1]], store, Progress())[0]\n"
        "print(json.dumps([report.spans, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=300, check=True
    )
    spans, peak_kb = json.loads(answer.stdout.splitlines()[-1])
    assert spans == count
    assert peak_kb < 1_600_000


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    with Store.open(None) as store:
        (report,) = load([str(tmp_path / "nowhere")], store, Progress())
    assert report.path.endswith("nowhere")
    assert (report.spans, bool(report.reason)) == (0, True)


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["inspect", str(tmp_path)])
    assert answer.exit_code == 1
    assert "no file" in answer.stderr
