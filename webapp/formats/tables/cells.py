"""Single values of tables as ours: text, ids, maps, lists of records. Columns of times are in `clocks.py`."""

import re
from typing import Any

from webapp.formats import units
from webapp.formats.otlp import values as otlp_values
from webapp.formats.tables.literals import parsed
from webapp.formats.value_text import is_deep
from webapp.model.spans import Attributes, Value

_NULLS = ("", "\\N")
_NO_PARENT = frozenset(
    {"", "\\n", "root", "none", "null", "nil", "nan", "n/a", "-", "-1", "undefined", "<null>"}
)
_RESOURCE_NAME = re.compile(r"projects/[^/]+/traces/([0-9a-fA-F]{32})(?:/spans/([0-9a-fA-F]{16}))?")
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_FRACTION = re.compile(r"-?(?:0|[1-9]\d{0,14})\.\d{1,15}")
_TEXTS = frozenset({str})
_SCALARS = frozenset({str, int, float, bool})
_OTLP_VALUE = {
    spelled: f"{kind}Value"
    for kind in ("string", "int", "bool", "double", "array", "kvlist", "bytes")
    for spelled in (f"{kind}Value", f"{kind}_value")
}
_OF_RESOURCE = frozenset(
    {
        "attributes",
        "schemaUrl",
        "schema_url",
        "droppedAttributesCount",
        "dropped_attributes_count",
        "entityRefs",
    }
)
_BOOLEANS = {"true": True, "false": False, "True": True, "False": False}


def text(value: object) -> str:
    """Some writers store text as bytes; Google wraps it as `{"value": …}`."""
    if value is None or value == "\\N":
        return ""
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def written_id(value: object, digits: int) -> object:
    """As `units.read_id` takes it: raw bytes as hex, text without blanks, signed numbers as 64 bits; None for nothing."""
    if isinstance(value, bytes):
        value = value.hex() if len(value) * 2 == digits else value.decode("latin-1")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) or value is None:
        return value + 2**64 if value and -(2**63) <= value < 0 else value
    found = str(value).strip()
    if found.lower() in _NO_PARENT:
        return None
    if named := _RESOURCE_NAME.search(found):
        return named[1] if digits == 32 else named[2] or found
    return found


def identifier(value: object, digits: int) -> str:
    """An id of 32 or 16 digits, "" for none; a hash of what is no id."""
    written = written_id(value, digits)
    found = units.read_id(written, digits)
    if found:
        return found.hex
    return units.hashed_id(written, digits) if isinstance(written, str) and written.strip("0") else ""


def attributes(value: object) -> Attributes:
    """From a map (pairs), a struct (its nulls are absent keys), Google's nested map, or any of these as text.

    Raises ValueError for anything else.
    """
    if isinstance(value, (bytes, str)):
        written = text(value).strip()
        value = parsed(written) if written else None
        if value is None:
            return {}
    if (quick := _flat(value)) is not None:
        return quick
    if is_deep(value):
        raise ValueError("nested deeper than anyone reads")
    if isinstance(value, list):
        return {text(key): _of_otlp(each) for key, each in map(_pair, value)}
    if isinstance(value, dict):
        inner = value.get("attributeMap")
        if isinstance(inner, dict):
            return {key: _google(each) for key, each in inner.items()}
        if "attributes" in value and value.keys() <= _OF_RESOURCE:
            return attributes(value["attributes"])
        return {str(key): _of_otlp(each) for key, each in value.items() if each is not None}
    raise ValueError("attributes are a map, a struct or a JSON object")


def _flat(value: Any) -> Attributes | None:  # noqa: ANN401  a value of any type
    """The fast way, for maps and pairs of nothing but text and numbers."""
    if value is None:
        return {}
    found = dict(value) if isinstance(value, list) and value and isinstance(value[0], tuple) else value
    if not isinstance(found, dict) or not _SCALARS.issuperset(map(type, found.values())):
        return None
    return found if _TEXTS.issuperset(map(type, found)) else None


def _pair(one: Any) -> tuple[object, object]:  # noqa: ANN401  an element of any list
    if isinstance(one, dict) and "key" in one:
        return one["key"], one.get("value")
    if isinstance(one, (list, tuple)) and len(one) == 2:
        return one[0], one[1]
    raise ValueError("a list that is no map")


def _of_otlp(value: object) -> Value:
    """A value as OTLP wraps it, of which a struct has every member and all but one are null; any other as it is."""
    if not isinstance(value, dict) or not value or not value.keys() <= _OTLP_VALUE.keys():
        return plain(value)
    present = {_OTLP_VALUE[name]: one for name, one in value.items() if one is not None}
    raw = present.get("bytesValue")
    return plain(raw) if isinstance(raw, bytes) else otlp_values.plain(present)


def _google(value: object) -> Value:
    for name, one in value.items() if isinstance(value, dict) else ():
        if name == "intValue" and isinstance(one, str):
            return guessed(one)
        return text(one) if isinstance(one, dict) else plain(one)
    return plain(value)


def records(value: object) -> list[dict[str, Any]]:
    """A list of structs, also as text, whole or each by itself; raises ValueError for anything else."""
    if isinstance(value, (bytes, str)):
        written = text(value).strip()
        value = parsed(written) if written else None
    if value is None:
        return []
    if isinstance(value, dict):
        value = next((inner for inner in value.values() if isinstance(inner, list)), [value])
    if not isinstance(value, list):
        raise ValueError("events and links are lists")  # noqa: TRY004  like broken JSON: bad content
    found = [parsed(text(one)) if isinstance(one, (bytes, str)) and one else one for one in value]
    return [one for one in found if isinstance(one, dict)]


def parts(value: object) -> list[Any]:
    """One of the parallel lists of events or links; raises ValueError for what is no list."""
    if isinstance(value, (bytes, str)):
        written = text(value).strip()
        value = parsed(written) if written not in ("", "[]") else None
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError("events and links are lists")  # noqa: TRY004  like broken JSON: bad content
    return value


def plain(value: Any) -> Value:  # noqa: ANN401  any attribute value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if value is None or isinstance(value, (str, int, float, list, dict)):
        return value
    return str(value)  # dates, decimals, UUIDs


def guessed(value: Any) -> Value:  # noqa: ANN401  any attribute value
    """A cell of its own: text without types becomes a number or a truth value where nothing is lost by it."""
    if not isinstance(value, str):
        return plain(value)
    if value in _NULLS:
        return None
    if _WHOLE.fullmatch(value):
        return int(value)
    if _FRACTION.fullmatch(value) and repr(float(value)) == value:
        return float(value)
    return _BOOLEANS.get(value, value)
