"""What becomes of log lines when files are loaded: inferred spans, lines beside recorded ones, giving way, counts."""

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from webapp.loading import load
from webapp.model.results import SourceReport
from webapp.model.spans import Span, Status
from webapp.progress import Progress
from webapp.store import Store

DATA = Path(__file__).parent / "data" / "logs"
TRACE = "90350505ac8c4923b3df8df09c124da8"
LINES, SPANS = DATA / "slog.jsonl", DATA / "slog_spans.otlp.json"


def loaded(store: Store, *paths: Path) -> list[SourceReport]:
    return load([str(path) for path in paths], store, Progress())


def codes(report: SourceReport) -> dict[str, int]:
    found: dict[str, int] = {}
    for warning in report.warnings:
        code = str(warning["code"])
        found[code] = found.get(code, 0) + int(str(warning["count"]))
    return found


def tree(spans: list[Span]) -> dict[str, str]:
    """Service of each span → service of its parent."""
    by_id = {span.span_id: span.service for span in spans}
    return {span.service: by_id.get(span.parent_span_id, "") for span in spans}


WATERFALL = {"gateway": "", "orders": "gateway", "payments": "orders"}


@pytest.mark.parametrize("name", ["slog.jsonl", "slog_text.log"])
def test_services_that_log_one_id_become_a_waterfall(name: str) -> None:
    with Store.open(None) as store:
        [report] = loaded(store, DATA / name)
        [trace_id] = store.find("abc-123")
        spans = store.spans(trace_id)
    assert (report.format, report.traces, report.spans, report.rejected) == ("logs", 3, 9, 0)
    assert codes(report)["inferred_from_logs"] == 9
    assert tree(spans) == WATERFALL
    assert {span.name for span in spans} == {"GET /checkout", "POST /orders", "POST /charge"}
    assert {span.written_trace_id for span in spans} == {"abc-123"}
    took = {span.service: (span.end_ns - span.start_ns) / 1e6 for span in spans}
    assert 50 <= took["payments"] < took["orders"] < took["gateway"] < 200
    assert [event.name for event in spans[0].events] == ["request started", "request finished"]
    assert {span.attributes["tailrace.inferred_from"] for span in spans} == {"logs"}


def test_a_service_that_logs_an_error_has_failed() -> None:
    with Store.open(None) as store:
        loaded(store, LINES)
        spans = {span.service: span for span in store.spans(TRACE)}
    assert spans["payments"].status == Status.ERROR
    assert spans["payments"].status_message == "request failed: card declined"


@pytest.mark.parametrize("name", ["logrus.jsonl", "logrus_text.log"])
def test_ids_of_requests_do_where_there_are_no_others(name: str) -> None:
    with Store.open(None) as store:
        [report] = loaded(store, DATA / name)
        rows = [store.spans(row) for row in ids_in(store)]
    assert (report.traces, report.spans) == (2, 6)
    assert all(tree(spans) == {"web": "", "catalog": "web", "stock": "catalog"} for spans in rows)


def ids_in(store: Store) -> list[str]:
    with store.reading() as cursor:
        found = cursor.execute("SELECT replace(trace_id::VARCHAR, '-', '') FROM traces").fetchall()
    return [trace_id for (trace_id,) in found]


def test_a_file_for_each_service_names_it_and_all_make_one_waterfall() -> None:
    with Store.open(None) as store:
        reports = loaded(store, DATA / "slog_files")
        [trace_id] = store.find("abc-123")
        assert tree(store.spans(trace_id)) == WATERFALL
    assert [report.spans for report in reports] == [3, 3, 3]
    assert [codes(report)["service_from_file"] for report in reports] == [7, 10, 10]


@pytest.mark.parametrize("paths", list(permutations((LINES, SPANS))), ids=["lines first", "spans first"])
def test_lines_of_a_trace_with_spans_stand_beside_them_in_any_order(paths: tuple[Path, Path]) -> None:
    with Store.open(None) as store:
        reports = {Path(report.path).name: report for report in loaded(store, *paths)}
        spans = store.spans(TRACE)
        lines, total = store.lines.of(TRACE, 100)
    assert len(spans) == 5
    assert not any(span.events for span in spans)
    assert (len(lines), total) == (11, 11)
    assert (reports["slog.jsonl"].traces, reports["slog.jsonl"].spans) == (2, 6)
    assert codes(reports["slog.jsonl"])["log_lines_beside"] == 11
    assert codes(reports["slog_spans.otlp.json"]) == {}


def test_inferred_spans_give_way_when_recorded_ones_come_later() -> None:
    with Store.open(None) as store:
        [first] = loaded(store, LINES)
        before = store.version(TRACE)
        [second] = loaded(store, SPANS)
        spans = store.spans(TRACE)
        summary = store.summary_of(TRACE)
        [again, _] = store.sources()
        assert store.version(TRACE) > before
        total = store.span_total()
    assert (first.spans, second.spans, again.spans, again.traces) == (9, 5, 6, 2)
    assert {span.span_id[0] for span in spans} == {"a", "b", "c"}
    assert summary is not None
    assert summary.spans == 5
    assert total == 11


def test_more_lines_of_a_trace_take_the_place_of_what_was_inferred_before() -> None:
    with Store.open(None) as store:
        loaded(store, DATA / "slog_files" / "gateway.log")
        [trace_id] = store.find("abc-123")
        assert len(store.spans(trace_id)) == 1
        loaded(store, DATA / "slog_files" / "orders.log", DATA / "slog_files" / "payments.log")
        assert tree(store.spans(trace_id)) == WATERFALL
        assert store.span_total() == 9


def test_spans_that_a_log_records_keep_its_other_lines_beside_them() -> None:
    with Store.open(None) as store:
        [report] = loaded(store, DATA / "zap_production.jsonl")
        spans = [span for trace_id in ids_in(store) for span in store.spans(trace_id)]
        beside = [line for trace_id in ids_in(store) for line in store.lines.of(trace_id, 10)[0]]
    assert (report.traces, report.spans, len(spans)) == (3, 21, 21)
    assert [line.message for line in beside] == ["row written"] * 3
    assert "inferred_from_logs" not in codes(report)


def written(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_lines_that_know_half_an_id_go_to_the_trace_of_the_whole(tmp_path: Path) -> None:
    half = {"time": "2026-11-21T17:25:10.8Z", "level": "info", "msg": "asked", "service": "bank"}
    log = written(tmp_path / "a.log", half | {"dd.trace_id": str(int(TRACE[16:], 16))})
    with Store.open(None) as store:
        report, _ = loaded(store, log, SPANS)
        lines, total = store.lines.of(TRACE, 10)
    assert (report.spans, total) == (0, 1)
    assert lines[0].message == "asked"


def test_a_line_for_each_of_many_traces_is_inferred_in_pieces(tmp_path: Path) -> None:
    lines = [
        {
            "time": 1_767_323_045 + n / 10,
            "level": "info",
            "msg": "a",
            "service": "s",
            "trace_id": f"t-{n % 300}",
        }
        for n in range(900)
    ]
    with Store.open(None) as store:
        [report] = loaded(store, written(tmp_path / "a.log", *lines))
        assert (report.traces, report.spans, store.span_total()) == (300, 300, 300)
        assert sum(len(traces) for traces in store.lines.unexplained(most_lines=7)) == 0


def test_a_log_that_is_loaded_again_under_another_name_adds_nothing(tmp_path: Path) -> None:
    (tmp_path / "again.log").write_bytes(LINES.read_bytes())
    with Store.open(None) as store:
        first, again = loaded(store, LINES, tmp_path / "again.log")
        events = [len(span.events) for span in store.spans(TRACE)]
    assert (first.spans, again.spans) == (9, 0)
    assert sorted(events) == [3, 4, 4]


def test_a_log_without_trace_ids_is_refused(tmp_path: Path) -> None:
    with Store.open(None) as store:
        [report] = loaded(store, written(tmp_path / "a.log", {"time": 1, "level": "info", "msg": "up"}))
    assert (report.format, report.spans) == ("", 0)
    assert "log lines without a trace id" in report.reason


def lines(path: Path, *told: tuple[int, str, str]) -> Path:
    """Of second, service and trace id."""
    rows = [
        {
            "time": f"2026-01-02T03:04:{at:02}Z",
            "level": "info",
            "msg": "x",
            "service": service,
            "trace_id": trace_id,
        }
        for at, service, trace_id in told
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_each_file_counts_the_spans_that_were_inferred_from_its_own_lines(tmp_path: Path) -> None:
    paths = [
        lines(tmp_path / "a.log", (1, "gateway", "t-1"), (9, "gateway", "t-1"), (11, "gateway", "t-2")),
        lines(tmp_path / "b.log", (2, "orders", "t-1"), (12, "orders", "t-2"), (13, "orders", "t-3")),
        lines(tmp_path / "c.log", (3, "orders", "t-1"), (4, "mail", "t-1")),
        lines(tmp_path / "d.log", (2, "orders", "t-1")),  # the same line again
    ]
    with Store.open(None) as store:
        reports = loaded(store, *paths)
        assert [report.spans for report in reports] == [2, 3, 1, 0]
        assert [codes(report).get("inferred_from_logs", 0) for report in reports] == [2, 3, 1, 0]
        assert [report.traces for report in reports] == [2, 3, 1, 0]
        assert sum(report.spans for report in reports) == store.span_total() == 6
        assert "log_lines_beside" not in {code for report in reports for code in codes(report)}


@pytest.mark.parametrize("short_first", [True, False])
def test_half_of_an_id_joins_the_whole_of_it_though_no_span_was_recorded(
    tmp_path: Path, short_first: bool
) -> None:
    whole = "0af7651916cd43dd8448eb211c80319c"
    paths = [
        lines(tmp_path / "whole.log", (1, "gateway", whole), (9, "gateway", whole)),
        lines(tmp_path / "half.log", (2, "orders", whole[16:]), (3, "orders", whole[16:])),
    ]
    with Store.open(None) as store:
        loaded(store, *(paths[::-1] if short_first else paths))
        assert sorted(span.service for span in store.spans(whole)) == ["gateway", "orders"]
        assert not store.spans("0" * 16 + whole[16:])
