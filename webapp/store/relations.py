"""Which spans stand below, above or beside others of their trace, for many traces at once. Arrays only, no SQL.

Parents are those that the ids as recorded name. Where a caller and who answers it share an id (Zipkin), the answering
span is the child of the caller, and what names the id as its parent is a child of the answering one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.model.columns import I64, U64, Bool


@dataclass(frozen=True, slots=True)
class Families:
    """`parent`: of each span the place of its parent; roots and those whose parent is missing have len(parent).

    `siblings`: the same number for all under one parent, be it missing; -1 for roots.
    """

    parent: I64
    siblings: I64


def families(trace: I64, span_id: U64, parent_id: U64, answers: Bool) -> Families:
    """`trace`: any number that tells traces apart; `answers`: whether the span can be the answering half of a call."""
    count = len(trace)
    trace_number = np.unique(trace, return_inverse=True)[1]
    ids, id_number = np.unique(np.concatenate([span_id, parent_id]), return_inverse=True)
    own = trace_number * len(ids) + id_number[:count]
    named = trace_number * len(ids) + id_number[count:]
    halves = 2 * own + ~answers
    order = np.argsort(halves, kind="stable")
    halves = halves[order]
    has_parent = (parent_id != 0) & (parent_id != span_id)
    place = np.minimum(np.searchsorted(halves, 2 * named), count - 1)
    parent = np.where(has_parent & (halves[place] // 2 == named), order[place], count)
    callers = np.minimum(np.searchsorted(halves, 2 * own + 1), count - 1)
    parent = np.where(answers & (halves[callers] == 2 * own + 1), order[callers], parent)
    missing = has_parent & (parent == count)
    siblings = np.where(parent < count, parent, -1)
    siblings[missing] = count + np.unique(named[missing], return_inverse=True)[1]
    return Families(parent, siblings)


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
    numbers = among.siblings + 1  # 0: roots
    left = np.bincount(numbers, weights=marked[:-1], minlength=1)
    return (numbers > 0) & (left[numbers] - marked[:-1] > 0)


def _with_top(parent: I64) -> NDArray[np.int64]:
    """With an entry for what stands above roots: nothing but itself."""
    return np.append(parent, len(parent))


def _rounds(among: Families) -> int:
    return len(among.parent).bit_length()
