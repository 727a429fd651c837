"""Exceptions and stack frames of Elastic as the text and attributes of OpenTelemetry. No spans."""

from collections.abc import Iterator
from typing import Any

from webapp.model.spans import Attributes, Value

_MOST_LINES = 1_000
_DEEPEST = 20


def frames_text(frames: Value) -> str:
    return "\n".join(_frame_lines(frames))


def exception_attributes(exception: Any) -> Attributes:  # noqa: ANN401  JSON can be anything
    """`exception` is one, or Elasticsearch's list of it and its causes."""
    chain = exception if isinstance(exception, list) else [exception]
    chain = [one for one in chain if isinstance(one, dict)]
    if not chain:
        return {}
    first = chain[0]
    found: Attributes = {}
    for key in ("type", "message"):
        if isinstance(first.get(key), str):
            found[f"exception.{key}"] = first[key]
    for key in ("handled", "code", "module"):
        if isinstance(first.get(key), (str, int)):
            found[f"exception.{key}"] = first[key]
    lines = [*_chain_lines(first, _DEEPEST)]
    for cause in chain[1:]:
        lines += ["Caused by: " + _title(cause), *_frame_lines(cause.get("stacktrace"))]
    if len(lines) > 1:
        found["exception.stacktrace"] = "\n".join(lines[:_MOST_LINES])
    return found


def _chain_lines(exception: dict[str, Any], room: int) -> Iterator[str]:
    yield _title(exception)
    yield from _frame_lines(exception.get("stacktrace"))
    causes = exception.get("cause")
    for cause in causes if isinstance(causes, list) and room else ():
        if isinstance(cause, dict):
            title, *rest = _chain_lines(cause, room - 1)
            yield f"Caused by: {title}"
            yield from rest


def _title(exception: dict[str, Any]) -> str:
    return ": ".join(str(exception[key]) for key in ("type", "message") if exception.get(key))


def _frame_lines(frames: Any) -> Iterator[str]:  # noqa: ANN401  JSON can be anything
    for frame in frames if isinstance(frames, list) else ():
        if isinstance(frame, dict):
            line = frame.get("lineno", frame.get("line"))
            number = line.get("number") if isinstance(line, dict) else line
            file = frame.get("filename") or frame.get("abs_path") or frame.get("classname") or "?"
            place = f"{file}:{number}" if number is not None else str(file)
            yield f"    at {frame['function']} ({place})" if frame.get("function") else f"    at {place}"
