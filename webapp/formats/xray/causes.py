"""Why a segment failed: its exceptions as events, and references to exceptions elsewhere in the trace. No segments."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from webapp.formats.value_text import as_text
from webapp.formats.xray.documents import Record
from webapp.formats.xray.words import OWN, JsonObject
from webapp.model.spans import Attributes, Event

_KEPT = ("id", "remote", "truncated", "skipped", "cause")


@dataclass(slots=True)
class Cause:
    message: str = ""
    attributes: Attributes = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


class Causes:
    """Knows the exceptions of the whole trace, since a cause may be nothing but the id of one."""

    def __init__(self, trace: list[Record]) -> None:
        self._messages: dict[str, str] = {}
        for record in trace:
            for one in _exceptions(record.fields.get("cause")):
                if isinstance(one.get("id"), str):
                    self._messages.setdefault(one["id"], _words(one))

    def of(self, fields: JsonObject, time_ns: int) -> Cause:
        written = fields.get("cause")
        if isinstance(written, (str, int, float)) and not isinstance(written, bool):
            reference = as_text(written)
            return Cause(self._messages.get(reference, ""), {OWN + "exception.id": reference})
        if not isinstance(written, dict):
            return Cause()
        exceptions = list(_exceptions(written))
        found = Cause(
            message=next(filter(None, map(_words, exceptions)), "") or _text(written.get("message")),
            events=[_event(one, time_ns) for one in exceptions],
        )
        for key, value in written.items():
            if key != "exceptions" and value not in (None, "", []):
                found.attributes[f"{OWN}cause.{key}"] = value
        return found


def _exceptions(cause: object) -> Iterator[JsonObject]:
    found = cause.get("exceptions") if isinstance(cause, dict) else None
    yield from (one for one in (found if isinstance(found, list) else ()) if isinstance(one, dict))


def _words(exception: JsonObject) -> str:
    return _text(exception.get("message")) or _text(exception.get("type"))


def _event(exception: JsonObject, time_ns: int) -> Event:
    attributes: Attributes = {}
    for key in ("type", "message"):
        if exception.get(key) is not None:
            attributes[f"exception.{key}"] = _text(exception[key])
    if stack := exception.get("stack"):
        attributes["exception.stacktrace"] = _stack(stack)
    for key in _KEPT:
        if exception.get(key) not in (None, False, 0, ""):
            attributes[f"{OWN}exception.{key}"] = exception[key]
    return Event("exception", time_ns, attributes)


def _stack(stack: object) -> str:
    """One line a frame, innermost first as X-Ray has them."""
    if not isinstance(stack, list):
        return _text(stack)
    frames = [one for one in stack if isinstance(one, dict)]
    return "\n".join(
        f"at {_text(one.get('label')) or '?'} ({_text(one.get('path'))}:{_text(one.get('line'))})"
        for one in frames
    )


def _text(value: object) -> str:
    if isinstance(value, (str, int, float, list, dict)):
        return as_text(value)
    return ""
