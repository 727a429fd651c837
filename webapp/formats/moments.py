"""Points in time as records give them, checked: what cannot be a time is unknown (0) and warned about."""

from webapp.formats import units
from webapp.formats.notes import Notes


def checked(time_ns: int | None, notes: Notes, where: str) -> int:
    """`time_ns` is None when what was written is no number."""
    if time_ns is None or not units.is_clock_time(time_ns):
        notes.warn("bad_time", where=where)
        return 0
    return time_ns


def from_us(written: object, notes: Notes, where: str) -> int:
    """Absent is unknown."""
    return 0 if written is None else checked(units.scaled_ns(written, "us"), notes, where)


def after(start_ns: int, length_us: object, notes: Notes, where: str) -> int:
    """The end of what took `length_us`; absent is unknown."""
    if length_us is None:
        return 0
    length_ns = units.scaled_ns(length_us, "us")
    return checked(None if length_ns is None else start_ns + length_ns, notes, where)
