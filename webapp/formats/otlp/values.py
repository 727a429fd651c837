"""OTLP attribute values to ours: typed scalars as they are, arrays, maps and bytes decoded. No spans here."""

import math
from base64 import b64decode
from binascii import Error as BadBase64
from sys import intern

import msgspec

from webapp.formats.json_stream import Document
from webapp.formats.notes import Notes
from webapp.formats.otlp.wire import AnyValue, KeyValue, in_camel
from webapp.formats.units import INT64_MAX, INT64_MIN, whole_number
from webapp.model.spans import Attributes, Value


def attributes(pairs: list[KeyValue] | None, notes: Notes, document: Document) -> Attributes:
    """The hot loop of a load: strings first, since most values are strings; one copy of each key, since few differ."""
    found: Attributes = {}
    for pair in pairs or ():
        key, value = intern(pair.key), pair.value
        if value is None:
            found[key] = None
        elif (text := value.string_value) is not None:
            found[key] = text
        elif (number := value.int_value) is not None:
            found[key] = number
        elif (truth := value.bool_value) is not None:
            found[key] = truth
        elif (fraction := value.double_value) is not None:
            found[key] = fraction
        else:
            try:
                found[key] = _composite(value)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                notes.warn("bad_attribute", where=document.where)
    return found


def _composite(value: AnyValue) -> Value:
    if value.bytes_value is not None:
        return _bytes(value.bytes_value)
    for key, raw in (("arrayValue", value.array_value), ("kvlistValue", value.kvlist_value)):
        text = bytes(raw)
        if text and text != b"null":
            return plain({key: msgspec.json.decode(in_camel(text))})
    return None


def plain(value: object) -> Value:
    """An undecoded AnyValue, however its parts are typed; what is no AnyValue (`"x"`, `5`) stands for itself."""
    if isinstance(value, str | bool | float) or value is None:
        return value
    if isinstance(value, int):
        return whole(value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return str(value)
    for key, part in value.items():
        if key in _READ and part is not None:
            return _READ[key](part)
    return None if not value or all(part is None for part in value.values()) else mapping(value)


def mapping(value: dict[str, object]) -> dict[str, Value]:
    """A map that some exporters write where OTLP has a list of keys and values."""
    return {key: plain(part) for key, part in value.items()}


def whole(value: object) -> Value:
    """An int64 in any spelling. What does not fit one is kept as a float, what is no number as text."""
    number = whole_number(value)
    if number is None:
        return str(value)
    fits = INT64_MIN <= number <= INT64_MAX
    try:
        return number if fits and float(str(value)) == float(number) else float(str(value))
    except (ValueError, OverflowError):
        return str(value)


def _text(part: object) -> Value:
    return part if isinstance(part, str) else msgspec.json.encode(part).decode()


def _truth(part: object) -> Value:
    return part.strip().lower() == "true" if isinstance(part, str) else bool(part)


def _fraction(part: object) -> Value:
    """Also "NaN", "Infinity" and "-Infinity", as proto3 JSON spells them."""
    try:
        return float(part) if isinstance(part, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return str(part)


def _array(part: object) -> Value:
    values = part.get("values") if isinstance(part, dict) else part
    return [plain(one) for one in values] if isinstance(values, list) else []


def _map(part: object) -> Value:
    if isinstance(part, dict) and "values" not in part:
        return mapping(part)
    values = part.get("values") if isinstance(part, dict) else part
    if not isinstance(values, list):
        return {}
    pairs = [one for one in values if isinstance(one, dict) and "key" in one]
    return {str(pair["key"]): plain(pair.get("value")) for pair in pairs}


def _bytes(part: object) -> Value:
    text = str(part).replace("-", "+").replace("_", "/")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (BadBase64, ValueError):
        return str(part)


_READ = {
    "stringValue": _text,
    "intValue": whole,
    "boolValue": _truth,
    "doubleValue": _fraction,
    "arrayValue": _array,
    "kvlistValue": _map,
    "bytesValue": _bytes,
}
