"""Spans of a small shop, and facts about them that need no analysis."""

from typing import Any

import numpy as np

from webapp.model.columns import SpanColumns
from webapp.model.facts import BatchFacts, EdgeCalls, ServiceShare, SpanFacts, TraceSummary, Verdict
from webapp.model.spans import Span
from webapp.model.warnings import Warning
from webapp.store import Encoded, Encoder

SECOND = 1_000_000_000
START = 1_760_000_000 * SECOND


def make_span(number: int, trace: int = 1, parent: int = 0, **fields: Any) -> Span:
    fields = {"name": "checkout", "service": "orders", "start_ns": START, "end_ns": START + SECOND} | fields
    return Span(
        trace_id=f"{trace:032x}",
        span_id=f"{number:016x}",
        parent_span_id=f"{parent:016x}" if parent else "",
        **fields,
    )


def encoded(*spans: Span) -> Encoded:
    encoder = Encoder()
    encoder.add(spans, 0)
    return encoder.take()


def plain_facts(columns: SpanColumns, dropped: tuple[int, ...] = ()) -> BatchFacts:
    """Every span waits for itself alone; every trace is one call of the user that took as long as its first span."""
    kept = ~np.isin(columns.row, dropped)
    zeros = np.zeros(len(columns), np.int64)
    spans = SpanFacts(
        critical_ns=columns.end_ns - columns.start_ns,
        self_ns=zeros,
        depth=zeros.astype(np.int32),
        path_id=columns.span_id,
        on_path=kept,
    )
    firsts = [int(np.flatnonzero(columns.trace == number)[0]) for number in range(len(columns.trace_ids))]
    first_services = [columns.services[columns.service[first]] for first in firsts]
    nodes = [("user", "user"), *dict.fromkeys(("service", service) for service in first_services)]
    edges = EdgeCalls(
        nodes=nodes,
        caller=np.zeros(len(firsts), np.int32),
        callee=np.array([nodes.index(("service", service)) for service in first_services], np.int32),
        type=np.zeros(len(firsts), np.uint8),
        trace=np.arange(len(firsts), dtype=np.int32),
        start_ns=columns.start_ns[firsts],
        duration_ns=(columns.end_ns - columns.start_ns)[firsts],
        error=columns.status[firsts] == 2,
        unresolved={},
        critical_ns=(columns.end_ns - columns.start_ns)[firsts],
    )
    return BatchFacts(
        traces=[_summary(columns, kept, number, first) for number, first in enumerate(firsts)],
        spans=spans,
        edges=edges,
        dropped=np.array(dropped, np.int64),
        warnings=[[Warning("orphan", "one", span_id=f"{number:016x}")] for number in range(len(firsts))],
    )


def _summary(columns: SpanColumns, kept: Any, number: int, first: int) -> TraceSummary:
    rows = np.flatnonzero(kept & (columns.trace == number))
    start_ns, end_ns = int(columns.start_ns[rows].min()), int(columns.end_ns[rows].max())
    service, name = columns.services[columns.service[first]], columns.names[columns.name[first]]
    errors = int((columns.status[rows] == 2).sum())
    shares = [
        ServiceShare(columns.services[each], int((columns.service[rows] == each).sum()), errors, 7)
        for each in np.unique(columns.service[rows])
    ]
    return TraceSummary(
        trace_id=columns.trace_ids[number],
        start_ns=start_ns,
        duration_ns=end_ns - start_ns,
        response_ns=end_ns - start_ns,
        root_span_id=f"{int(columns.span_id[first]):016x}",
        root_service=service,
        root_name=name,
        spans=len(rows),
        errors=errors,
        failed=bool(columns.status[first] == 2),
        services=shares,
        verdict=Verdict("dominant", service, name, 5, 0.5, f"{name} is slow", ["truly"], "low", 2),
        failure_sentence="",
        warnings=1,
        incomplete=False,
    )
