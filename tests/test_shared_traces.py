"""Every file of the shared collection of real traces: all its spans, or a reason; each page; and the way out and back."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from msgspec import structs

from webapp import formats
from webapp.app import create_app
from webapp.cli import main
from webapp.loading import load
from webapp.model.carried import carried_weights
from webapp.model.results import SourceReport
from webapp.model.spans import Span
from webapp.progress import Progress
from webapp.store import Store

FOLDER = Path(__file__).parents[2] / "shared" / "traces"
if not (FOLDER / "INDEX.tsv").is_file():
    pytest.skip(f"the collection of real trace files is not here: {FOLDER}", allow_module_level=True)

READ_AS = {
    "chrome_trace": "chrome",
    "datadog_json": "datadog",
    "elastic_apm_ndjson": "elastic",
    "go_stdouttrace": "console",
    "jaeger_cassandra": "jaeger",
    "jaeger_es_docs": "jaeger",
    "jaeger_json": "jaeger",
    "jaeger_proto_json": "jaeger",
    "log_lines": "logs",
    "otlp_json": "otlp",
    "otlp_jsonl": "otlp",
    "otlp_jsonl_snake": "otlp",
    "otlp_pb": "otlp",
    "otlp_parquet": "parquet",
    "python_console": "console",
    "spans_csv": "csv",
    "tempo_json": "otlp",
    "xray_json": "xray",
    "zipkin_v1_json": "zipkin",
    "zipkin_v2_json": "zipkin",
}
# what the refusal of a file says it is
NAMED_AS = {}
NAMED_BY_FILE = {
    "tracestats.json": "Datadog statistics",
    "logs_span_trace_id.json": "OTLP logs",
    "DependencyGraph_large.json": "a Jaeger dependency graph",
    "examples_logs.json": "OTLP logs",
    "examples_metrics.json": "OTLP metrics",
    "otlp_metrics.pb": "OTLP metrics",
    "logs.parquet": "A table without columns for span name",
    "logs.pb": "OTLP logs",
    "otel-logs.json": "OTLP logs",
    "empty.jsonl": "The file is empty",
}
TRACES_OPENED = 3
SPAN_FIELDS = (
    "span_id parent_span_id service name kind status start_ns end_ns offset_ns synthetic self_ns critical_ns "
    "slack_ns depth status_message attributes resource events links warnings"
)
TRACE_FIELDS = (
    "trace_id start_ns duration_ns response_ns root_span_id spans critical_path completion_path verdict error "
    "warnings findings edges"
)
ROW_FIELDS = "trace_id root start_ns duration_ns spans services errors verdict"
VERDICT_FIELDS = "level service name critical_ns share sentence"


@dataclass(frozen=True)
class Row:
    """One line of the answer key."""

    path: Path
    format: str
    traces: int
    spans: int


def rows() -> list[Row]:
    with (FOLDER / "INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines, delimiter="\t")
        return [
            Row(FOLDER / row["path"], row["format"], int(row["traces"]), int(row["spans"])) for row in table
        ]


READABLE = [row for row in rows() if row.format in READ_AS and row.path.stat().st_size]
REFUSED = [row for row in rows() if row not in READABLE]


@dataclass(frozen=True)
class Loaded:
    row: Row
    report: SourceReport
    store: Store
    client: FlaskClient

    def get(self, url: str) -> Any:
        response = self.client.get(url)
        assert response.status_code == 200, (url, response.text[:500])
        return response

    @cached_property
    def largest(self) -> list[str]:
        """The ids of its traces with most spans."""
        answer = self.get(f"/traces.json?sort=spans&limit={TRACES_OPENED}").get_json()
        assert answer["total"] == self.report.traces
        return [row["trace_id"] for row in answer["traces"]]

    @cached_property
    def recorded(self) -> dict[str, list[Span]]:
        return {trace_id: self.store.spans(trace_id) for trace_id in self.largest}


@pytest.fixture(scope="module", params=READABLE, ids=lambda row: row.path.name)
def loaded(request: pytest.FixtureRequest) -> Iterator[Loaded]:
    """A file, alone in a store, as `tailrace inspect` loads it."""
    with Store.open(None) as store:
        [report] = load([str(request.param.path)], store, Progress())
        yield Loaded(request.param, report, store, create_app(store).test_client())


@pytest.fixture(scope="module")
def refused() -> dict[str, SourceReport]:
    with Store.open(None) as store:
        reports = load([str(row.path) for row in REFUSED], store, Progress())
    return {report.path: report for report in reports}


def has(answer: dict[str, Any], fields: str) -> bool:
    return set(fields.split()) <= set(answer)


def test_each_span_is_there_or_counted_with_a_warning(loaded: Loaded) -> None:
    row, report = loaded.row, loaded.report
    assert report.format == READ_AS[row.format]
    assert report.reason
    assert report.traces == (row.traces if row.spans else 0)  # a profile of samples alone is no trace
    codes = Counter({"": 0})
    for warning in report.warnings:
        codes[str(warning["code"])] += int(str(warning["count"]))
    assert report.spans - codes["both_halves"] + report.rejected + report.duplicates == row.spans
    assert codes["duplicate_dropped"] == report.duplicates
    assert codes["bad_record"] + codes["bad_id"] == report.rejected
    assert all(warning["message"] for warning in report.warnings)


def test_its_traces_open_on_every_page(loaded: Loaded) -> None:
    for url in ("/traces", "/graph"):
        loaded.get(url)
    for trace_id in loaded.largest:
        loaded.get(f"/trace/{trace_id}")
        last = loaded.get(f"/trace/{trace_id}.json").get_json()["spans"][-1]
        loaded.get(f"/trace/{trace_id}/span/{last['span_id']}")


def test_its_json_has_the_fixed_names_and_adds_up(loaded: Loaded) -> None:
    found = {row["trace_id"]: row for row in loaded.get("/traces.json?limit=1500").get_json()["traces"]}
    for trace_id in loaded.largest:
        row, trace = found[trace_id], loaded.get(f"/trace/{trace_id}.json").get_json()
        assert has(row, ROW_FIELDS)
        assert has(trace, TRACE_FIELDS)
        assert all(set(span) == set(SPAN_FIELDS.split()) for span in trace["spans"])
        assert sum(not span["synthetic"] for span in trace["spans"]) == row["spans"]
        assert (trace["start_ns"], trace["duration_ns"]) == (row["start_ns"], row["duration_ns"])
        check_path(trace)
        root = next(span for span in trace["spans"] if span["span_id"] == trace["root_span_id"])
        if not set(root["warnings"]) - {"multiple_roots"}:
            assert trace["response_ns"] == root["end_ns"] - root["start_ns"]
        assert has(trace["verdict"], VERDICT_FIELDS)
        assert row["verdict"]["sentence"] == trace["verdict"]["sentence"]
        assert sum(service["critical_ns"] for service in row["services"]) <= trace["response_ns"]


def check_path(trace: dict[str, Any]) -> None:
    path, response_ns, verdict = trace["critical_path"], trace["response_ns"], trace["verdict"]
    assert sum(part["end_ns"] - part["start_ns"] for part in path) == response_ns
    assert all(before["end_ns"] == after["start_ns"] for before, after in pairwise(path))
    assert {part["span_id"] for part in path} <= {span["span_id"] for span in trace["spans"]}
    assert sum(span["critical_ns"] for span in trace["spans"]) == response_ns
    assert 0 <= verdict["critical_ns"] <= response_ns
    assert verdict["share"] == pytest.approx(verdict["critical_ns"] / response_ns if response_ns else 0)


def test_its_traces_come_back_from_otlp_as_they_were_recorded(loaded: Loaded) -> None:
    for trace_id, recorded in loaded.recorded.items():
        assert as_recorded(weighed(exported(loaded, trace_id, "otlp"))) == as_recorded(recorded)


@pytest.mark.parametrize("format_name", ["jaeger", "zipkin", "chrome"])
def test_its_traces_come_back_from_older_formats_to_the_microsecond(loaded: Loaded, format_name: str) -> None:
    for trace_id, recorded in loaded.recorded.items():
        assert outline(exported(loaded, trace_id, format_name)) == outline(recorded)


def test_its_traces_can_be_written_for_chrome(loaded: Loaded) -> None:
    for trace_id, recorded in loaded.recorded.items():
        events = loaded.get(f"/trace/{trace_id}.json?as=chrome").get_json()["traceEvents"]
        assert len([event for event in events if event["ph"] == "b"]) == len(recorded)


def exported(loaded: Loaded, trace_id: str, format_name: str) -> list[Span]:
    body = loaded.get(f"/trace/{trace_id}.json?as={format_name}").data
    reading = formats.read(io.BytesIO(body), "export")
    assert reading.format == format_name
    spans = [span for batch in reading for span in batch]
    assert not reading.notes.warnings
    return spans


def weighed(spans: list[Span]) -> list[Span]:
    """As the store counts them, by what samplers wrote into them."""
    weights = carried_weights(spans)
    return (
        [structs.replace(span, weight=weight) for span, weight in zip(spans, weights, strict=True)]
        if weights
        else spans
    )


def as_recorded(spans: list[Span]) -> list[str]:
    """Without the spelling of ids, which an export makes one."""
    return sorted(
        repr({name: getattr(span, name) for name in span.__struct_fields__ if not name.startswith("written")})
        for span in spans
    )


def outline(spans: list[Span]) -> Counter[tuple[object, ...]]:
    """Ids, names, parents and times in µs. Neither format can say that a span has no end, nor Zipkin that time is 0."""
    return Counter(
        (
            *(span.trace_id, span.span_id, span.parent_span_id, span.service, span.name),
            span.start_ns // 1_000,
            max(span.start_ns, span.end_ns) // 1_000 if span.start_ns >= 1_000 else 0,
        )
        for span in spans
    )


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.path.name)
def test_what_is_not_read_is_named(row: Row, refused: dict[str, SourceReport]) -> None:
    report = refused[str(row.path)]
    assert (report.format, report.traces, report.spans) == ("", 0, 0)
    by_file = [name for ending, name in NAMED_BY_FILE.items() if row.path.name.endswith(ending)]
    assert (by_file or [NAMED_AS[row.format]])[0] in report.reason


@pytest.mark.parametrize(
    ("rows_given", "code"),
    [(READABLE[:2], 0), ([READABLE[0], REFUSED[0]], 1), (REFUSED[:2], 1)],
    ids=["all are traces", "one is not", "none is"],
)
def test_inspect_ends_with_0_only_if_every_file_gave_spans(rows_given: list[Row], code: int) -> None:
    result = CliRunner().invoke(main, ["inspect", *(str(row.path) for row in rows_given), "--json"])
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == code
    assert [report["path"] for report in reports] == [str(row.path) for row in rows_given]
    assert [bool(report["spans"]) for report in reports] == [row in READABLE for row in rows_given]
