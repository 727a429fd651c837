"""Columns of foreign tables as plain Python values: times as whole nanoseconds, maps as dicts, bytes as text."""

from collections.abc import Mapping
from typing import Any

import orjson
import pyarrow as pa

from webapp.formats import tables, units
from webapp.formats.value_text import is_deep
from webapp.model.spans import Attributes


def clocks(schema: pa.Schema, fields: Mapping[str, str]) -> dict[str, str]:
    """The fields whose numbers are known to be nanoseconds: times by type, or by the name of their column."""
    types = {column.name: column.type for column in schema}
    in_ns = {
        field
        for field, name in fields.items()
        if ns_per_tick(types[name]) or tables.letters(name).endswith(("nano", "ns"))
    }
    if "events" in in_ns:
        in_ns.add("event_times")
    return dict.fromkeys(in_ns, "ns")


def plain(column: Any) -> list[Any]:  # noqa: ANN401  an Arrow array of any type
    """Python values, where `to_pylist` would cut times to µs: they stay numbers, at whatever depth, now in ns."""
    factor = ns_per_tick(column.type)
    if factor is None:
        unchanged: list[Any] = column.to_pylist()
        return unchanged
    rows: list[Any] = column.cast(_with_numbers(column.type)).to_pylist()
    if factor == 1:
        return rows
    return [_scaled(row, column.type, factor) for row in rows]


def ns_per_tick(kind: pa.DataType) -> int | None:
    """None when there is no time in this type."""
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return units.NS_PER_UNIT[kind.unit]
    inner = [kind.field(index).type for index in range(kind.num_fields)] if not pa.types.is_map(kind) else []
    found = (ns_per_tick(one) for one in inner)
    return next((factor for factor in found if factor is not None), None)


def _with_numbers(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return pa.int64()
    if pa.types.is_list(kind):
        return pa.list_(_with_numbers(kind.value_type))
    if pa.types.is_large_list(kind):
        return pa.large_list(_with_numbers(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(one.name, _with_numbers(one.type)) for one in kind.fields])
    return kind


def _scaled(value: Any, kind: pa.DataType, factor: int) -> Any:  # noqa: ANN401  rows of any type
    if value is None:
        return None
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return value * factor
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [_scaled(each, kind.value_type, factor) for each in value]
    if pa.types.is_struct(kind):
        return {one.name: _scaled(value[one.name], one.type, factor) for one in kind.fields}
    return value


def text(value: object) -> str:
    """Some writers store text as bytes."""
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def identifier(value: object, digits: int) -> str:
    """An id of 32 or 16 digits, "" for none; columns of raw 16 or 8 bytes too."""
    if isinstance(value, bytes):
        value = value.hex() if len(value) * 2 == digits else value.decode("latin-1")
    found = units.read_id(value, digits)
    return found.hex if found else ""


def attributes(value: object) -> Attributes:
    """From a map (pairs), a struct (its nulls are absent keys) or JSON text; raises ValueError for anything else."""
    if isinstance(value, (bytes, str)):
        value = orjson.loads(value) if value else {}
        if is_deep(value):
            raise ValueError("nested deeper than anyone reads")
    if value is None:
        return {}
    if isinstance(value, list):
        return {text(key): _decoded(each) for key, each in value}
    if isinstance(value, dict):
        return {key: _decoded(each) for key, each in value.items() if each is not None}
    raise ValueError("attributes are a map, a struct or a JSON object")


def records(value: object) -> list[dict[str, Any]]:
    """A list of structs, also as JSON text; raises ValueError for anything else."""
    if isinstance(value, (bytes, str)):
        value = orjson.loads(value) if value else None
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError("events and links are lists")  # noqa: TRY004  like broken JSON: bad content
    return [one for one in value if isinstance(one, dict)]


def _decoded(value: Any) -> Any:  # noqa: ANN401  any attribute value
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if value is None or isinstance(value, (str, int, float, list, dict)):
        return value
    return str(value)  # dates, decimals, UUIDs
