"""The other ends of links between spans, as the store knows them. Shapes only."""

from dataclasses import dataclass

from webapp.model.spans import Attributes


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """A span at the other end of a link. Times as recorded."""

    trace_id: str
    span_id: str
    service: str
    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Linking:
    """A span whose link names another: `target_id` is the span id that it names, `attributes` are the link's."""

    end: LinkEnd
    target_id: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class LinkedTrace:
    """A trace at the other end of links. `service`, `name` of its root, "" and a start of 0 where it is not here."""

    trace_id: str
    service: str
    name: str
    start_ns: int
    links: int
