"""A store filled with soup, and the summaries in it: not from analysis, so that they can be as odd as they like."""

from collections import defaultdict
from random import Random

import numpy as np

from webapp.model.facts import ServiceShare, TraceSummary, Verdict
from webapp.model.spans import Span, Status
from webapp.store import Store
from webapp.store.writing.summaries import insert_summaries
from webapp.store.writing.sums import count_traces


def by_trace(spans: list[Span]) -> dict[str, list[Span]]:
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        traces[span.trace_id].append(span)
    return traces


def fill(store: Store, spans: list[Span], seed: int = 1) -> dict[str, TraceSummary]:
    """Append the spans and summaries of their traces; returns the summaries by trace id."""
    store.append(spans, 0)
    random = Random(seed)
    summaries = [_summary(random, trace_id, own) for trace_id, own in by_trace(spans).items()]
    with store._connection.writing() as writer:
        rows = writer.execute(
            "SELECT replace(trace_id::VARCHAR, '-', ''), min(span_row), max(span_row) FROM spans GROUP BY 1"
        ).fetchall()
        bounds = {trace_id: ends for trace_id, *ends in rows}
        first, last = np.array([bounds[summary.trace_id] for summary in summaries], np.int64).T
        insert_summaries(writer, summaries, first, last)
        count_traces(writer, "traces")
    return {summary.trace_id: summary for summary in summaries}


def _summary(random: Random, trace_id: str, spans: list[Span]) -> TraceSummary:
    names = sorted({span.service for span in spans})
    blamed = random.choice(spans)
    start = min(span.start_ns for span in spans)
    failing = [span for span in spans if span.status == Status.ERROR]
    return TraceSummary(
        trace_id=trace_id,
        start_ns=start,
        duration_ns=max(0, *(span.end_ns - start for span in spans)),
        response_ns=random.randrange(10**9),
        root_span_id=spans[0].span_id,
        root_service=spans[0].service,
        root_name=spans[0].name,
        spans=len(spans),
        errors=len(failing),
        failed=spans[0].status == Status.ERROR,
        services=[
            ServiceShare(
                name, len(own), sum(span.status == Status.ERROR for span in own), random.randrange(10**6)
            )
            for name in names
            for own in [[span for span in spans if span.service == name]]
        ],
        verdict=Verdict("main", blamed.service, blamed.name, 5, 0.4, "…"),
        failure_sentence="",
        warnings=random.randrange(2),
        incomplete=random.random() < 0.2,
        depth=random.randrange(1, 6),
    )
