"""A comparison for programs: all causes, and the rows of the alignment, none folded."""

from typing import Any

import numpy as np

from webapp.analysis.alignment import Change
from webapp.analysis.attribution import label
from webapp.model.columns import I32, I64
from webapp.model.spans import Status
from webapp.views.compare.pair import Pair
from webapp.views.compare.rows import root_label
from webapp.views.trace.cache import OpenTrace

MOST_ROWS = 10_000  # of one answer


def comparison_json(pair: Pair, first: int) -> dict[str, Any]:
    found = pair.made.found
    end = min(len(found.rows), first + MOST_ROWS)
    return {
        "a": _trace_json(pair.a),
        "b": _trace_json(pair.b),
        "headline": found.headline,
        "difference_ns": found.response_b_ns - found.response_a_ns,
        "counts": {change.name.lower(): count for change, count in found.counts.items()}
        | {"moved": int(np.count_nonzero(found.rows.moved))},
        "causes": [
            {
                "service": cause.key[0],
                "operation": cause.key[1],
                "delta_ns": cause.delta_ns,
                "calls_a": cause.calls_a,
                "calls_b": cause.calls_b,
            }
            for cause in found.causes
        ],
        "rows_total": len(found.rows),
        "row": first,
        "next_row": end if end < len(found.rows) else None,
        "rows": _rows_json(pair, first, end),
    }


def _trace_json(trace: OpenTrace) -> dict[str, Any]:
    service, name = root_label(trace.facts)
    return {
        "trace_id": trace.trace_id,
        "root": {"service": service, "name": name},
        "start_ns": trace.facts.start_ns,
        "response_ns": trace.facts.response_ns,
        "spans": int((trace.facts.forest.source >= 0).sum()),
        "errors": len(trace.errors),
    }


def _rows_json(pair: Pair, first: int, end: int) -> list[dict[str, Any]]:
    found = pair.made.found
    rows, part = found.rows, slice(first, end)
    arrays = (rows.depth, rows.key, rows.change, rows.moved, rows.count_a, rows.count_b, found.delta_ns)
    columns = [array[part].tolist() for array in arrays]
    sides_a = _sides_json(pair.a, rows.a[part], found.critical_a_ns[part])
    sides_b = _sides_json(pair.b, rows.b[part], found.critical_b_ns[part])
    return [
        {
            "depth": depth,
            "service": rows.keys[key][0],
            "operation": rows.keys[key][1],
            "change": Change(change).name.lower(),
            "moved": moved,
            "count_a": count_a,
            "count_b": count_b,
            "delta_ns": delta_ns,
            "a": a,
            "b": b,
        }
        for depth, key, change, moved, count_a, count_b, delta_ns, a, b in zip(
            *columns, sides_a, sides_b, strict=True
        )
    ]


def _sides_json(trace: OpenTrace, nodes: I32, critical_ns: I64) -> list[dict[str, Any] | None]:
    forest = trace.facts.forest
    duration_ns = (forest.end_ns - forest.start_ns)[nodes]
    failed = forest.status[nodes] == Status.ERROR
    columns = (nodes.tolist(), duration_ns.tolist(), critical_ns.tolist(), failed.tolist())
    return [
        None
        if node < 0
        else {
            "span_id": trace.span_id(node),
            "name": label(forest, node)[1],
            "duration_ns": duration,
            "critical_ns": critical,
            "failed": error,
        }
        for node, duration, critical, error in zip(*columns, strict=True)
    ]
