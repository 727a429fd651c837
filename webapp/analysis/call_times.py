"""Which call each nanosecond of the critical path belongs to: the nearest at or above the span that spent it."""

import numpy as np

from webapp.model.columns import I64
from webapp.model.facts import EdgeCalls, Forest


def call_times(forest: Forest, calls: EdgeCalls, critical_ns: I64) -> I64:
    """By call, of the time by node. Of several calls that one span tells of (a batch of messages) the first has it all.

    What is spent above all calls belongs to none.
    """
    call_of = np.full(len(forest), -1, np.int64)
    call_of[calls.span[::-1]] = np.arange(len(calls.span))[::-1]  # of several the first is written last
    is_call = call_of >= 0
    owner = np.where(is_call | (forest.parent < 0), np.arange(len(forest)), forest.parent)
    while not np.array_equal(further := owner[owner], owner):
        owner = further
    spent_ns = np.zeros(len(forest), np.int64)
    np.add.at(spent_ns, owner, critical_ns)
    by_call = np.zeros(len(calls.span), np.int64)
    by_call[call_of[is_call]] = spent_ns[is_call]
    return by_call
