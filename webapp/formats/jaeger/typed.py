"""Tags that keep each type of value in a field of its own: protobuf's as JSON, old dumps of Go's, rows of Cassandra."""

import base64
import binascii
import struct
from typing import Any

Tag = dict[str, Any]

_TYPES = ("string", "bool", "int64", "float64", "binary")  # in the order of protobuf's numbers for them
_FIELDS = {
    "string": ("vstr", "valuestring"),
    "bool": ("vbool", "valuebool", "vnum"),
    "int64": ("vint64", "valuelong", "vnum"),
    "float64": ("vfloat64", "valuedouble", "vnum"),
    "binary": ("vbinary", "valuebinary", "vblob"),
}
_DEFAULTS: dict[str, Any] = {"string": "", "bool": False, "int64": 0, "float64": 0.0, "binary": ""}


def tag(written: Tag) -> Tag:
    """In the API's spelling: `key`, `type`, `value`. What protobuf leaves out has its default; others stay as they are."""
    members = {key.replace("_", "").lower(): value for key, value in written.items()}
    kind = _type(members)
    if kind is None:
        return written
    value = next((members[name] for name in _FIELDS[kind] if members.get(name) is not None), _DEFAULTS[kind])
    if "vnum" in members:
        value = _number(value, kind)
    return {"key": members.get("key", ""), "type": kind, "value": value}


def _type(members: Tag) -> str | None:
    """None if it is no tag of these kinds."""
    named = members.get("vtype", members.get("valuetype"))
    if isinstance(named, str) and named.lower() in _TYPES:
        return named.lower()
    if isinstance(named, int) and 0 <= named < len(_TYPES):
        return _TYPES[named]
    if members.keys() == {"key"}:
        return "string"
    given = [kind for kind, names in _FIELDS.items() if any(name in members for name in names)]
    return given[0] if given else None


def _number(value: Any, kind: str) -> Any:  # noqa: ANN401  whatever was written
    """Go's model once kept bool and float64 in the bits of one integer."""
    if kind == "bool" and value in (0, 1):
        return bool(value)
    if kind == "float64" and isinstance(value, int):
        return struct.unpack("<d", (value % 2**64).to_bytes(8, "little"))[0]
    return value


def binary(text: str) -> bytes | str:
    """From base64, or Cassandra's `0x…`; as it is if it is neither."""
    try:
        return bytes.fromhex(text[2:]) if text.startswith("0x") else base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text
