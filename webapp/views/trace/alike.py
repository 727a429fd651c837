"""The row that stands for a folded run of siblings that are alike: what they sum up to, and when any of them ran."""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.alike import Alike
from webapp.model import display
from webapp.model.columns import I32, I64
from webapp.model.spans import Status
from webapp.views.trace.cache import OpenTrace


@dataclass(frozen=True, slots=True)
class Sums:
    """Of the members of a run. `starts_ns` and `ends_ns`: the times during which one or more of them ran, ascending."""

    nodes: I32
    count: int
    total_ns: int
    own_ns: int
    median_ns: int
    failed: int
    caused: bool  # below one that failed nothing did
    starts_ns: I64
    ends_ns: I64

    @property
    def total(self) -> str:
        return display.duration(self.total_ns)

    @property
    def label(self) -> str:
        """Beside the bar."""
        words = f"{self.total}, median {display.duration(self.median_ns)}"
        return f"{words} · {self.failed:,} failed" if self.failed else words

    @property
    def meaning(self) -> str:
        covered = display.duration(int((self.ends_ns - self.starts_ns).sum()))
        return (
            f"{self.count:,} calls of the same operation next to each other: {self.total} in sum, "
            f"{display.duration(self.median_ns)} in the median; for {covered} one or more of them ran."
        )


def sums_of(trace: OpenTrace, alike: Alike, run: int) -> Sums:
    forest = trace.facts.forest
    node = trace.rows.node[alike.members(run)]
    start_ns, end_ns = forest.start_ns[node], forest.end_ns[node]
    failed = forest.status[node] == Status.ERROR
    until_ns = np.maximum.accumulate(end_ns)
    firsts = np.flatnonzero(
        np.append(True, start_ns[1:] > until_ns[:-1])
    )  # siblings are in order of their start
    return Sums(
        nodes=node,
        count=len(node),
        total_ns=int((end_ns - start_ns).sum()),
        own_ns=int(trace.facts.self_ns[node].sum()),
        median_ns=int(np.median(end_ns - start_ns)),
        failed=int(failed.sum()),
        caused=bool(trace.causes[node].any()),
        starts_ns=start_ns[firsts],
        ends_ns=until_ns[np.append(firsts[1:], len(node)) - 1],
    )
