"""Rows of Jaeger's table `traces` in Cassandra: cqlsh's COPY and SELECT, and CSV of other tools.

Rows come out by their columns' names, `spelling.py` brings those to the API's. The lines are taken apart in `rows.py`,
values in `cql.py`. Rows as JSON documents need no room: they are read like other records.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO

from webapp.formats import units
from webapp.formats.jaeger import cql, rows
from webapp.formats.jaeger.rows import Row
from webapp.formats.jaeger.spans import Group
from webapp.formats.jaeger.tags import JsonObject
from webapp.formats.notes import Notes

_NEEDED = {"trace_id", "span_id", "operation_name", "start_time"}
# without a header, COPY writes the key and then the others by name
_KEY_THEN_NAMES = ("trace_id", "span_id", "span_hash", "duration", "flags", "logs", "operation_name", "parent_id",
                   "process", "refs", "start_time", "tags")  # fmt: skip
_FIRST_ROW = re.compile(rb'"?0x[0-9a-fA-F]{2,32}"?[,;\t|]-?\d+[,;\t|]-?\d+[,;\t|]')
_NESTED = ("tags", "logs", "refs", "process")
_SIGNED = ("span_id", "parent_id")
_AS_JSON = ["[json]"]
_process = lru_cache(200)(cql.value)  # few processes make many spans


def looks_like(start: bytes) -> str | None:
    if _FIRST_ROW.match(start) and b"service_name" in start:
        return "Jaeger rows of Cassandra: cells in the order of COPY"
    columns = rows.columns_of(start)
    if columns == _AS_JSON and b"operation_name" in start:
        return "Jaeger rows of Cassandra: column `[json]`"
    if set(columns) >= _NEEDED and {"span_hash", "refs", "process"} & set(columns):
        return "Jaeger rows of Cassandra: columns `trace_id`, `span_id`, `operation_name`"
    return None


def groups(stream: BinaryIO, notes: Notes) -> Iterator[Group]:
    for row in rows.read(stream, notes, unnamed=_KEY_THEN_NAMES):
        record = _record(row, notes)
        if record is None:
            notes.reject("bad_record", where=row.where)
        else:
            yield Group([record], row.where)


def _record(row: Row, notes: Notes) -> JsonObject | None:
    if row.columns == _AS_JSON:
        return _decoded(row.cells[0])
    record: JsonObject = dict(zip(row.columns, row.cells, strict=True))
    for name in _SIGNED:
        record[name] = units.whole_number(record.get(name)) if record.get(name) else None
    for name in _NESTED:
        try:
            value = _process if name == "process" else cql.value
            record[name] = value(record.get(name) or "")
        except ValueError:
            record[name] = None
            notes.warn("bad_attribute", where=row.where)
    return record


def _decoded(cell: str) -> JsonObject | None:
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
