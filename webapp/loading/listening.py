"""What listens where, what came of it and when: told by listeners and `live.py`, read by pages. Nothing is on disk."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Receiver:
    """What spans are sent to: a source with this name, and the format that it takes."""

    name: str
    format: str


@dataclass(frozen=True, slots=True)
class ReceiverState:
    """`spans` and `rejected` (records left out) are of the store's whole life, the rest of this run."""

    name: str
    format: str
    address: str  # where to send; "" if it does not listen in this run
    spans: int
    rejected: int
    last_seen_ns: int  # since 1970; 0 if nothing came yet
    also: tuple[str, ...] = ()  # further addresses
    refused: int = 0  # bodies and datagrams of which nothing was kept
    refusal: str = ""  # why the last of these was
    problem: str = ""  # why it does not listen where it should


@dataclass(slots=True)
class _Known:
    addresses: list[str] = field(default_factory=list)
    last_seen_ns: int = 0
    refused: int = 0
    refusal: str = ""
    problem: str = ""


class Listening:
    """Of one application."""

    def __init__(self) -> None:
        self._known: dict[Receiver, _Known] = {}
        self._lock = threading.Lock()

    def at(self, receiver: Receiver, address: str) -> None:
        """The receiver listens there, too."""
        with self._lock:
            addresses = self._of(receiver).addresses
            if address not in addresses:
                addresses.append(address)

    def cannot(self, receiver: Receiver, problem: str) -> None:
        """It should listen somewhere and does not."""
        with self._lock:
            self._of(receiver).problem = problem

    def seen(self, receiver: Receiver) -> None:
        """A body came that was taken."""
        with self._lock:
            self._of(receiver).last_seen_ns = time.time_ns()

    def refuse(self, receiver: Receiver, why: str, count: int = 1) -> None:
        """Nothing of these bodies was kept."""
        with self._lock:
            known = self._of(receiver)
            known.refused += count
            known.refusal = why

    @property
    def newest_ns(self) -> int:
        """When anything came last; 0 for never."""
        with self._lock:
            return max((known.last_seen_ns for known in self._known.values()), default=0)

    def states(self, counts: Mapping[Receiver, tuple[int, int]]) -> list[ReceiverState]:
        """In the order in which they were told, then those of earlier runs. `counts`: spans and rejected records."""
        with self._lock:
            return [
                _state(receiver, self._known.get(receiver, _Known()), *counts.get(receiver, (0, 0)))
                for receiver in dict.fromkeys([*self._known, *counts])
            ]

    def _of(self, receiver: Receiver) -> _Known:
        return self._known.setdefault(receiver, _Known())


def _state(receiver: Receiver, known: _Known, spans: int, rejected: int) -> ReceiverState:
    return ReceiverState(
        name=receiver.name,
        format=receiver.format,
        address=known.addresses[0] if known.addresses else "",
        spans=spans,
        rejected=rejected,
        last_seen_ns=known.last_seen_ns,
        also=tuple(known.addresses[1:]),
        refused=known.refused,
        refusal=known.refusal,
        problem=known.problem,
    )
