"""How the columns of one table become spans: the field of each, and what is left as attributes. Names alone, no values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from webapp.formats.tables import names
from webapp.formats.tables.asking import UnknownTable
from webapp.formats.tables.mapping import Mapping, Named
from webapp.formats.tables.names import letters

MOST_COLUMNS = 2_000  # as attributes of one span; more is no table of spans
NO_MAPPING = Mapping()

_NEEDED = ("trace_id", "span_id", "name", "start")
_NEEDED_WHEN_MAPPED = ("trace_id", "start")
_OTEL_TRACES = {"timestamp", "traceid", "spanid", "spanname", "duration"}
_OF_LOGS = {"message", "msg", "log", "body", "logmessage", "severitytext", "logattributes", "content"}
_PREFIX = re.compile(r"(?:span_?)?(?:attributes|attrs|tags|labels)\.(.+)", re.IGNORECASE)
_RESOURCE_PREFIX = re.compile(r"resource(?:_?attributes)?\.(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """`fields`: field -> column. `units`: what names of time columns declare. The rest are attributes:

    `maps` and `resource_maps` hold many in a cell, `extras` and `resource_extras` (column -> key) one each.
    """

    columns: tuple[str, ...]
    fields: dict[str, str]
    units: dict[str, str] = field(default_factory=dict)
    maps: tuple[str, ...] = ()
    resource_maps: tuple[str, ...] = ()
    extras: dict[str, str] = field(default_factory=dict)
    resource_extras: dict[str, str] = field(default_factory=dict)
    left_out: int = 0  # columns beyond `MOST_COLUMNS`

    @property
    def used(self) -> list[str]:
        """In the order of the table."""
        wanted = {*self.fields.values(), *self.maps, *self.resource_maps, *self.extras, *self.resource_extras}
        return [column for column in self.columns if column in wanted]

    @property
    def has_pending_spans(self) -> bool:
        """Logfire's table of records, where a span is written when it starts and again when it ends."""
        spelled = {letters(column) for column in self.columns}
        return "kind" in self.fields and not spelled.isdisjoint(
            {"otelstatuscode", "otelevents", "pendingspan"}
        )


def layout_of(columns: Sequence[str], mapping: Mapping = NO_MAPPING) -> Layout:
    """Raises UnknownTable when rows of these columns cannot be known to be spans. No name may be there twice."""
    named = mapping.among(set(columns)) if mapping else []
    fields, units = _fields_of(columns, named)
    mapped = bool(named)
    missing = [name for name in (_NEEDED_WHEN_MAPPED if mapped else _NEEDED) if name not in fields]
    if not mapped and "end" not in fields and "duration" not in fields:
        missing.append("duration")
    spelled = {letters(column) for column in columns[:MOST_COLUMNS]}
    is_log = "parent_span_id" not in fields and not spelled.isdisjoint(_OF_LOGS)
    if missing or (is_log and not mapped):
        absent = [one.column for one in mapping if one.column not in columns]
        raise UnknownTable(columns, fields, missing, absent)
    if spelled >= _OTEL_TRACES:
        units.setdefault("duration", "ns")
    elif {"operationid", "operationparentid"} <= spelled:  # Azure Application Insights
        units.setdefault("duration", "ms")
    return _with_attributes(columns, fields, units)


def _fields_of(columns: Sequence[str], named: Sequence[Named]) -> tuple[dict[str, str], dict[str, str]]:
    """Column and unit of each field: as the user says, else by the surest name, with a unit rather than without."""
    fields = {one.field: one.column for one in named}
    units = {one.field: one.unit for one in named if one.unit}
    taken = set(fields.values())
    best: dict[str, tuple[int, bool, int]] = {}
    for position, column in enumerate(columns):
        found = names.meaning(column)
        if not found.field or found.field in fields or column in taken:
            continue
        order = (found.rank, not found.unit, position)
        if found.field not in best or order < best[found.field]:
            best[found.field] = order
    fields |= {name: columns[position] for name, (_, _, position) in best.items()}
    for name, column in fields.items():
        if name in names.TIMES and name not in units and (unit := names.meaning(column).unit):
            units[name] = unit
    return fields, units


def _with_attributes(columns: Sequence[str], fields: dict[str, str], units: dict[str, str]) -> Layout:
    taken = set(fields.values())
    rest = [column for column in columns if column not in taken]
    kept = rest[:MOST_COLUMNS]
    maps = tuple(column for column in kept if letters(column) in names.ATTRIBUTE_MAPS)
    resource_maps = tuple(column for column in kept if letters(column) in names.RESOURCE_MAPS)
    extras: dict[str, str] = {}
    resource_extras: dict[str, str] = {}
    for column in kept:
        if column in maps or column in resource_maps:
            continue
        if inner := _RESOURCE_PREFIX.fullmatch(column):
            resource_extras[column] = inner[1]
        elif key := names.RESOURCE_KEYS.get(letters(column)):
            resource_extras[column] = key
        else:
            inner = _PREFIX.fullmatch(column)
            extras[column] = inner[1] if inner else column
    return Layout(
        tuple(columns),
        fields,
        units,
        maps,
        resource_maps,
        extras,
        resource_extras,
        len(rest) - len(kept),
    )


def unique(columns: Sequence[str]) -> list[str]:
    """Each name once: the second `id` is `id_2`; a column without a name has its number."""
    seen: dict[str, int] = {}
    found = []
    for number, written in enumerate(columns, 1):
        name = written.strip() or f"column {number}"
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return found
