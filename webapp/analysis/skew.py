"""Clocks that disagree between hosts (analysis.md 1.1): how far each host's times must move to fit the calls.

       client  |---------------|          the server's clock may be off by any shift that
       server      |-------|              keeps it inside its client:
               <---         ---->         client.start - server.start … client.end - server.end

All calls between two hosts must agree on one shift. Only calls tell; messages never do.
"""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.blocking import tolerances
from webapp.analysis.draft import Draft
from webapp.analysis.runs import gathered_from_above
from webapp.analysis.times import Filled
from webapp.model import display
from webapp.model.columns import I64, Bool
from webapp.model.facts import MOST_SHIFT_NS
from webapp.model.spans import Kind, Status

_LARGEST = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class _Calls:
    """Calls between hosts: the server nodes, and which shifts of the server's clock each allows."""

    server: I64
    lowest_ns: I64
    highest_ns: I64
    tolerance_ns: I64

    def only(self, chosen: Bool) -> "_Calls":
        return _Calls(
            self.server[chosen], self.lowest_ns[chosen], self.highest_ns[chosen], self.tolerance_ns[chosen]
        )

    def fit(self) -> Bool:
        """Which calls need no shift."""
        return (self.lowest_ns <= self.tolerance_ns) & (self.highest_ns >= -self.tolerance_ns)


def offsets(draft: Draft, times: Filled) -> I64:
    """What to add to the times of each node. Notes what was shifted and what could not be."""
    offset_ns = np.zeros(len(draft), np.int64)
    calls = _calls(draft, times)
    strained = calls.only(~calls.fit())
    if not len(strained.server):
        return offset_ns
    affected = np.zeros(len(draft.columns.trace_ids), np.bool_)
    affected[draft.trace[strained.server]] = True
    calls = calls.only(affected[draft.trace[calls.server]])
    crossing = np.flatnonzero(_crosses_hosts(draft) & affected[draft.trace])
    pair = np.full(len(draft), -1, np.int64)
    pair[crossing] = _host_pairs(draft, crossing)
    shift_ns = _shift_of_pairs(draft, calls, pair)
    offset_ns[crossing] = shift_ns[pair[crossing]]
    if offset_ns.any():
        offset_ns = gathered_from_above(draft.parent, offset_ns, np.add)
        _note_moves(draft, offset_ns)
    return offset_ns


def _crosses_hosts(draft: Draft) -> Bool:
    """Of each node: does its parent go by another clock?

    Where hosts are not known only calls between services are taken to cross, for a service may run on many hosts.
    """
    crosses = np.zeros(len(draft), np.bool_)
    child = np.flatnonzero(draft.parent >= 0)
    above = draft.parent[child]
    known = (draft.host[child] >= 0) & (draft.host[above] >= 0)
    called = _is_called(draft)[child] & (draft.service[child] != draft.service[above])
    crosses[child] = np.where(known, draft.host[child] != draft.host[above], called)
    return crosses


def _is_called(draft: Draft) -> Bool:
    """SERVER spans of a CLIENT."""
    server = np.flatnonzero((draft.kind == Kind.SERVER) & (draft.parent >= 0) & ~draft.detached)
    called = np.zeros(len(draft), np.bool_)
    called[server] = draft.kind[draft.parent[server]] == Kind.CLIENT
    return called


def _host_pairs(draft: Draft, crossing: I64) -> I64:
    """A number for each (trace, parent's host, own host); a service stands in for a host that is not known."""
    above = draft.parent[crossing]
    known = (draft.host[crossing] >= 0) & (draft.host[above] >= 0)
    own = np.where(known, draft.host[crossing], -2 - draft.service[crossing])
    other = np.where(known, draft.host[above], -2 - draft.service[above])
    keys = np.stack((draft.trace[crossing].astype(np.int64), other, own), axis=1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)


def _calls(draft: Draft, times: Filled) -> _Calls:
    server = np.flatnonzero(_is_called(draft) & _crosses_hosts(draft) & (draft.start_ns != 0))
    client = draft.parent[server]
    client_start, client_end = times.start_ns[client], times.end_ns[client]
    server_start, server_end = times.start_ns[server], times.end_ns[server]
    client_ns, server_ns = client_end - client_start, server_end - server_start
    tolerance_ns = tolerances(client_ns)
    at_start, at_end = client_start - server_start, client_end - server_end
    lowest, highest = np.minimum(at_start, at_end), np.maximum(at_start, at_end)
    outlasts = server_ns > client_ns + tolerance_ns
    highest, lowest = np.where(outlasts, at_start, highest), np.where(outlasts, at_start, lowest)
    gave_up = (draft.status[client] == Status.ERROR) & (at_start <= 0) & (at_end < 0)
    tells = (client_ns > 0) & (server_ns > 0) & ~gave_up & ~(outlasts & (at_start <= 0))
    return _Calls(server, lowest, highest, tolerance_ns).only(tells)


def _shift_of_pairs(draft: Draft, calls: _Calls, pairs_of_nodes: I64) -> I64:
    """One shift a pair: the middle of what all its calls allow, 0 if that allows none, or is too much."""
    count = int(pairs_of_nodes.max()) + 1  # some pairs have no call that tells
    pair = pairs_of_nodes[calls.server]
    lowest, highest = np.full(count, -_LARGEST), np.full(count, _LARGEST)
    tolerance_ns = np.zeros(count, np.int64)
    np.maximum.at(lowest, pair, calls.lowest_ns)
    np.minimum.at(highest, pair, calls.highest_ns)
    np.maximum.at(tolerance_ns, pair, calls.tolerance_ns)
    told = lowest > -_LARGEST
    fits = (lowest <= tolerance_ns) & (highest >= -tolerance_ns)
    conflict = told & ~fits & (lowest > highest + tolerance_ns)
    shift_ns = np.where(told & ~fits & ~conflict, lowest + (highest - lowest) // 2, 0)
    too_large = np.abs(shift_ns) > MOST_SHIFT_NS
    for code, pairs in (("skew_conflict", conflict), ("skew_too_large", too_large)):
        for number in np.flatnonzero(pairs).tolist():
            servers = calls.server[pair == number]
            server = int(servers[np.argmin(draft.span_id[servers])])
            draft.note(code, server)
            if too_large[number]:
                draft.too_far.append((server, int(shift_ns[number])))
    return np.where(too_large, 0, shift_ns)


def _note_moves(draft: Draft, offset_ns: I64) -> None:
    moved = np.flatnonzero(offset_ns)
    messages: dict[tuple[int, int, int], str] = {}
    keys = zip(
        draft.host[moved].tolist(), draft.service[moved].tolist(), offset_ns[moved].tolist(), strict=True
    )
    for node, key in zip(moved.tolist(), keys, strict=True):
        if key not in messages:
            messages[key] = _told(draft, *key)
        draft.note("skew_adjusted", node, messages[key])


def _told(draft: Draft, host: int, service: int, offset_ns: int) -> str:
    place = f"host {draft.columns.hosts[host]}" if host >= 0 else draft.columns.services[service]
    return f"Times of {place} were shifted by {display.offset(offset_ns)}."
