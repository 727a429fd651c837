"""The value of any field of a span as text, in SQL: what spans are grouped by, and what is shown beside them.

A field is a key of the query language: service, name, kind, status, trace.root, trace.bottleneck, or an attribute, with
or without its scope. Conditions on fields: `places.py`.
"""

from webapp.query.keys import KINDS, STATUSES
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.compare import Place
from webapp.store.conditions.places import OWN_PLACES, attribute_places
from webapp.store.conditions.where import Where

_NAMES = {
    "service": "(SELECT service FROM services x WHERE x.service_id = s.service_id)",
    "name": "(SELECT name FROM operations x WHERE x.operation_id = s.operation_id)",
    "scope.name": "(SELECT name FROM scopes x WHERE x.scope_id = s.scope_id)",
    "scope.version": "(SELECT version FROM scopes x WHERE x.scope_id = s.scope_id)",
    "trace.root": "(SELECT root_service || ' · ' || root_name FROM traces x WHERE x.trace_id = s.trace_id)",
    "trace.root.service": "(SELECT root_service FROM traces x WHERE x.trace_id = s.trace_id)",
    "trace.bottleneck": "(SELECT verdict_service || ' · ' || verdict_name FROM traces x WHERE x.trace_id = s.trace_id)",
}
_CHOICES = {"kind": KINDS, "status": STATUSES}
_RESOURCE = "(SELECT min(text) FROM resource_attributes x WHERE x.resource_id = s.resource_id AND x.key = ?)"
DURATION = "duration"  # in ns; only for numbers
OWN_FIELDS = (*_NAMES, *_CHOICES, "error", "root")


def scope_and_key(catalogue: Catalogue, field: str) -> tuple[str, str]:
    """`("resource", "host.name")` of `resource.host.name`; scope `any` without a prefix, `own` for what is no attribute."""
    if field in OWN_FIELDS:
        return "own", field
    if catalogue.knows(field):
        return "any", field
    for scope in ("span", "resource"):
        if field.startswith(f"{scope}."):
            return scope, field.removeprefix(f"{scope}.")
    return "any", field


def is_known(catalogue: Catalogue, field: str) -> bool:
    scope, key = scope_and_key(catalogue, field)
    return scope == "own" or catalogue.knows(key)


def text_of(catalogue: Catalogue, field: str) -> Where:
    """An expression on `spans` as s, NULL where a span has no such value."""
    scope, key = scope_and_key(catalogue, field)
    if scope == "own":
        return Where(_own(key))
    places = [place for place in attribute_places(catalogue, scope, key) if isinstance(place, Place)]
    found = [_json(key) if place.type == "json" else _written(place) for place in places]
    if scope != "span":
        found.append(Where(_RESOURCE, (key,)))
    if not found:
        return Where("CAST(NULL AS VARCHAR)")
    text = f"coalesce({', '.join(each.text for each in found)})"
    return Where(text, tuple(value for each in found for value in each.values))


def number_of(catalogue: Catalogue, field: str) -> Where:
    """The same for a field with numbers: a number, or a text that may be one."""
    return Where("s.duration_ns") if field == DURATION else text_of(catalogue, field)


def _own(key: str) -> str:
    if key in _NAMES:
        return f"nullif({_NAMES[key]}, '')"
    if key in _CHOICES:
        cases = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(_CHOICES[key]))
        return f"CASE s.{key} {cases} END"
    return f"CASE WHEN {OWN_PLACES[key].expression} THEN 'true' ELSE 'false' END"


def _written(place: Place) -> Where:
    return Where(f"CAST({place.expression} AS VARCHAR)", place.values)


def _json(key: str) -> Where:
    """What only JSON can hold, as it is written."""
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return Where("CAST(json_extract(s.attributes_rest, ?) AS VARCHAR)", (pointer,))
