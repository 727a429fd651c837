"""Traces whose response was over before half of the work was: their pages open on the completion path (analysis.md 2.4)."""

from dataclasses import fields

import numpy as np

from webapp.analysis.attribution import evidence
from webapp.analysis.blocking import Children
from webapp.analysis.critical_path import PathFinder
from webapp.analysis.runs import tops
from webapp.analysis.verdict import completion_verdict
from webapp.model.columns import I64
from webapp.model.facts import Forest, Path, TraceFacts, Verdict


def opens_late(facts: TraceFacts) -> bool:
    path = facts.completion
    return path is not None and 2 * facts.response_ns < int(path.end_ns[-1] - path.start_ns[0])


def late_verdicts(forest: Forest, children: Children) -> dict[int, Verdict]:
    """Of each such trace, by its number, what is to be said of its completion path."""
    if not len(forest.root) or not len(_late(forest, np.arange(len(forest)))):
        return {}  # as in most batches: nothing more is looked at
    below_root = np.flatnonzero(tops(forest.parent) == forest.root[forest.trace])
    late = _late(forest, below_root).tolist()
    last = _last_to_end(forest, below_root)
    finder = PathFinder(forest, children)
    paths = [finder.completion(int(forest.root[trace]), last[trace]) for trace in late]
    if not paths:
        return {}
    joined = Path(*(np.concatenate([getattr(path, part.name) for path in paths]) for part in fields(Path)))
    found = evidence(forest, joined)
    return {trace: completion_verdict(found[trace]) for trace in late}


def _late(forest: Forest, nodes: I64) -> I64:
    """The traces of which one of these nodes ends late."""
    ends_ns = forest.end_ns[forest.root].copy()
    np.maximum.at(ends_ns, forest.trace[nodes], forest.end_ns[nodes])
    start_ns, end_ns = forest.start_ns[forest.root], forest.end_ns[forest.root]
    return np.flatnonzero(2 * (end_ns - start_ns) < ends_ns - start_ns)


def _last_to_end(forest: Forest, nodes: I64) -> dict[int, int]:
    """By trace, as `PathFinder.last_to_end` has it."""
    trace = forest.trace[nodes]
    keys = (forest.suffix[nodes], forest.span_id[nodes], forest.start_ns[nodes], -forest.end_ns[nodes], trace)
    order = nodes[np.lexsort(keys)]
    traces, first = np.unique(forest.trace[order], return_index=True)
    return dict(zip(traces.tolist(), order[first].tolist(), strict=True))
