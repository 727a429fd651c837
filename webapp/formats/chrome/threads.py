"""The slices of one thread, nested by their times.

A  |-----------------|        B and E in pairs, or X with a length, in any order
B     |----|                  child of A
C          |-----|            child of A: it begins where B ends
D            |--|             child of C
"""

from collections.abc import Iterable

from webapp.formats.chrome.events import TraceEvent
from webapp.formats.chrome.slices import Slice, close

_FOREVER = 2**64


class Thread:
    """Remembers what was open or may still hold later work when the next events come."""

    def __init__(self) -> None:
        self.open: list[Slice] = []
        self._around: list[Slice] = []

    def nest(
        self, new: Iterable[Slice], moments: Iterable[TraceEvent]
    ) -> list[tuple[TraceEvent, Slice | None]]:
        """Gives each new slice its parent, and returns what each of `moments` lies in."""
        placed: list[tuple[TraceEvent, Slice | None]] = []
        rows: list[tuple[int, int, int, Slice | TraceEvent]] = [
            (one.start_ns, -_end(one), one.number, one) for one in new
        ]
        rows += [(moment.time_ns, 0, 0, moment) for moment in moments]
        rows.sort(key=lambda row: row[:3])
        for start_ns, _, _, one in rows:
            end_ns = one.end_ns if isinstance(one, Slice) else start_ns
            around = self._innermost(start_ns, end_ns, leave=isinstance(one, Slice))
            if isinstance(one, Slice):
                one.parent = around
                self._around.append(one)
            else:
                placed.append((one, around))
        return placed

    def _innermost(self, start_ns: int, end_ns: int | None, *, leave: bool) -> Slice | None:
        """`leave`: slices that do not hold it hold nothing that comes later either."""
        for at in range(len(self._around) - 1, -1, -1):
            one = self._around[at]
            if one.holds(start_ns, end_ns) or (not leave and one.start_ns <= start_ns == one.end_ns):
                if leave:
                    del self._around[at + 1 :]
                return one
        if leave:
            self._around.clear()
        return None

    def end(self, event: TraceEvent) -> Slice | None:
        return close(self.open, event.name, event.time_ns, event.arguments)


def _end(one: Slice) -> int:
    return _FOREVER if one.end_ns is None else one.end_ns
