"""Go's attributes, each value with its type beside it, as plain ones. No spans."""

import base64
import binascii
from typing import Any

from webapp.formats.notes import Notes
from webapp.formats.units import INT64_MAX, INT64_MIN
from webapp.formats.value_text import is_deep
from webapp.model.spans import Attributes, Value


def attributes(pairs: object, notes: Notes, where: str) -> Attributes:
    """From a list of `{"Key": …, "Value": {"Type": "INT64", "Value": 1}}`; null is none."""
    found: Attributes = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if not isinstance(pair, dict) or not isinstance(pair.get("Key"), str):
            notes.warn("bad_attribute", where=where)
            continue
        typed = pair.get("Value")
        inner = typed.get("Value") if isinstance(typed, dict) else typed
        if isinstance(inner, (list, dict)) and is_deep(inner):
            notes.warn("too_large", where=where)
        else:
            found[pair["Key"]] = _value(typed)
    return found


def _value(typed: Any) -> Value:  # noqa: ANN401  JSON can be anything
    if not isinstance(typed, dict):
        return _plain(typed)
    kind, value = typed.get("Type"), typed.get("Value")
    if kind in ("FLOAT64", "FLOAT32") and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == "FLOAT64SLICE" and isinstance(value, list):
        return [_value({"Type": "FLOAT64", "Value": one}) for one in value]
    if kind == "BYTESLICE" and isinstance(value, str):
        return _bytes(value)
    if kind == "SLICE" and isinstance(value, list):
        return [_value(one) for one in value]
    if kind == "MAP" and isinstance(value, list):
        return {str(one.get("Key")): _value(one.get("Value")) for one in value if isinstance(one, dict)}
    return _plain(value)


def _plain(value: Any) -> Value:  # noqa: ANN401  JSON can be anything
    if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
        return str(value)
    found: Value = value
    return found


def _bytes(text: str) -> Value:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text
