"""TraceSummary ↔ rows of the traces table: the whole of it packed in one column, and what queries ask for in others."""

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from webapp.model.columns import F64, I64
from webapp.model.facts import TraceSummary
from webapp.store.writing.arrow import Column, insert, strings, uuids

_PLAIN: dict[str, pa.DataType] = {
    "start_ns": pa.int64(),
    "duration_ns": pa.int64(),
    "response_ns": pa.int64(),
    "spans": pa.uint32(),
    "errors": pa.uint32(),
    "failed": pa.bool_(),
    "warnings": pa.uint32(),
    "incomplete": pa.bool_(),
    "depth": pa.uint32(),
}
_TEXTS = ("root_span_id", "root_service", "root_name", "failure_sentence")
_VERDICT_TEXTS = ("service", "name", "sentence")
_SHARE = pa.struct(
    [("service", pa.string()), ("spans", pa.uint32()), ("errors", pa.uint32()), ("critical_ns", pa.int64())]
)
to_summary = msgspec.msgpack.Decoder(TraceSummary).decode  # of traces.summary


def insert_summaries(
    writer: duckdb.DuckDBPyConnection,
    summaries: list[TraceSummary],
    first_row: I64,
    last_row: I64,
    weight: F64 | None = None,
    *,
    replace: bool = False,
) -> pa.Table:
    """Insert or `replace`, in order of time; the rows."""
    order = sorted(range(len(summaries)), key=lambda number: summaries[number].start_ns)
    summaries = [summaries[number] for number in order]
    columns: dict[str, Column] = {
        "trace_id": uuids([summary.trace_id for summary in summaries]),
        "services": pa.array([_shares(summary) for summary in summaries], pa.list_(_SHARE)),
        "summary": pa.array(map(msgspec.msgpack.encode, summaries), pa.binary()),
        "first_row": pa.array(first_row[order]),
        "last_row": pa.array(last_row[order]),
        "weight": pa.array(np.ones(len(order)) if weight is None else weight[order]),
    }
    for name, kind in _PLAIN.items():
        columns[name] = pa.array([getattr(summary, name) for summary in summaries], kind)
    for name in _TEXTS:
        columns[name] = strings([getattr(summary, name) for summary in summaries])
    for name in _VERDICT_TEXTS:
        columns[f"verdict_{name}"] = strings([getattr(summary.verdict, name) for summary in summaries])
    return insert(writer, "traces", columns, replace=replace)


def _shares(summary: TraceSummary) -> list[tuple[str, int, int, int]]:
    return [(share.service, share.spans, share.errors, share.critical_ns) for share in summary.services]
