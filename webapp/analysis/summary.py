"""One row a trace for search and lists, made from repaired spans and their critical paths. Nothing is measured here."""

from collections.abc import Mapping

import numpy as np

from webapp.analysis.attribution import evidence, label
from webapp.analysis.call_path import depths
from webapp.analysis.failure import failures, written_id
from webapp.analysis.runs import run_lengths, run_starts, stable_order
from webapp.analysis.times import unknown_starts
from webapp.analysis.verdict import verdict
from webapp.model.columns import I32, I64, SpanColumns
from webapp.model.facts import Forest, Path, ServiceShare, TraceSummary, Verdict
from webapp.model.spans import Status


def summaries(
    forest: Forest, path: Path, depth: I32 | None = None, late: Mapping[int, Verdict] | None = None
) -> list[TraceSummary]:
    """One a trace; `path` holds the segments of all their primary roots, in any order. `depth`: by node, if known.

    `late`: by the number of the trace, what is said of those whose work went on for long (`late.py`).
    """
    services = service_shares(forest, critical_times(forest, path))
    starts, ends = (times.tolist() for times in extents(forest.columns))
    parts = zip(evidence(forest, path), services, failures(forest), forest.warnings, strict=True)
    deepest = np.zeros(len(services), np.int64)
    np.maximum.at(deepest, forest.trace, 1 + (depths(forest) if depth is None else depth))
    levels: list[int] = deepest.tolist()
    rows = []
    for trace, (found, shares, failure, warnings) in enumerate(parts):
        root = int(forest.root[trace])
        service, name = label(forest, root)
        rows.append(
            TraceSummary(
                trace_id=forest.columns.trace_ids[trace],
                start_ns=starts[trace],
                duration_ns=ends[trace] - starts[trace],
                response_ns=int(forest.end_ns[root] - forest.start_ns[root]),
                root_span_id=written_id(forest, root),
                root_service=service,
                root_name=name,
                spans=found.spans,
                errors=sum(share.errors for share in shares),
                failed=failure is not None,
                services=shares,
                verdict=verdict(found),
                failure_sentence=failure.sentence if failure else "",
                warnings=sum(warning.count for warning in warnings),
                incomplete=found.missing_spans > 0,
                depth=levels[trace],
                late_verdict=late.get(trace) if late else None,
            )
        )
    return rows


def critical_times(forest: Forest, path: Path) -> I64:
    """Of each node the length of its own segments."""
    critical_ns = np.zeros(len(forest), np.int64)
    np.add.at(critical_ns, path.node, path.end_ns - path.start_ns)
    return critical_ns


def service_shares(forest: Forest, critical_ns: I64) -> list[list[ServiceShare]]:
    """One list a trace: most critical time first, then most spans, then by name."""
    nodes = np.flatnonzero(forest.source >= 0)
    services = len(forest.columns.services)
    nodes = nodes[stable_order(forest.trace[nodes].astype(np.int64) * services + forest.service[nodes])]
    trace, service = forest.trace[nodes], forest.service[nodes]
    starts = run_starts(trace, service)
    shares: list[list[ServiceShare]] = [[] for _ in forest.columns.trace_ids]
    if not len(starts):
        return shares
    failed = (forest.status[nodes] == Status.ERROR).astype(np.int64)
    names = forest.columns.services
    columns = zip(
        trace[starts].tolist(),
        service[starts].tolist(),
        run_lengths(starts, len(nodes)).tolist(),
        np.add.reduceat(failed, starts).tolist(),
        np.add.reduceat(critical_ns[nodes], starts).tolist(),
        strict=True,
    )
    for number, code, spans, errors, critical in columns:
        shares[number].append(ServiceShare(names[code], spans, errors, critical))
    for of_trace in shares:
        of_trace.sort(key=lambda share: (-share.critical_ns, -share.spans, share.service))
    return shares


def extents(columns: SpanColumns) -> tuple[I64, I64]:
    """First start and last end of each trace as recorded, of what is known of them."""
    traces = len(columns.trace_ids)
    latest = np.iinfo(np.int64).max
    first, last = np.full(traces, latest), np.zeros(traces, np.int64)
    started = ~unknown_starts(columns.trace, columns.start_ns, columns.end_ns)
    np.minimum.at(first, columns.trace[started], columns.start_ns[started])
    for times in (columns.start_ns, columns.end_ns):
        np.maximum.at(last, columns.trace, times)
    first = np.where(first == latest, last, first)
    return first, last
