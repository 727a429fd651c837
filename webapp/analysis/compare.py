"""What differs between two traces, and what explains it (analysis.md section 11). A is the one to measure by.

Each span is in one row of `alignment.py`, so the differences in critical time of all rows sum exactly to the
difference of the response times. Which rows a page shows is in `compare_folding.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from webapp.analysis.alignment import AlignedRows, Change, Key, align
from webapp.model import display
from webapp.model.columns import I32, I64
from webapp.model.facts import TraceFacts

_EXPLAINED = 0.5  # by one cause: it alone is named
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Cause:
    """What the spans of one service and operation add to the difference. `row`: where most of it is."""

    key: Key
    delta_ns: int
    calls_a: int
    calls_b: int
    row: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`causes`: the largest difference first, together all of it. `critical_*_ns`, by row: own, not of what is below."""

    response_a_ns: int
    response_b_ns: int
    rows: AlignedRows
    critical_a_ns: I64
    critical_b_ns: I64
    causes: list[Cause]
    headline: str

    @property
    def delta_ns(self) -> I64:
        """By row, how much longer B waits there."""
        return self.critical_b_ns - self.critical_a_ns

    @property
    def change_ns(self) -> int:
        """All that became slower and all that became faster: what shares are of."""
        return sum(abs(cause.delta_ns) for cause in self.causes)

    @property
    def counts(self) -> dict[Change, int]:
        """Spans by what became of them; one that both traces have counts once."""
        kinds = self.rows.change[~self.rows.group]
        return {change: int((kinds == change).sum()) for change in Change}


def compare(a: TraceFacts, b: TraceFacts) -> Comparison:
    rows = align(a.forest, b.forest)
    critical_a_ns, critical_b_ns = _of_rows(a.critical_ns, rows.a), _of_rows(b.critical_ns, rows.b)
    causes = _causes(rows, critical_b_ns - critical_a_ns)
    return Comparison(
        a.response_ns,
        b.response_ns,
        rows,
        critical_a_ns,
        critical_b_ns,
        causes,
        headline(a.response_ns, b.response_ns, causes),
    )


def headline(response_a_ns: int, response_b_ns: int, causes: Sequence[Cause]) -> str:
    """“B is 3.10 s slower: 3.00 s of it in fraud-service · check”."""
    delta_ns = response_b_ns - response_a_ns
    if not any(cause.delta_ns for cause in causes):
        return f"A and B waited for the same, {display.duration(response_a_ns)}"
    if not delta_ns:
        same = display.duration(response_a_ns)
        return f"A and B took the same time, {same}; the largest change: {_named(causes[0])}"
    words = f"B is {display.duration(abs(delta_ns))} {'slower' if delta_ns > 0 else 'faster'}"
    same_way = [cause for cause in causes if cause.delta_ns * delta_ns > 0]
    first = same_way[0]
    if abs(first.delta_ns) >= _EXPLAINED * abs(delta_ns):
        if abs(first.delta_ns) <= abs(delta_ns):
            return f"{words}: {display.duration(abs(first.delta_ns))} of it in {' · '.join(first.key)}{more_calls(first)}"
        return f"{words}: {_named(first)}, made up for elsewhere"
    return f"{words}: {'; '.join(map(_named, same_way[:_NAMED]))}"


def _named(cause: Cause) -> str:
    sign = "+" if cause.delta_ns > 0 else "−"
    return f"{' · '.join(cause.key)} {sign}{display.duration(abs(cause.delta_ns))}{more_calls(cause)}"


def more_calls(cause: Cause) -> str:
    if cause.calls_a == cause.calls_b:
        return ""
    return f" (×{cause.calls_a:,} → ×{cause.calls_b:,})"


def _of_rows(by_node: I64, nodes: I32) -> I64:
    return np.where(nodes >= 0, by_node[nodes], 0)


def _causes(rows: AlignedRows, delta_ns: I64) -> list[Cause]:
    total_ns = np.zeros(len(rows.keys), np.int64)
    np.add.at(total_ns, rows.key, delta_ns)
    calls_a, calls_b = (
        np.bincount(rows.key[side >= 0], minlength=len(rows.keys)) for side in (rows.a, rows.b)
    )
    first = np.full(len(rows.keys), -1)
    by_weight = np.argsort(np.abs(delta_ns), kind="stable")
    first[rows.key[by_weight]] = by_weight  # the last one written stays
    there = np.flatnonzero(calls_a + calls_b)
    order = there[np.argsort(-np.abs(total_ns[there]), kind="stable")]  # keys are in the order of their words
    return [
        Cause(rows.keys[key], int(total_ns[key]), int(calls_a[key]), int(calls_b[key]), int(first[key]))
        for key in order.tolist()
    ]
