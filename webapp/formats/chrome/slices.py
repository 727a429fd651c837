"""Slices: work that a trace event file tells of, while it is not known yet what lies in it. No events, no spans."""

from dataclasses import dataclass, field

from webapp.model.spans import Attributes, Event, Link


@dataclass(slots=True, eq=False)
class Slice:
    """Times on the file's clock; `end_ns` None while it is open."""

    number: int
    name: str
    category: str
    process: str
    thread: str
    start_ns: int
    end_ns: int | None
    arguments: Attributes
    where: str
    parent: "Slice | None" = None
    events: list[Event] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    given: bool = False  # already made into a span

    def holds(self, start_ns: int, end_ns: int | None) -> bool:
        """Whether work from `start_ns` to `end_ns` can lie within. What begins at the very end does not."""
        if self.end_ns is None:
            return self.start_ns <= start_ns
        at_the_end = start_ns == self.end_ns > self.start_ns
        return self.start_ns <= start_ns and (end_ns or start_ns) <= self.end_ns and not at_the_end


def close(open_slices: list[Slice], name: str, end_ns: int, arguments: Attributes) -> Slice | None:
    """Ends the innermost of this name, else the innermost; None if nothing is open. Some tracers end without a name."""
    if not open_slices:
        return None
    same = [at for at, one in enumerate(open_slices) if one.name == name]
    ended = open_slices.pop(same[-1] if same else -1)
    ended.end_ns = max(end_ns, ended.start_ns)
    ended.arguments |= arguments
    return ended
