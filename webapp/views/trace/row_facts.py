"""What the arrays of a trace hold of the rows of a window, read for all of them at once."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from webapp.analysis.edges import silent_peers
from webapp.analysis.folding import View
from webapp.analysis.marks import last_ends_ns
from webapp.model.columns import I32, I64, Bool
from webapp.model.facts import Forest
from webapp.model.spans import Status
from webapp.views.trace.cache import OpenTrace


class RowFacts(NamedTuple):
    """What arrays hold of one row, read for all rows at once: number by number takes longer than all else."""

    position: int
    place: int  # among all rows
    node: int
    folded: bool
    hidden: int
    hidden_errors: int
    depth: int
    children: int
    after: int  # the row behind its subtree
    rank: int
    siblings: int
    slot: int
    names_service: bool
    received: bool
    service: int
    name: int
    failed: bool
    start_ns: int
    end_ns: int
    self_ns: int
    waited_for: bool
    tagged: bool  # it may have tags
    eventful: bool
    run: int  # of alike siblings for which the row stands, -1
    alike: int  # how many siblings are alike, of which this is the first; else 0
    last_ns: int  # when the last span below, or its own, ends
    peer: int  # whom it calls and who sent no spans, -1


def facts_of(trace: OpenTrace, view: View, first: int, count: int) -> Iterator[RowFacts]:
    """Rows `first` to `first + count` of a view."""
    forest, rows, part = trace.facts.forest, trace.rows, slice(first, first + count)
    place, node = view.shown[part], view.node[part]
    source = forest.source[node]
    row = np.where(source >= 0, forest.columns.row[source], -1)
    columns = (
        np.arange(first, first + len(node)), place, node,
        view.folded[part], view.hidden[part], view.hidden_errors[part],
        rows.depth[place] - rows.depth[view.top], rows.children[place], rows.after[place],
        trace.place[place], trace.siblings[place],
        trace.preview.slot(place), trace.preview.names_service(place) | (place == view.top),
        source >= 0, forest.service[node], forest.name[node], forest.status[node] == Status.ERROR,
        forest.start_ns[node], forest.end_ns[node], trace.facts.self_ns[node], trace.facts.critical_ns[node] > 0,
        _tagged(forest, node), np.searchsorted(trace.event_rows, row) < np.searchsorted(trace.event_rows, row + 1),
        view.run[part], _run_lengths(view, place), last_ends_ns(rows, place),
        trace.once("silent peers", lambda: silent_peers(forest))[node],
    )  # fmt: skip
    return map(RowFacts, *(column.tolist() for column in columns))


def _run_lengths(view: View, place: I64) -> I64:
    """Of the runs of alike siblings that begin at a row, folded or not."""
    if view.alike is None or not len(view.alike):
        return np.zeros(len(place), np.int64)
    run = view.alike.run[place]
    begins = (run >= 0) & (view.alike.first[run] == place) & (place > view.top)
    return np.where(begins, view.alike.count[run], 0)


def _tagged(forest: Forest, node: I32) -> Bool:
    """Whether `_tags` may have anything to say; mostly it has not."""
    parent = forest.parent[node]
    above = np.where(parent >= 0, parent, node)
    early, late = forest.start_ns[node] < forest.start_ns[above], forest.end_ns[node] > forest.end_ns[above]
    shifted = forest.offset_ns[node] != np.where(parent >= 0, forest.offset_ns[above], 0)
    tagged: Bool = early | late | shifted | (forest.source[above] < 0) | forest.unfinished[node]
    return tagged
