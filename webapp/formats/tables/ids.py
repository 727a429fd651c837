"""Columns of ids: 32 or 16 hex digits as they are, other spellings made ours, text that is no id hashed. Notes say which."""

import re
from collections.abc import Sequence
from typing import Any

from webapp.formats import units
from webapp.formats.notes import Notes
from webapp.formats.tables import cells
from webapp.formats.tables.batch import Batch, Place

_NORMAL = {32: re.compile(r"(?!0{32})[0-9a-f]{32}"), 16: re.compile(r"(?!0{16})[0-9a-f]{16}")}


def ids(column: Sequence[Any], digits: int, notes: Notes, place: Place) -> list[str]:
    """Empty for what is none."""
    normal = _NORMAL[digits].fullmatch
    return [
        value if value.__class__ is str and normal(value) else _id(value, digits, notes, place, row)
        for row, value in enumerate(column)
    ]


def span_ids(batch: Batch, traces: Sequence[str], notes: Notes) -> list[str]:
    """Where no column holds them, made of the place of the row."""
    if batch.has("span_id"):
        return ids(batch.of("span_id"), 16, notes, batch.place)
    notes.warn("id_hashed", "Span ids were made of the numbers of the rows, as no column holds them.")
    return [units.hashed_id(f"{trace} {batch.place(row)}", 16) for row, trace in enumerate(traces)]


def parents(batch: Batch, notes: Notes) -> list[str]:
    """Azure names the trace as the parent of its root."""
    if not batch.has("parent_span_id"):
        return [""] * batch.rows
    column = batch.of("parent_span_id")
    traces = batch.of("trace_id")
    normal = _NORMAL[16].fullmatch
    return [
        value
        if value.__class__ is str and normal(value)
        else ""
        if not value or (value == trace and len(str(value)) > 16)
        else _id(value, 16, notes, batch.place, row)
        for row, (value, trace) in enumerate(zip(column, traces, strict=True))
    ]


def written(value: object, normal: str) -> str:
    """What `Span.written_*_id` holds; bytes are no spelling."""
    if value == normal:
        return ""
    if isinstance(value, bytes):
        value = value.decode("latin-1") if len(value) >= len(normal) else None
    return units.written_form(value.strip() if isinstance(value, str) else value, normal)


def _id(value: object, digits: int, notes: Notes, place: Place, row: int) -> str:
    found = cells.written_id(value, digits)
    known = units.read_id(found, digits)
    if known is None and isinstance(found, str) and found.strip("0"):
        notes.warn("id_hashed", where=units.id_place(place(row), digits, found))
        return units.hashed_id(found, digits)
    if known and known.unusual:
        notes.warn("id_padded", where=place(row))
    return known.hex if known else ""
