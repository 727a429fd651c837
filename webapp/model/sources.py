"""A source as its own page and the list of all show it. What `inspect` prints of it is in `results.py`."""

from dataclasses import dataclass

from webapp.model.results import SourceReport


@dataclass(frozen=True, slots=True)
class Source:
    """`is_receiver`: what is sent here; else a file that was read, or refused."""

    source_id: int
    report: SourceReport
    is_receiver: bool


@dataclass(frozen=True, slots=True)
class SourceTimes:
    """From the first start to the last end of its spans in ns, 0 where none has a time."""

    first_ns: int
    last_ns: int
