"""TraceSummary ↔ rows of the traces table."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from webapp.model.columns import I64
from webapp.model.facts import ServiceShare, TraceSummary, Verdict
from webapp.store.arrow import Column, insert, strings, uuids

# What `to_summary` reads, in this order.
SUMMARY_COLUMNS = """
  replace(trace_id::VARCHAR, '-', ''), start_ns, duration_ns, response_ns, root_span_id,
  root_service, root_name, spans, errors, failed, services,
  verdict_level, verdict_service, verdict_name, verdict_critical_ns, verdict_share, verdict_sentence,
  verdict_qualifiers, verdict_confidence, verdict_calls, failure_sentence, warnings, incomplete
"""
_PLAIN: dict[str, pa.DataType] = {
    "start_ns": pa.int64(),
    "duration_ns": pa.int64(),
    "response_ns": pa.int64(),
    "spans": pa.uint32(),
    "errors": pa.uint32(),
    "failed": pa.bool_(),
    "warnings": pa.uint32(),
    "incomplete": pa.bool_(),
}
_TEXTS = ("root_span_id", "root_service", "root_name", "failure_sentence")
_VERDICT_TEXTS = ("level", "service", "name", "sentence", "confidence")
_SHARE = pa.struct(
    [("service", pa.string()), ("spans", pa.uint32()), ("errors", pa.uint32()), ("critical_ns", pa.int64())]
)


def to_summary(row: Sequence[Any]) -> TraceSummary:
    verdict = row[11:20]
    return TraceSummary(
        trace_id=row[0],
        start_ns=row[1],
        duration_ns=row[2],
        response_ns=row[3],
        root_span_id=row[4],
        root_service=row[5],
        root_name=row[6],
        spans=row[7],
        errors=row[8],
        failed=row[9],
        services=[ServiceShare(**share) for share in row[10]],
        verdict=Verdict(*verdict),
        failure_sentence=row[20],
        warnings=row[21],
        incomplete=row[22],
    )


_share = partial(tuple.__new__, ServiceShare)  # a page of 1,500 traces holds ten thousand of them


def to_summaries(found: pa.Table) -> list[TraceSummary]:
    """The same of many rows, column by column: no dict for each service of each trace on the way."""
    shares = found["services"].combine_chunks()
    fields = (field.to_pylist() for field in pc.list_flatten(shares).flatten())
    made = map(_share, zip(*fields, strict=True))
    services = [list(islice(made, length)) for length in pc.list_value_length(shares).to_pylist()]
    plain = [column.to_pylist() for column in found.drop_columns("services").columns]
    verdicts = map(Verdict, *plain[10:19])
    return list(map(TraceSummary, *plain[:10], services, verdicts, *plain[19:]))


def insert_summaries(
    writer: duckdb.DuckDBPyConnection, summaries: list[TraceSummary], first_row: I64, last_row: I64
) -> None:
    """Insert or replace, in order of time."""
    order = sorted(range(len(summaries)), key=lambda number: summaries[number].start_ns)
    summaries = [summaries[number] for number in order]
    verdicts = [summary.verdict for summary in summaries]
    columns: dict[str, Column] = {
        "trace_id": uuids([summary.trace_id for summary in summaries]),
        "services": pa.array([_shares(summary) for summary in summaries], pa.list_(_SHARE)),
        "verdict_critical_ns": pa.array([verdict.critical_ns for verdict in verdicts], pa.int64()),
        "verdict_share": pa.array([verdict.share for verdict in verdicts], pa.float64()),
        "verdict_qualifiers": pa.array([verdict.qualifiers for verdict in verdicts], pa.list_(pa.string())),
        "verdict_calls": pa.array([verdict.calls for verdict in verdicts], pa.uint32()),
        "first_row": pa.array(first_row[order]),
        "last_row": pa.array(last_row[order]),
    }
    for name, kind in _PLAIN.items():
        columns[name] = pa.array([getattr(summary, name) for summary in summaries], kind)
    for name in _TEXTS:
        columns[name] = strings([getattr(summary, name) for summary in summaries])
    for name in _VERDICT_TEXTS:
        columns[f"verdict_{name}"] = strings([getattr(verdict, name) for verdict in verdicts])
    insert(writer, "traces", columns, replace=True)


def _shares(summary: TraceSummary) -> list[tuple[str, int, int, int]]:
    return [(share.service, share.spans, share.errors, share.critical_ns) for share in summary.services]
