"""Tables of spans that other tools write: which column means what. Making spans of the rows is in `rows.py`.

Known: the OpenTelemetry Collector's ClickHouse table `otel_traces` and what follows its names (otlp2parquet).
"""

import re
from collections.abc import Sequence

from webapp.errors import NotTraces

# field -> column names, without case, dots and underscores; the first that is there is taken
_NAMES = {
    "trace_id": ("traceid",),
    "span_id": ("spanid",),
    "parent_span_id": ("parentspanid", "parentid"),
    "trace_state": ("tracestate",),
    "flags": ("flags", "traceflags"),
    "name": ("spanname", "name", "operationname"),
    "kind": ("spankind", "kind"),
    "service": ("servicename", "service"),
    "resource": ("resourceattributes", "resource"),
    "scope_name": ("scopename",),
    "scope_version": ("scopeversion",),
    "attributes": ("spanattributes", "attributes"),
    "start": ("timestamp", "starttime", "starttimeunixnano", "startns"),
    "end": ("endtime", "endtimeunixnano", "endns"),
    "duration": ("duration", "durationnano", "durationns"),
    "status": ("statuscode", "status"),
    "status_message": ("statusmessage",),
    "events": ("events",),
    "event_times": ("eventstimestamp",),
    "event_names": ("eventsname",),
    "event_attributes": ("eventsattributes",),
    "links": ("links",),
    "link_trace_ids": ("linkstraceid",),
    "link_span_ids": ("linksspanid",),
    "link_states": ("linkstracestate",),
    "link_attributes": ("linksattributes",),
}
_REQUIRED = {"trace_id": "trace id", "span_id": "span id", "name": "span name", "start": "start time"}


def columns_by_field(columns: Sequence[str]) -> dict[str, str]:
    """Raises NotTraces, with the columns that are there and those that are not, when rows cannot be spans."""
    spelled = {letters(column): column for column in reversed(columns)}
    found = {
        field: next(spelled[name] for name in names if name in spelled)
        for field, names in _NAMES.items()
        if any(name in spelled for name in names)
    }
    missing = [words for field, words in _REQUIRED.items() if field not in found]
    if "end" not in found and "duration" not in found:
        missing.append("duration or end time")
    if missing:
        raise NotTraces(
            f"A table without columns for {', '.join(missing)}; it has {_listed(columns)}.",
            hint="Tables with the columns of the OpenTelemetry Collector's otel_traces can be read.",
        )
    return found


def letters(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())


def _listed(columns: Sequence[str]) -> str:
    if not columns:
        return "no columns"
    more = f" and {len(columns) - 30} more" if len(columns) > 30 else ""
    return ", ".join(column[:60] for column in columns[:30]) + more
