"""One trace event, checked. What several of them mean together is elsewhere."""

from typing import Any, NamedTuple

from webapp.formats import units
from webapp.formats.notes import Notes
from webapp.formats.value_text import is_deep
from webapp.model.spans import Attributes

Json = dict[str, Any]

_TIMES = ("ts", "dur", "tts", "tdur")
_KNOWN = frozenset({"ph", "name", "cat", "pid", "tid", "id", "id2", "args", "scope", "bp", "s", *_TIMES})
_SPANS = ("X", "B", "b", "S")  # phases of which each is a span


class TraceEvent(NamedTuple):
    """`time_ns` on the file's clock; `length_ns` None if it is not said; `key`: of asynchronous ones."""

    phase: str
    name: str
    category: str
    process: str
    thread: str
    time_ns: int
    length_ns: int | None
    key: str
    arguments: Attributes
    where: str


def is_event(one: Json) -> bool:
    phase = one.get("ph")
    return isinstance(phase, str) and len(phase) == 1 and ("ts" in one or (phase == "M" and "pid" in one))


def event_of(told: Json, notes: Notes, where: str) -> TraceEvent | None:
    """None, with a note, if it has no time."""
    time_ns = units.scaled_ns(told.get("ts"), "us")
    if time_ns is None or abs(time_ns) > units.INT64_MAX:
        if told["ph"] in _SPANS:
            notes.reject("bad_record", where=where)
        else:
            notes.warn("bad_time", where=where)
        return None
    return TraceEvent(
        phase=told["ph"],
        name=_text(told.get("name")),
        category=_text(told.get("cat")),
        process=_text(told.get("pid")),
        thread=_text(told.get("tid")),
        time_ns=time_ns,
        length_ns=_length_ns(told, notes, where),
        key=_key(told),
        arguments=_arguments(told, notes, where),
        where=where,
    )


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, int, float)) else ""


def _length_ns(told: Json, notes: Notes, where: str) -> int | None:
    """Some tracers say only how long the thread was busy."""
    written = told.get("dur", told.get("tdur"))
    length_ns = None if written is None else units.scaled_ns(written, "us")
    if written is not None and (length_ns is None or not 0 <= length_ns <= units.INT64_MAX):
        notes.warn("bad_time", where=where)
        return None
    return length_ns


def _key(told: Json) -> str:
    """An id is of the whole file, unless it says that it is of its process only."""
    both = told.get("id2")
    both = both if isinstance(both, dict) else {}
    if "local" in both:
        return f"{_text(told.get('pid'))}/{_text(both['local'])}/{_text(told.get('scope'))}"
    return f"{_text(both.get('global', told.get('id')))}/{_text(told.get('scope'))}"


def _arguments(told: Json, notes: Notes, where: str) -> Attributes:
    args = told.get("args")
    found: Attributes = dict(args) if isinstance(args, dict) else {} if args is None else {"args": args}
    for key, value in told.items():
        if key not in _KNOWN and value:
            found.setdefault(key, value)
    deep = [key for key, value in found.items() if isinstance(value, (list, dict)) and is_deep(value)]
    for key in deep:
        notes.warn("too_large", where=where)
        del found[key]
    return found
