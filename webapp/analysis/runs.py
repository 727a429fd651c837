"""Arithmetic on runs (adjacent elements that belong together) and on parent pointers. Knows nothing of spans."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.model.columns import I32, I64, Bool

Numbers = NDArray[Any]
_MOST = 1 << 62


def run_starts(*keys: Numbers) -> I64:
    """Index of the first element of each run of equal keys (several arrays: equal in all)."""
    if len(keys[0]) == 0:
        return np.empty(0, np.int64)
    changed = np.zeros(len(keys[0]), np.bool_)
    changed[0] = True
    for key in keys:
        changed[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changed)


def run_lengths(starts: I64, total: int) -> I64:
    return np.diff(starts, append=total)


def positions(starts: I64, total: int) -> I64:
    """Of each element its place within its run: 0, 1, 2 …"""
    return np.arange(total) - np.repeat(starts, run_lengths(starts, total))


def first_at_least(values: Numbers, low: I64, high: I64, wanted: Numbers) -> I64:
    """For each query the first index in [low, high) whose value is >= wanted, else high.

    Values ascend within each range: a binary search of all queries at once, each in its own range.
    """
    low, high = low.copy(), high.copy()
    last = len(values) - 1
    while (undecided := low < high).any():
        middle = (low + high) >> 1
        smaller = values[np.minimum(middle, last)] < wanted
        low = np.where(undecided & smaller, middle + 1, low)
        high = np.where(undecided & ~smaller, middle, high)
    return low


def stable_order(values: Numbers) -> I64:
    """Indices by `values` (-1, 0, 1, 2 …), those of equal ones ascending: one sort of numbers that hold both."""
    bits = len(values).bit_length()
    if len(values) == 0 or int(values.max()) >= _MOST >> bits:
        return np.argsort(values, kind="stable")
    both: I64 = (values.astype(np.int64) << bits) + np.arange(len(values))
    both.sort()
    return both & ((1 << bits) - 1)


def renumbered(values: I64) -> I64:
    """Of each value (0, 1, 2 …) its place among those that occur."""
    if len(values) == 0 or int(values.max()) > 8 * len(values):
        return np.unique(values, return_inverse=True)[1]
    occurs = np.zeros(int(values.max()) + 1, np.bool_)
    occurs[values] = True
    places: I64 = (np.cumsum(occurs) - 1)[values]
    return places


def among(values: I64, chosen: I64) -> Bool:
    """Whether each value is one of those chosen; by a table of all between the least and the greatest, if that is small."""
    if not len(values) or int(values.max()) - (least := int(values.min())) > 16 * len(values):
        return np.isin(values, chosen)
    table = np.zeros(int(values.max()) - least + 1, np.bool_)
    table[chosen[(chosen >= least) & (chosen < least + len(table))] - least] = True
    return table[values - least]


def sorted_by(major: Numbers, minor: I64, *rest: Numbers) -> I64:
    """Indices by `major` (0, 1, 2 …), then `minor`, then each of `rest`; what is equal in all keeps its order.

    One sort of one number where both fit into it; only what it leaves undecided is looked at again.
    """
    lifted = _lifted(minor, major)
    if lifted is None:
        return np.lexsort((*rest[::-1], minor, major))
    key = lifted[0]
    order = np.argsort(key)
    same = key[order[1:]] == key[order[:-1]]
    if same.any():
        places = np.flatnonzero(np.append(same, False) | np.append(False, same))
        tied = np.sort(order[places])
        if rest:
            order[places] = tied[np.lexsort((*(each[tied] for each in rest[::-1]), key[tied]))]
        else:
            order[places] = tied[stable_order(np.unique(key[tied], return_inverse=True)[1])]
    return order


def _lifted(values: I64, group: Numbers) -> tuple[I64, I64] | None:
    """Values lifted so that all of a group are above all of the group before, and by how much; None if that overflows."""
    if len(values) == 0:
        return values, values
    lowest = int(values.min())
    spread = int(values.max()) - lowest + 1
    if (int(group.max()) + 1) * spread > _MOST:
        return None
    lift = group.astype(np.int64) * spread - lowest
    return values + lift, lift


def running_max(values: I64, position: I64) -> I64:
    """The greatest value so far within each run. Where sums could overflow it doubles its reach each round."""
    if (lifted := _lifted(values, np.cumsum(position == 0))) is not None:
        highest, lift = lifted
        running: I64 = np.maximum.accumulate(highest) - lift
        return running
    result = values.copy()
    longest = int(position.max(initial=0)) + 1
    reach = 1
    while reach < longest:
        within = position[reach:] >= reach
        result[reach:] = np.where(within, np.maximum(result[reach:], result[:-reach]), result[reach:])
        reach *= 2
    return result


def tops(parent: I32) -> I64:
    """The root above each node. A node that has none, because it is in or below a cycle, gets a node with a parent."""
    up = np.where(parent < 0, np.arange(len(parent)), parent)
    for _ in range(len(parent).bit_length()):
        further = up[up]
        if np.array_equal(further, up):
            break
        up = further
    return up


def gathered_from_above(parent: I32, values: Numbers, join: Callable[[Numbers, Numbers], Numbers]) -> Numbers:
    """`join` over the values of a node and all its ancestors, in as many rounds as the depth has binary digits."""
    up, result = parent, values
    while (inner := up >= 0).any():
        result = np.where(inner, join(result, result[up]), result)
        up = np.where(inner, up[up], -1)
    return result


def range_max(values: I64, first: I64 | I32, end: I64 | I32) -> I64:
    """The greatest of values[first:end], for many ranges at once, none of them empty: two of a power of two cover each."""
    size = np.frexp(end - first)[1] - 1  # the greatest power of two that fits
    result = np.empty(len(first), np.int64)
    reach, table = 1, values  # table[i] is the greatest of values[i : i + reach]
    for power in range(int(size.max(initial=0)) + 1):
        here = size == power
        result[here] = np.maximum(table[first[here]], table[end[here] - reach])
        table = np.maximum(table[:-reach], table[reach:])
        reach *= 2
    return result
