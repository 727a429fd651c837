"""What rows hold besides times and ids: attributes, resources, events, links. A cell that cannot be read costs itself."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from webapp.formats.notes import Notes
from webapp.formats.tables import cells
from webapp.formats.tables.batch import Batch
from webapp.formats.tables.clocks import Clocks
from webapp.formats.tables.names import letters
from webapp.model.spans import NO_RESOURCE, Attributes, Event, Link, Resource

Parts = Mapping[str, tuple[str, ...]]

# field of a parallel list -> what the same is called in a list of records
_EVENT_PARTS: Parts = {
    "event_times": ("timestamp", "time", "timeunixnano", "timens", "eventtimestamp"),
    "event_names": ("name", "eventname"),
    "event_attributes": ("attributes", "eventattributes", "attributemap"),
}
_LINK_PARTS: Parts = {
    "link_trace_ids": ("traceid",),
    "link_span_ids": ("spanid",),
    "link_states": ("tracestate",),
    "link_attributes": ("attributes",),
}
_RESOURCES_KEPT = 10_000
# a replica set's hash and a pod's suffix, as Kubernetes appends them; a stateful set's number
_POD = re.compile(r"(.+?)-(?=[a-z]*[0-9])[a-z0-9]{6,10}-[a-z0-9]{5}|(.+?)-[0-9]+")


class Details:
    """Spans of one process share their resource, as far as it is written alike."""

    def __init__(self, clocks: Clocks, notes: Notes) -> None:
        self._clocks = clocks
        self._notes = notes
        self._resources: dict[str, Resource] = {}

    def attributes(self, batch: Batch) -> list[Attributes]:
        found = self._single(batch, batch.layout.extras)
        for name in batch.layout.maps:
            for row, value in enumerate(batch.column(name)):
                if value not in (None, ""):
                    found[row] |= self._map(
                        value, name, batch.place(row) if not isinstance(value, dict) else ""
                    )
        return found

    def resources(self, batch: Batch) -> list[Resource]:
        services = batch.texts("service")
        singles = list(batch.layout.resource_extras)
        columns = [batch.column(name) for name in (*batch.layout.resource_maps, *singles)]
        found = []
        for row, (service, *cells_of_row) in enumerate(zip(services, *columns, strict=True)):
            key = f"{service}\0{cells_of_row}" if columns else service
            if key not in self._resources:
                if len(self._resources) >= _RESOURCES_KEPT:
                    self._resources.clear()
                self._resources[key] = self._resource(batch, service, cells_of_row, batch.place(row))
            found.append(self._resources[key])
        return found

    def _resource(self, batch: Batch, service: str, written: Sequence[Any], where: str) -> Resource:
        layout = batch.layout
        about: Attributes = {}
        for name, value in zip(layout.resource_maps, written, strict=False):
            about |= self._map(value, name, where)
        singles = zip(layout.resource_extras.values(), written[len(layout.resource_maps) :], strict=True)
        about |= {key: one for key, value in singles if (one := cells.guessed(value)) is not None}
        pod = about.get("k8s.pod.name")
        named = service or about.get("service.name") or service_of_pod(cells.text(pod))
        if named and about.get("service.name") != named:
            about = {**about, "service.name": named}
        return Resource(about) if about else NO_RESOURCE

    def _single(self, batch: Batch, keys: Mapping[str, str]) -> list[Attributes]:
        """The columns of one attribute each."""
        present = [(key, batch.columns[name]) for name, key in keys.items() if name in batch.columns]
        found: list[Attributes] = [{} for _ in range(batch.rows)]
        for key, column in present:
            for about, value in zip(found, column, strict=True):
                if value is not None and (one := cells.guessed(value)) is not None:
                    about[key] = one
        return found

    def _map(self, value: object, column: str, where: str) -> Attributes:
        try:
            return cells.attributes(value)
        except (ValueError, TypeError, RecursionError):
            if isinstance(value, (list, str)) and letters(column) in ("tags", "labels", "properties"):
                return {column: cells.plain(value)}  # words, not pairs
            self._notes.warn("bad_attribute", where=where)
            return {}

    def events(self, batch: Batch) -> list[list[Event]]:
        return [
            [
                Event(
                    cells.text(name),
                    self._clocks.point(time, batch.place(row)),
                    self._map(about, "", batch.place(row)),
                )
                for time, name, about in parts
            ]
            if parts
            else []
            for row, parts in enumerate(self._parts(batch, "events", _EVENT_PARTS))
        ]

    def links(self, batch: Batch) -> list[list[Link]]:
        found = []
        for row, parts in enumerate(self._parts(batch, "links", _LINK_PARTS)):
            links = [
                Link(
                    cells.identifier(trace_id, 32),
                    cells.identifier(span_id, 16),
                    self._map(about, "", batch.place(row)),
                    cells.text(state),
                )
                for trace_id, span_id, state, about in parts
            ]
            found.append([link for link in links if link.trace_id and link.span_id])
        return found

    def _parts(self, batch: Batch, field: str, parts: Parts) -> Iterator[list[tuple[Any, ...]]]:
        """Events or links: parallel lists in columns of their own, or one list of records."""
        parallel = [batch.of(part) for part in parts]
        if any(batch.has(part) for part in parts):
            for row, lists in enumerate(zip(*parallel, strict=True)):
                yield self._parallel(lists, batch.place, row)
        elif batch.has(field):
            for row, value in enumerate(batch.of(field)):
                yield self._records(value, parts, batch.place, row) if value else []
        else:
            for _ in range(batch.rows):
                yield []

    def _parallel(self, lists: Sequence[Any], place: Any, row: int) -> list[tuple[Any, ...]]:  # noqa: ANN401
        if all(not one or one == "[]" for one in lists):
            return []
        try:
            return list(zip_longest(*(cells.parts(one) for one in lists)))
        except (ValueError, TypeError, RecursionError):
            self._notes.warn("bad_attribute", where=place(row))
            return []

    def _records(self, value: object, parts: Parts, place: Any, row: int) -> list[tuple[Any, ...]]:  # noqa: ANN401
        try:
            records = cells.records(value)
        except (ValueError, TypeError, RecursionError):
            self._notes.warn("bad_attribute", where=place(row))
            return []
        known = [{letters(key): inner for key, inner in record.items()} for record in records]
        return [tuple(_first_of(one, names) for names in parts.values()) for one in known]


def service_of_pod(pod: str) -> str:
    """The deployment `cart` of the pod `cart-6cfdd55578-gfj6q`; the name itself if it is not made like that."""
    found = _POD.fullmatch(pod)
    return (found[1] or found[2]) if found else pod


def _first_of(record: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((record[name] for name in names if name in record), None)
