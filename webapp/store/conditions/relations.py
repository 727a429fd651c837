"""Which spans stand below, above or beside others of their trace, for many traces at once. Arrays only, no SQL.

Parents are those that the ids as recorded name. Where a caller and who answers it share an id (Zipkin), the answering
span is the child of the caller, and what names the id as its parent is a child of the answering one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.model.columns import I64, U64, Bool

_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Families:
    """`parent`: of each span the place of its parent; roots and those whose parent is missing have len(parent).

    `missing`: whose parent is missing; `named`: a number for each parent's id in each trace.
    """

    parent: I64
    missing: Bool
    named: U64


def families(trace: I64, span_id: U64, parent_id: U64, answers: Bool) -> Families:
    """`trace`: any number that tells traces apart; `answers`: whether the span can be the answering half of a call."""
    count = len(trace)
    mixed = trace.astype(np.uint64) * _ODD
    own, named = span_id + mixed, parent_id + mixed
    while True:
        order = _by_id(own, answers)
        ids = own[order]
        place = np.minimum(np.searchsorted(ids, named), count - 1)
        hit = ids[place] == named
        equal = ids[1:] == ids[:-1]
        if not (hit & (trace[order[place]] != trace)).any() and not equal[np.diff(trace[order]) != 0].any():
            break
        own, named = _counted_through(trace, span_id, parent_id)  # two traces came to the same number
    has_parent = (parent_id != 0) & (parent_id != span_id)
    parent = np.where(has_parent & hit, order[place], count)
    if equal.any():
        halves = np.flatnonzero(answers)
        caller = order[np.searchsorted(ids, own[halves], side="right") - 1]
        called = ~answers[caller]
        parent[halves[called]] = caller[called]
    return Families(parent, has_parent & (parent == count), named)


def _by_id(own: U64, answers: Bool) -> I64:
    """Of one id the answering halves first, each kind as it came."""
    order = np.argsort(own)
    if not (own[order[1:]] == own[order[:-1]]).any():
        return order
    kinds = np.concatenate([np.flatnonzero(answers), np.flatnonzero(~answers)])
    return kinds[np.argsort(own[kinds], kind="stable")]


def _counted_through(trace: I64, span_id: U64, parent_id: U64) -> tuple[U64, U64]:
    """A number for each (trace, id), of the spans and of their parents, that no other pair has."""
    trace_number = np.unique(trace, return_inverse=True)[1].astype(np.uint64)
    ids, number = np.unique(np.concatenate([span_id, parent_id]), return_inverse=True)
    own, named = np.split(number.astype(np.uint64), 2)
    first = trace_number * np.uint64(len(ids))
    return first + own, first + named


def related(kind: str, left: Bool, right: Bool, among: Families) -> Bool:
    """Those of `right` that are in the relation to some of `left`, or with ! to none."""
    find = {">": _children, ">>": _below, "<": _parents, "<<": _above, "~": _beside}[kind.removeprefix("!")]
    found = find(np.append(left, np.False_), among)[: len(left)]
    return right & ~found if kind.startswith("!") else right & found


def _children(marked: Bool, among: Families) -> Bool:
    return marked[among.parent]


def _parents(marked: Bool, among: Families) -> Bool:
    found = np.zeros(len(marked), np.bool_)
    found[among.parent[marked[:-1]]] = True
    return found


def _below(marked: Bool, among: Families) -> Bool:
    """Each round looks twice as far up as the one before; a circle of parents ends with the rounds."""
    found, jump = np.append(marked[among.parent], np.False_), _with_top(among.parent)
    for _ in range(_rounds(among)):
        if (jump == len(jump) - 1).all():
            break
        found = found | found[jump]
        jump = jump[jump]
    return found


def _above(marked: Bool, among: Families) -> Bool:
    found, jump = _parents(marked, among), _with_top(among.parent)
    for _ in range(_rounds(among)):
        if (jump == len(jump) - 1).all():
            break
        found[jump[found]] = True
        found[-1] = False
        jump = jump[jump]
    return found


def _beside(marked: Bool, among: Families) -> Bool:
    family = among.parent.copy()
    family[among.missing] = len(family) + 1 + np.unique(among.named[among.missing], return_inverse=True)[1]
    left = np.bincount(family, weights=marked[:-1], minlength=1)
    beside: Bool = (left[family] - marked[:-1] > 0) & (family != len(family))
    return beside


def _with_top(parent: I64) -> NDArray[np.int64]:
    """With an entry for what stands above roots: nothing but itself."""
    return np.append(parent, len(parent))


def _rounds(among: Families) -> int:
    return len(among.parent).bit_length()
