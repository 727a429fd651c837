"""Columns of Arrow and Parquet as plain Python values: times as whole nanoseconds, at whatever depth. No files here."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from webapp.formats import units
from webapp.formats.notes import Notes
from webapp.formats.tables.layout import Layout, layout_of, unique
from webapp.formats.tables.mapping import Mapping
from webapp.formats.tables.rows import Rows
from webapp.model.spans import Span

BatchReader = Callable[..., Iterator[Span]]


def reader(schema: pa.Schema, notes: Notes, mapping: Mapping) -> tuple[Layout, BatchReader]:
    """What makes spans of a batch of these columns, given `first_row`. Raises UnknownTable."""
    names = unique(schema.names)
    layout = layout_of(names, mapping)
    types = dict(zip(names, schema.types, strict=True))
    by_type = {field: "ns" for field, name in layout.fields.items() if ns_per_tick(types[name])}
    layout = replace(layout, units=layout.units | by_type)
    return layout, partial(_spans, layout, Rows(notes))


def _spans(layout: Layout, rows: Rows, batch: pa.RecordBatch, *, first_row: int) -> Iterator[Span]:
    """The batch may hold some of the columns of the table, in their order."""
    names = unique(batch.schema.names)
    at = {name: index for index, name in enumerate(names)}
    columns = {
        name: _shown(batch.column(at[name])) if _is_single(layout, name) else plain(batch.column(at[name]))
        for name in layout.used
        if name in at
    }
    return rows.spans(layout, columns, batch.num_rows, lambda row: f"row {first_row + row}")


def _is_single(layout: Layout, name: str) -> bool:
    return name in layout.extras or name in layout.resource_extras


def _shown(column: Any) -> list[Any]:  # noqa: ANN401  an Arrow array of any type
    """For attributes: a time is text there."""
    is_time = pa.types.is_timestamp(column.type)
    return plain(column.cast(pa.string()) if is_time else column)


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
