"""Who called whom (analysis.md 9.2), one entry a call, many traces at once. How calls are drawn is not here.

A call is told by its callee's span; by the caller's only if nothing below it answered. Durations are the caller's
where it has a span of its own for the call; between a message's sender and receiver they are the wait.
"""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.ids import Index
from webapp.analysis.runs import run_lengths, run_starts
from webapp.model.columns import F64, I32, I64, Bool
from webapp.model.facts import EDGE_TYPES, Edge, EdgeCalls, Forest
from webapp.model.spans import Kind, Status

USER = "user"
UNKNOWN = "(unknown)"  # calls a span whose parent was not received

_ENTRY, _RPC, _DB, _MESSAGING, _EXTERNAL, _LINK = range(len(EDGE_TYPES))
_PEER_TYPES = {"db": _DB, "messaging": _MESSAGING, "external": _EXTERNAL}


def calls(forest: Forest) -> EdgeCalls:
    """`nodes` lists all services and peers of the columns, whether they call or not."""
    columns = forest.columns
    nodes = [("service", name) for name in columns.services] + [
        (peer.type, peer.name) for peer in columns.peers
    ]
    return _Reading(forest).calls([*nodes, ("user", USER), ("external", UNKNOWN)])


def silent_peers(forest: Forest) -> I32:
    """By node the peer, in `columns.peers`, of a call that nothing below answered; -1 for all others."""
    reading = _Reading(forest)
    peers = np.full(len(forest), -1, np.int32)
    for found in reading.to_peers()[0]:
        peers[found.span] = found.callee - len(forest.columns.services)
    return peers


def edges(of: EdgeCalls) -> list[Edge]:
    """The calls of one trace summed up, first called first."""
    order = np.lexsort((of.start_ns, of.type, of.callee, of.caller))
    starts = run_starts(of.caller[order], of.callee[order], of.type[order])
    if not len(starts):
        return []
    counts = run_lengths(starts, len(order)).tolist()
    errors = np.add.reduceat(of.error[order].astype(np.int64), starts).tolist()
    firsts = order[starts]
    found = []
    for first, count, failed in zip(firsts.tolist(), counts, errors, strict=True):
        caller, callee = of.nodes[of.caller[first]][1], of.nodes[of.callee[first]][1]
        found.append((of.start_ns[first], Edge(caller, callee, EDGE_TYPES[of.type[first]], count, failed)))
    return [edge for _, edge in sorted(found, key=lambda pair: (pair[0], pair[1].caller, pair[1].callee))]


@dataclass(frozen=True, slots=True)
class _Found:
    """Calls by one rule. `span` decides on trace and callee; `sender` is the caller's span, -1 if there is none."""

    caller: I32
    callee: I32
    type: int
    span: I32
    sender: I32


class _Reading:
    """The rules, each over all spans at once. Services are their own indices; then come peers, user and unknown."""

    def __init__(self, forest: Forest) -> None:
        columns = forest.columns
        received = forest.source >= 0
        by_link = forest.detached & received
        by_link[received] &= ~columns.follows_from[forest.source[received]]
        self._forest = forest
        self._peers = len(columns.services)
        self._user = self._peers + len(columns.peers)
        self._received = received
        self._peer = np.where(received, columns.peer[forest.source], -1)
        named = received & (forest.parent >= 0) & ~by_link
        self._below_missing = named & ~received[forest.parent]
        self._child = np.flatnonzero(named & ~self._below_missing).astype(np.int32)
        self._above = forest.parent[self._child]
        self._other_service = forest.service[self._child] != forest.service[self._above]
        self._owner, self._target = self._links()

    def calls(self, nodes: list[tuple[str, str]]) -> EdgeCalls:
        to_peers, unresolved = self.to_peers()
        found = [*self._between_services(), *self._by_links(), *to_peers, *self._from_outside()]
        forest = self._forest
        span, sender = (np.concatenate([getattr(part, end) for part in found]) for end in ("span", "sender"))
        kind = np.concatenate([np.full(len(part.span), part.type, np.uint8) for part in found])
        calling = (sender >= 0) & np.isin(forest.kind[sender], (Kind.CLIENT, Kind.PRODUCER))
        side = np.where(calling & (forest.kind[sender] == Kind.CLIENT), sender, span)
        waited_ns = np.maximum(0, forest.start_ns[span] - forest.end_ns[sender])
        is_wait = (kind == _MESSAGING) & (sender >= 0)
        failed = forest.status == Status.ERROR
        return EdgeCalls(
            nodes=nodes,
            caller=np.concatenate([part.caller for part in found]).astype(np.int32),
            callee=np.concatenate([part.callee for part in found]).astype(np.int32),
            type=kind,
            trace=forest.trace[span],
            start_ns=forest.start_ns[np.where(sender >= 0, sender, span)],
            duration_ns=np.where(is_wait, waited_ns, forest.end_ns[side] - forest.start_ns[side]),
            error=failed[span] | (calling & failed[sender]),
            unresolved=unresolved,
            span=span,
            sender=sender,
            weight=self._weight(span),
        )

    def _weight(self, span: I32) -> F64 | None:
        weight = self._forest.columns.weight
        return None if weight is None else weight[self._forest.source[span]]

    def _between_services(self) -> list[_Found]:
        forest = self._forest
        kind, above_kind = forest.kind[self._child], forest.kind[self._above]
        answers = (kind == Kind.SERVER) & ((above_kind == Kind.CLIENT) | self._other_service)
        inferred = (kind != Kind.SERVER) & (kind != Kind.CONSUMER) & self._other_service
        received = (kind == Kind.CONSUMER) & ((above_kind == Kind.PRODUCER) | self._other_service)
        return [self._from_parents(answers | inferred, _RPC), self._from_parents(received, _MESSAGING)]

    def _from_parents(self, chosen: Bool, kind: int) -> _Found:
        service, span, sender = self._forest.service, self._child[chosen], self._above[chosen]
        return _Found(service[sender], service[span], kind, span, sender)

    def _links(self) -> tuple[I32, I32]:
        """Spans and those they link to, both received and the latter not the parent that the former names."""
        forest, columns = self._forest, self._forest.columns
        none = np.empty(0, np.int32)
        if not len(columns.link_owner):
            return none, none
        node_of_row = np.full(len(columns), -1, np.int32)
        received = np.flatnonzero(self._received)
        node_of_row[forest.source[received]] = received
        order = np.lexsort((forest.suffix, forest.span_id, forest.trace))
        bounds = np.searchsorted(forest.trace, np.arange(len(columns.trace_ids) + 1))
        owner = node_of_row[columns.link_owner]
        owner, linked = owner[owner >= 0], columns.link_span[owner >= 0]
        target = Index(order, forest.span_id[order], bounds).find(forest.trace[owner], linked)
        parent = np.full(len(forest), -1, np.int32)
        parent[self._child] = self._above
        usable = (target >= 0) & (target != parent[owner])
        usable[usable] = self._received[target[usable]]
        return owner[usable], target[usable]

    def _by_links(self) -> list[_Found]:
        """One call for each span and linked service: a batch of messages from one service was one delivery."""
        forest, owner, target = self._forest, self._owner, self._target
        is_message = (forest.kind[owner] == Kind.CONSUMER) & (forest.kind[target] == Kind.PRODUCER)
        elsewhere = forest.service[owner] != forest.service[target]
        parent_service = np.full(len(forest), -1, np.int32)
        parent_service[self._child] = forest.service[self._above]
        is_new = forest.service[target] != parent_service[owner]
        return [
            self._from_links(is_message & (is_new | ~elsewhere), _MESSAGING),
            self._from_links(~is_message & elsewhere & is_new, _LINK),
        ]

    def _from_links(self, chosen: Bool, kind: int) -> _Found:
        service, span, sender = self._forest.service, self._owner[chosen], self._target[chosen]
        order = np.lexsort((self._forest.end_ns[sender], service[sender], span))
        order = order[run_starts(span[order], service[sender][order])]
        span, sender = span[order], sender[order]
        return _Found(service[sender], service[span], kind, span, sender)

    def to_peers(self) -> tuple[list[_Found], dict[str, int]]:
        """Calls that nothing below answered, by the peer they name; those that name none by service."""
        forest = self._forest
        kind = forest.kind[self._child]
        answered = np.zeros(len(forest), np.bool_)
        answered[self._above[self._other_service | (kind == Kind.SERVER) | (kind == Kind.CONSUMER)]] = True
        answered[self._target[forest.kind[self._owner] == Kind.CONSUMER]] = True
        is_call = self._received & ((forest.kind == Kind.CLIENT) | (forest.kind == Kind.PRODUCER)) & ~answered
        span = np.flatnonzero(is_call & (self._peer >= 0)).astype(np.int32)
        types = np.array([_PEER_TYPES[peer.type] for peer in forest.columns.peers] or [_EXTERNAL])
        type_of_span = types[self._peer[span]]
        found = []
        for kind_of_peer in _PEER_TYPES.values():
            chosen = span[type_of_span == kind_of_peer]
            callee = self._peers + self._peer[chosen]
            found.append(
                _Found(
                    forest.service[chosen], callee, kind_of_peer, chosen, np.full(len(chosen), -1, np.int32)
                )
            )
        counts = np.bincount(forest.service[is_call & (self._peer < 0)], minlength=self._peers).tolist()
        return found, {forest.columns.services[at]: count for at, count in enumerate(counts) if count}

    def _from_outside(self) -> list[_Found]:
        forest = self._forest
        is_top = self._received & (forest.parent < 0)
        serves = forest.kind == Kind.SERVER
        receives = (forest.kind == Kind.CONSUMER) & (is_top | self._below_missing) & (self._peer >= 0)
        queue = np.flatnonzero(receives)
        return [
            self._from_virtual(np.flatnonzero(is_top & serves), self._user, _ENTRY),
            self._from_virtual(np.flatnonzero(self._below_missing & serves), self._user + 1, _RPC),
            self._from_virtual(queue, self._peers + self._peer[queue], _MESSAGING),
        ]

    def _from_virtual(self, span: I64, caller: int | I32, kind: int) -> _Found:
        count = len(span)
        callers = np.broadcast_to(np.asarray(caller, np.int32), count)
        nobody = np.full(count, -1, np.int32)
        return _Found(callers, self._forest.service[span], kind, span.astype(np.int32), nobody)
