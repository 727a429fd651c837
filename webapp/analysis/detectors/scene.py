"""What the detectors look at: one analysed trace, its calls, and the sums they all need. No rules."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np

from webapp.analysis.attribution import MISSING, called
from webapp.analysis.runs import gathered_from_above
from webapp.analysis.whatif import Schedule
from webapp.model.calls import Call
from webapp.model.columns import I64, Bool
from webapp.model.facts import Finding, Forest, Path
from webapp.model.spans import Kind, Status
from webapp.model.thresholds import DEFAULTS, Least, Thresholds
from webapp.model.warnings import Warning

HIGH_SHARE, MEDIUM_SHARE = 0.20, 0.05
SEVERITIES = ("high", "medium", "info")
_REPLAYS = (
    20  # what-if takes a while on a large trace; further findings are bounded by their share of the path
)
_LOST = "a span that was not received"
_NO_CALL = Call("other", "", "", "", "")


class Analysed(Protocol):
    """What of `TraceFacts` is looked at: many traces are looked through without the rest being made."""

    @property
    def forest(self) -> Forest: ...
    @property
    def path(self) -> Path: ...
    @property
    def completion(self) -> Path | None: ...
    @property
    def critical_ns(self) -> I64: ...
    @property
    def response_ns(self) -> int: ...
    @property
    def warnings(self) -> list[Warning]: ...


class Scene:
    """`calls` by node; a node that is not in it asks nobody. `looked`, by node: what is not to be looked at one by one
    (`part.py`) is False; nothing is said of it, or of what it might explain.
    """

    def __init__(
        self,
        facts: Analysed,
        calls: Mapping[int, Call],
        thresholds: Thresholds = DEFAULTS,
        looked: Bool | None = None,
    ) -> None:
        forest = facts.forest
        self._looked = forest.source >= 0 if looked is None else looked & (forest.source >= 0)
        self.facts, self.forest = facts, forest
        self._thresholds = thresholds
        self.root = int(forest.root[0])
        self.response_ns = facts.response_ns
        self.parent: list[int] = forest.parent.tolist()
        self.start: list[int] = forest.start_ns.tolist()
        self.end: list[int] = forest.end_ns.tolist()
        self.kind: list[int] = forest.kind.tolist()
        self.failed: list[bool] = (forest.status == Status.ERROR).tolist()
        self.service: list[int] = forest.service.tolist()
        self._name: list[int] = forest.name.tolist()
        self._services = [
            *forest.columns.services,
            MISSING,
        ]  # -1, of spans that were not received, is the last
        self._names = [*forest.columns.names, MISSING]
        self.received: list[bool] = (forest.source >= 0).tolist()
        self._calls = calls
        self._operations: dict[int, tuple[str, str]] = {}
        self._replays = 0

    def length(self, node: int) -> int:
        return self.end[node] - self.start[node]

    def call(self, node: int) -> Call:
        return self._calls.get(node, _NO_CALL)

    def label(self, node: int) -> str:
        if not self.received[node]:
            return _LOST
        return called(self.service_name(node), self.name(node))

    def name(self, node: int) -> str:
        return self._names[self._name[node]]

    def service_name(self, node: int) -> str:
        return self._services[self.service[node]]

    def name_of_service(self, service: int) -> str:
        return self._services[service]

    def least(self, code: str) -> Least:
        return self._thresholds.get(code, DEFAULTS[code])

    def floor(self, code: str) -> int:
        """From which time on a pattern counts: the greater of a time and a part of the response."""
        least = self.least(code)
        return max(least.ns, round(least.share * self.response_ns))

    @cached_property
    def children(self) -> dict[int, list[int]]:
        """By start; of spans that were received."""
        found: dict[int, list[int]] = {}
        for node in self._by_start:
            if self.parent[node] >= 0:
                found.setdefault(self.parent[node], []).append(node)
        return found

    def is_call(self, node: int) -> bool:
        """It asks another party, or is the answer where the asking span is not recorded."""
        if self.kind[node] == Kind.CLIENT:
            return True
        above = self.parent[node]
        answers = self.kind[node] in (Kind.SERVER, Kind.UNSPECIFIED)
        return (
            answers
            and self.received[above]
            and self.service[node] != self.service[above]
            and (self.kind[above] not in (Kind.CLIENT, Kind.PRODUCER))
        )

    def server_of(self, node: int) -> int:
        """The recorded other side of a CLIENT span, -1 if there is none."""
        return self._servers.get(node, -1) if self.kind[node] == Kind.CLIENT else -1

    @cached_property
    def _servers(self) -> dict[int, int]:
        """By parent, its first SERVER child."""
        forest = self.forest
        servers = np.flatnonzero((forest.kind == Kind.SERVER) & (forest.parent >= 0) & (forest.source >= 0))
        servers = servers[self._looked[forest.parent[servers]]]
        last_first = servers[np.lexsort((forest.end_ns[servers], forest.start_ns[servers]))][::-1]
        return dict(zip(forest.parent[last_first].tolist(), last_first.tolist(), strict=True))

    def callee(self, node: int) -> str:
        server = self.server_of(node)
        if server >= 0:
            return self.service_name(server)
        return self.call(node).callee or (self.service_name(node) if self.kind[node] != Kind.CLIENT else "")

    def caller(self, node: int) -> int:
        """The service that asks: of a SERVER span whose caller is not recorded that of the span above it."""
        return self.service[node if self.kind[node] == Kind.CLIENT else self.parent[node]]

    def operation(self, node: int) -> tuple[str, str]:
        """Whom it asks for what, values left out."""
        known = self._operations.get(node)
        if known is None:
            known = self._operations[node] = self.callee(node), self.call(node).template or self.name(node)
        return known

    @cached_property
    def calls_below(self) -> dict[int, list[int]]:
        """By parent, those with at least two."""
        found = {
            above: [node for node in nodes if self.is_call(node)] for above, nodes in self.children.items()
        }
        return {above: nodes for above, nodes in found.items() if len(nodes) > 1}

    @cached_property
    def call_nodes(self) -> list[int]:
        """All calls of the trace, by start."""
        return [node for node in self._by_start if self.parent[node] >= 0 and self.is_call(node)]

    @cached_property
    def _by_start(self) -> list[int]:
        """Those that were received and are looked at."""
        nodes = np.flatnonzero(self._looked)
        by_start: list[int] = nodes[
            np.lexsort((self.forest.end_ns[nodes], self.forest.start_ns[nodes]))
        ].tolist()
        return by_start

    @cached_property
    def with_children(self) -> Bool:
        found = np.zeros(len(self.forest) + 1, np.bool_)  # the last is for the parent of roots
        found[self.forest.parent[self.forest.source >= 0]] = True
        return found

    def all_children(self, node: int) -> list[int]:
        """Also those that are not looked at, for they may explain something."""
        children: list[int] = np.flatnonzero(
            (self.forest.parent == node) & (self.forest.source >= 0)
        ).tolist()
        return children

    @cached_property
    def on_path_ns(self) -> dict[int, int]:
        """Of each span that the path enters, the time of the path in it and below it."""
        found: dict[int, int] = {}
        own = self.facts.critical_ns
        nodes = np.flatnonzero(own)
        order: list[int] = []
        seen = set()
        for node in nodes.tolist():
            while node >= 0 and node not in seen:
                seen.add(node)
                order.append(node)
                node = self.parent[node]
        for node in sorted(order, key=self._depth.__getitem__, reverse=True):
            found[node] = found.get(node, 0) + int(own[node])
            if self.parent[node] >= 0:
                found[self.parent[node]] = found.get(self.parent[node], 0) + found[node]
        return found

    def path_sum(self, nodes: Iterable[int]) -> int:
        """Time of the path in these spans and below; none of them is below another."""
        return sum(self.on_path_ns.get(node, 0) for node in nodes)

    def gain_without(self, nodes: list[int]) -> int:
        """How much shorter the response could be without these spans and all below them."""
        at_most = self.path_sum(nodes)
        if at_most < MEDIUM_SHARE * self.response_ns or self._replays == _REPLAYS:
            return at_most
        self._replays += 1
        gone = np.zeros(len(self.forest), np.bool_)
        gone[nodes] = True
        gone = gathered_from_above(self.forest.parent, gone, np.logical_or) & (self.forest.source >= 0)
        return self.response_ns - self._schedule.faster(gone, 1.0).response_ns

    def grouped(self, nodes: list[int]) -> Iterator[list[int]]:
        """Calls of one service for the same of the same party, each group by start."""
        groups: dict[tuple[int, str, str, str], list[int]] = {}
        for node in nodes:
            groups.setdefault((self.service[node], self.call(node).type, *self.operation(node)), []).append(
                node
            )
        yield from groups.values()

    def finding(
        self,
        code: str,
        nodes: list[int],
        message: str,
        gain_ns: int | None = None,
        *,
        severity: str = "",
        parent: int = -1,
        **numbers: int,
    ) -> Finding:
        """`severity` follows from the gain and is at most the one given; without a gain it is the one given."""
        share = (gain_ns or 0) / self.response_ns if self.response_ns else 0.0
        reached = "high" if share >= HIGH_SHARE else "medium" if share >= MEDIUM_SHARE else "info"
        if gain_ns is None:
            reached = severity or "info"
        severity = max(reached, severity or "high", key=SEVERITIES.index)
        if message.startswith(_LOST):
            message = message[0].upper() + message[1:]
        return Finding(code, severity, nodes, parent, gain_ns or 0, message, numbers)

    @property
    def is_batch(self) -> bool:
        """Nobody waits for it: many calls are its nature."""
        return self.kind[self.root] == Kind.CONSUMER or self.response_ns > 30_000_000_000

    @cached_property
    def _depth(self) -> list[int]:
        parent = self.forest.parent
        depth: list[int] = gathered_from_above(parent, (parent >= 0).astype(np.int64), np.add).tolist()
        return depth

    @cached_property
    def _schedule(self) -> Schedule:
        return Schedule(self.forest, self.root, self.facts.path)


def overlaps(scene: Scene, before: int, after: int) -> bool:
    """`before` starts first."""
    return scene.start[after] < scene.end[before]


def pairs_in_turn(scene: Scene, nodes: list[int]) -> bool:
    """None begins before the one before it has ended."""
    return not any(overlaps(scene, before, after) for before, after in pairwise(nodes))


def quoted(text: str, most: int = 80) -> str:
    return f"“{text if len(text) <= most else text[: most - 1] + '…'}”"
