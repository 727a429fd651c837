"""Attributes as JSON text and back without loss, for Parquet alone: JSON for other tools is in each format's own room.

JSON carries str, int, float, bool, None, lists and maps as they are. What it cannot say is one map with one `$` key:
`{"$bytes": base64}`, `{"$float": "nan" | "inf" | "-inf"}`, `{"$int": digits beyond 64 bits}`, and
`{"$map": {…}}` for a map that would itself read as one of these. Beyond `DEEPEST` levels "…" stands.
"""

import base64
import math

import orjson

from webapp.formats.value_text import DEEPEST
from webapp.model.spans import Attributes, Value

_MARKS = frozenset({"$bytes", "$float", "$int", "$map"})
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def to_text(attributes: Attributes) -> str:
    if not attributes:
        return "{}"
    return orjson.dumps({key: _plain(value) for key, value in attributes.items()}).decode()


def from_text(text: str) -> Attributes:
    """Raises ValueError on anything that `to_text` cannot have written."""
    if text == "{}":
        return {}
    attributes = orjson.loads(text)
    if not isinstance(attributes, dict):
        raise ValueError("attributes are a JSON object")  # noqa: TRY004  like broken JSON: bad content
    if '"$' in text:
        return {key: _restored(value) for key, value in attributes.items()}
    return attributes


def _plain(value: Value, room: int = DEEPEST) -> Value:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if _SMALLEST <= value <= _LARGEST else {"$int": str(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if not room:
        return "…"
    if isinstance(value, list):
        return [_plain(each, room - 1) for each in value]
    inner: Value = {key: _plain(each, room - 1) for key, each in value.items()}
    return {"$map": inner} if len(value) == 1 and not _MARKS.isdisjoint(value) else inner


def _restored(value: Value) -> Value:
    if isinstance(value, list):
        return [_restored(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(mark, inner)] = value.items()
        if mark == "$map" and isinstance(inner, dict):
            return {key: _restored(each) for key, each in inner.items()}
        if mark in _MARKS and isinstance(inner, str):
            return _marked(mark, inner)
    return {key: _restored(each) for key, each in value.items()}


def _marked(mark: str, text: str) -> Value:
    if mark == "$bytes":
        return base64.b64decode(text, validate=True)
    if mark == "$float":
        return float(text)
    if mark == "$int":
        return int(text)
    return {mark: text}
