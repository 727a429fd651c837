import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.analysis.drawing import columns_of
from tests.store.shop import SECOND, START, make_span, plain_facts
from webapp.errors import TooSlow
from webapp.model.columns import SpanColumns
from webapp.model.spans import Event, Link, Resource, Span
from webapp.store import Store

SUMS = {
    "edge_sums": "slot, caller_id, callee_id, type, bucket, sum(calls) AS n, sum(errors)",
    "edge_totals": "caller_id, callee_id, type, sum(calls) AS n, sum(errors), sum(critical_ns)",
    "(SELECT *, unnest(buckets) AS bucket, unnest(counts) AS count FROM edge_totals)": (
        "caller_id, callee_id, type, bucket, sum(count) AS n"
    ),
    "edge_times": "slot, caller_id, callee_id, type, sum(critical_ns) AS n",
    "node_sums": "slot, node_id, sum(spans) AS n, sum(errors), sum(critical_ns)",
    "duration_sums": "minute, bucket, sum(traces) AS n, sum(failed)",
    "operation_sums": "slot, operation_id, entry, bucket, sum(spans) AS n, sum(failed), sum(weight), sum(critical_ns)",
    "resource_sums": "slot, service_id, resource_id, entry, bucket, sum(spans) AS n, sum(failed), sum(critical_ns)",
    "facet_sums": "slot, facet, service, name, sum(traces) AS n, sum(failed)",
}


def ask(store: Store, query: str) -> list[tuple[Any, ...]]:
    with store.reading() as cursor:
        return cursor.execute(query).fetchall()


def sums_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: ask(store, f"SELECT {columns} FROM {table} GROUP BY ALL HAVING n <> 0 ORDER BY ALL")
        for table, columns in SUMS.items()
    }


def analyse(store: Store) -> list[SpanColumns]:
    found = []
    for columns in store.pending():
        store.append_facts(columns, plain_facts(columns))
        found.append(columns)
    return found


def trace(number: int, spans: int = 3, **fields: Any) -> list[Span]:
    start_ns = START + number * 400 * SECOND
    return [
        make_span(each + 1, number, parent=each, start_ns=start_ns + each, end_ns=start_ns + SECOND, **fields)
        for each in range(spans)
    ]


def test_columns_are_what_analysis_would_make_of_the_spans() -> None:
    failed = {
        "status": 2,
        "events": [Event("exception", 1, {"exception.message": "card declined"})],
        "attributes": {"code.filepath": "pay.py", "code.lineno": 12},
    }
    spans = [
        make_span(1, name="a", resource=Resource({"host.name": "one"})),
        make_span(2, parent=1, kind=3, attributes={"db.system": "postgresql", "db.name": "shop"}),
        make_span(2, parent=1, kind=2, service="stock", shared=True, resource=Resource({"host.name": "two"})),
        make_span(3, parent=1, name="b", follows_from=True, links=[Link(f"{1:032x}", f"{2:016x}")]),
        make_span(4, name="b", end_ns=0, links=[Link(f"{9:032x}", f"{2:016x}")]),
        make_span(5, **failed),
        make_span(5, **failed),
    ]
    with Store.open(None) as store:
        store.append(spans, 1)
        stored = store.columns(spans[0].trace_id)
        (pending,) = store.pending()
    assert stored
    for found in (stored, pending):
        expected = columns_of(spans)
        for name in (
            "trace",
            "span_id",
            "parent_id",
            "start_ns",
            "end_ns",
            "kind",
            "status",
            "follows_from",
            "shared",
        ):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)
        for ids, words in (("service", "services"), ("name", "names"), ("host", "hosts"), ("peer", "peers")):
            assert spelled(found, ids, words) == spelled(expected, ids, words)
        np.testing.assert_array_equal(found.link_owner, expected.link_owner)
        np.testing.assert_array_equal(found.link_span, expected.link_span)
        assert found.error_texts == expected.error_texts
        assert found.content[[0, 3, 4]].tolist() == [0, 0, 0]
        assert found.content[1] != found.content[2]
        assert found.content[5] == found.content[6] != 0


def spelled(columns: SpanColumns, ids: str, words: str) -> list[Any]:
    return [getattr(columns, words)[each] if each >= 0 else None for each in getattr(columns, ids)]


@pytest.mark.parametrize(
    "change",
    [{"name": "x"}, {"attributes": {"a": 1, "b": 2.0}}, {"attributes": {"a": 1.0}}, {"flags": 1}, {"weight": 2.0},
     {"resource": Resource({"pid": 1})}, {"events": [Event("e", 1)]}, {"written_span_id": "1"}, {"end_ns": 5}],
)  # fmt: skip
def test_content_tells_apart_spans_that_differ_in_one_field(change: dict[str, Any]) -> None:
    base: dict[str, Any] = {"attributes": {"a": 1, "b": 2}}
    with Store.open(None) as store:
        swapped = {"b": 2, "a": 1}
        store.append(
            [make_span(1, **base), make_span(1, attributes=swapped), make_span(1, **base | change)], 1
        )
        columns = store.columns(f"{1:032x}")
    assert columns
    assert len(set(columns.content.tolist())) == 2


def test_pending_hands_out_whole_traces_within_the_limit_and_large_ones_alone() -> None:
    with Store.open(None) as store:
        for number in range(1, 30):
            store.append(trace(number)[:2], 1)
        store.append(trace(40, 50), 1)
        for number in range(1, 30):
            store.append(trace(number)[2:], 1)
        chunks = list(store.pending(max_spans=10))
        assert [len(columns.trace_ids) for columns in chunks] == [3] * 9 + [2, 1]
        for columns in chunks:
            assert np.all(np.diff(columns.trace) >= 0)
            for number, trace_id in enumerate(columns.trace_ids):
                assert np.count_nonzero(columns.trace == number) == len(store.spans(trace_id))


def test_a_trace_is_pending_until_it_has_facts_and_again_when_spans_arrive() -> None:
    with Store.open(None) as store:
        store.append(trace(1) + trace(2), 1)
        assert [len(columns.trace_ids) for columns in analyse(store)] == [2]
        assert analyse(store) == []
        version = store.version(f"{2:032x}")
        store.append([make_span(9, 2, start_ns=START)], 1)
        assert store.version(f"{2:032x}") > version
        (again,) = analyse(store)
        assert again.trace_ids == [f"{2:032x}"]
        assert len(again) == 4
        summary = store.summary_of(f"{2:032x}")
        assert summary
        assert summary.spans == 4


def test_a_summary_comes_back_as_it_went_in() -> None:
    with Store.open(None) as store:
        store.append(trace(1, status=2), 1)
        (columns,) = store.pending()
        facts = plain_facts(columns)
        store.append_facts(columns, facts)
        assert store.summary_of(f"{1:032x}") == facts.traces[0]
        assert store.summary_of(f"{7:032x}") is None
        assert store.columns(f"{7:032x}") is None
        assert store.version(f"{7:032x}") == -1


def test_sums_after_traces_came_in_pieces_are_those_of_traces_that_came_whole() -> None:
    pieces = [trace(number, service=f"s{number % 3}", status=number % 2 * 2) for number in range(1, 9)]
    with Store.open(None) as whole, Store.open(None) as parts:
        whole.append([span for spans in pieces for span in spans], 1)
        analyse(whole)
        for end in (1, 2, 3):
            parts.append([spans[end - 1] for spans in pieces], 1)
            for columns in analyse(parts):
                again = replace(columns, analysed_before=True)
                parts.append_facts(again, plain_facts(again))  # once more changes nothing
        assert sums_of(parts) == sums_of(whole)
        assert all(sums_of(whole).values())
        for table in ("trace_edges", "trace_nodes"):
            query = f"SELECT * FROM {table} ORDER BY ALL"
            assert ask(parts, query) == ask(whole, query)
        for table in ("span_facts", "trace_warnings", "traces"):
            query = f"SELECT count(*) FROM {table}"
            assert ask(parts, query) == ask(whole, query)


def test_dropped_duplicates_are_deleted_and_charged_to_their_source() -> None:
    with Store.open(None) as store:
        first, second = (store.start_source(name, "otlp_json", "spans") for name in ("a", "b"))
        store.append(trace(1), first)
        store.append(trace(1), second)
        (columns,) = store.pending()
        copies = tuple(columns.row[3:].tolist())
        store.append_facts(columns, plain_facts(columns, copies))
        assert list(store.pending()) == []
        store.settle()
        reports = {report.path: report for report in store.sources()}
        assert len(store.spans(f"{1:032x}")) == 3
        assert ask(store, "SELECT count(*) FROM span_facts") == [(3,)]
    assert (reports["a"].spans, reports["a"].duplicates, reports["a"].traces) == (3, 0, 1)
    assert (reports["b"].spans, reports["b"].duplicates, reports["b"].traces) == (0, 3, 0)


def test_a_peer_has_the_time_of_calls_that_nobody_answers() -> None:
    call = {"kind": 3, "attributes": {"db.system": "redis"}}
    spans = [
        make_span(1),
        make_span(2, parent=1, **call),
        make_span(3, parent=1, **call),
        make_span(4, parent=3),
    ]
    with Store.open(None) as store:
        store.append(spans, 1)
        analyse(store)
        found = ask(
            store,
            "SELECT sum(spans), sum(critical_ns) FROM node_sums JOIN nodes USING (node_id) WHERE kind = 'db'",
        )
    assert found == [(1, SECOND)]


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    file = tmp_path / "spans.duckdb"
    with Store.open(file) as store:
        source = store.start_source("a.json", "otlp_json", "spans")
        store.append(trace(1, attributes={"k": "v"}), source)
    with Store.open(file) as store:
        analyse(store)
        store.append(trace(2, attributes={"k": "w", "new": 1}), source)
        store.settle()
        slots = store.service_slots()
    with Store.open(file) as store:
        assert store.spans(f"{1:032x}") == trace(1, attributes={"k": "v"})
        assert store.spans(f"{2:032x}") == trace(2, attributes={"k": "w", "new": 1})
        assert [columns.trace_ids for columns in store.pending()] == [[f"{2:032x}"]]
        assert store.span_total() == 6
        assert store.service_slots() == slots
        assert ask(store, "SELECT key, count FROM key_catalog ORDER BY key") == [("k", 6), ("new", 3)]


def test_a_failed_append_leaves_nothing_behind() -> None:
    with Store.open(None) as store:
        bad = make_span(2, service="new", attributes={"fresh": 1})
        with pytest.raises(ValueError, match="fromhex"):
            store.append(
                [bad, Span(trace_id="not hex", span_id="", name="", service="", start_ns=0, end_ns=0)], 1
            )
        assert store.span_total() == 0
        store.append([make_span(1), bad], 1)
        assert store.spans(f"{1:032x}") == [make_span(1), bad]
        assert ask(store, "SELECT service FROM services ORDER BY service_id") == [("orders",), ("new",)]


def test_a_read_that_takes_too_long_is_stopped_and_the_next_one_works() -> None:
    with Store.open(None) as store:
        endless = "SELECT count(*) FROM range(100000000) a, range(1000000) b WHERE hash(a.range, b.range) = 1"
        with pytest.raises(TooSlow), store.reading(seconds=0.05) as cursor:
            cursor.execute(endless)
        assert ask(store, "SELECT 1") == [(1,)]


def test_a_store_that_closes_ends_the_reads_under_way() -> None:
    store = Store.open(None)
    ended: list[type[Exception]] = []
    begun = threading.Event()

    def read() -> None:
        try:
            with store.reading() as cursor:
                begun.set()
                cursor.execute(
                    "SELECT count(*) FROM range(100000000) a, range(1000000) b WHERE a.range % 7 = 3"
                )
        except TooSlow as slow:
            ended.append(type(slow))

    reader = threading.Thread(target=read)
    reader.start()
    begun.wait()
    store.close()
    reader.join(5)
    assert ended == [TooSlow]
