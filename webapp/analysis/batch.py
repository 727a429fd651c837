"""The analysis of many whole traces at once, ready to be stored. What single spans own is put back in their order.

Everything is measured by the rooms that `trace.py` uses too; only the walk along the paths has a form for many.
"""

from dataclasses import replace

import numpy as np

from webapp.analysis import edges
from webapp.analysis.batch_path import critical_paths
from webapp.analysis.blocking import waited_for
from webapp.analysis.call_path import depths, path_ids
from webapp.analysis.call_times import call_times
from webapp.analysis.clock_shifts import clock_shifts
from webapp.analysis.late import late_verdicts
from webapp.analysis.runs import Numbers
from webapp.analysis.self_time import self_times
from webapp.analysis.summary import critical_times, summaries
from webapp.analysis.tree import repair
from webapp.model.columns import SpanColumns
from webapp.model.facts import BatchFacts, Forest, SpanFacts


def analyse_batch(columns: SpanColumns) -> BatchFacts:
    """`columns` must hold whole traces, each with at least one span."""
    forest = repair(columns)
    children = waited_for(forest)
    depth = depths(forest)
    path = critical_paths(forest, children, depth)
    on_path = np.zeros(len(forest), np.bool_)
    on_path[path.node] = True
    critical_ns = critical_times(forest, path)
    calls = edges.calls(forest)
    spans = SpanFacts(
        critical_ns=_by_row(forest, critical_ns),
        self_ns=_by_row(forest, self_times(forest, children)),
        depth=_by_row(forest, depth),
        path_id=_by_row(forest, path_ids(forest, depth)),
        on_path=_by_row(forest, on_path),
    )
    return BatchFacts(
        traces=summaries(forest, path, depth, late_verdicts(forest, children)),
        spans=spans,
        edges=replace(calls, critical_ns=call_times(forest, calls, critical_ns)),
        dropped=forest.dropped,
        warnings=forest.warnings,
        shifts=clock_shifts(forest),
    )


def _by_row(forest: Forest, values: Numbers) -> Numbers:
    """From nodes to the rows of the columns; rows that were dropped get 0, placeholders have no row."""
    received = forest.source >= 0
    rows = np.zeros(len(forest.columns), values.dtype)
    rows[forest.source[received]] = values[received]
    return rows
