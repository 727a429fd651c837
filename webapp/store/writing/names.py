"""Dense ids for what repeats: services, operations, resources, scopes, graph nodes. The writer keeps them in memory."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from webapp.model.semconv import host_of
from webapp.model.spans import Value
from webapp.store.writing.anyvalue import decode_attributes, encode_value
from webapp.store.writing.arrow import Column, insert, strings
from webapp.store.writing.interned import Ids, Interned, Key
from webapp.store.writing.keys import KeyCatalog, type_of
from webapp.store.writing.pending import setting


class Numbered(Interned[Key]):
    """Ids of which the first are in their table already."""

    def __init__(self, known: Mapping[Key, int], next_id: int) -> None:
        super().__init__(known, next_id)
        self._stored = next_id

    @property
    def has_fresh(self) -> bool:
        return self._stored < self.next_id

    def take_fresh(self) -> tuple[Column, list[Key]]:
        """Ids and keys that are not yet in their table."""
        first, self._stored = self._stored, self.next_id
        return pa.array(range(first, self._stored), pa.uint32()), self.since(first)


class Names:
    """All ids of one store. A failed transaction leaves it ahead of the tables: load it anew."""

    def __init__(self, writer: duckdb.DuckDBPyConnection) -> None:
        def load(columns: str, table: str) -> tuple[dict[tuple[Any, ...], int], int]:
            number = f"{table[:-1]}_id"
            rows = writer.execute(f"SELECT {number}, {columns} FROM {table} ORDER BY {number}").fetchall()
            known = {tuple(words): each for each, *words in rows}
            return known, max(setting(writer, f"next_{number}"), *(each + 1 for each in known.values()), 0)

        services, next_service = load("service", "services")
        operations, next_operation = load("service_id, name", "operations")
        name_of = {number: service for (service,), number in services.items()}
        self.services = Numbered({service: number for (service,), number in services.items()}, next_service)
        self.operations = Numbered(
            {(name_of[service], name): number for (service, name), number in operations.items()},
            next_operation,
        )
        self.nodes = Numbered(*load("kind, name", "nodes"))
        self._service_of_operation = [0] * next_operation
        for (service, _), number in operations.items():
            self._service_of_operation[number] = service
        self._resources = Numbered(*load("attributes, schema_url", "resources"))
        self._scopes = Numbered(*load("name, version, attributes", "scopes"))
        self._grew = False

    def grew(self) -> bool:
        """Whether names that a query may ask for were written since this was last asked."""
        grew, self._grew = self._grew, False
        return grew

    def operation_ids(self, operations: list[tuple[str, str]]) -> tuple[Ids, Ids]:
        """Operation and service ids of (service, name) pairs."""
        operation_ids = self.operations.ids_of(operations)
        fresh = self.operations.since(len(self._service_of_operation))
        self._service_of_operation.extend(self.services.id_of(service) for service, _ in fresh)
        return operation_ids, np.array(self._service_of_operation, np.uint32)[operation_ids]

    def resource_ids(self, resources: list[tuple[str, str]]) -> Ids:
        """Of (attributes as JSON, schema URL) pairs."""
        return self._resources.ids_of(resources)

    def scope_ids(self, scopes: list[tuple[str, str, str]]) -> Ids:
        """Of (name, version, attributes as JSON)."""
        return self._scopes.ids_of(scopes)

    def flush(self, writer: duckdb.DuckDBPyConnection, keys: KeyCatalog) -> None:
        """Write what is new since the last flush."""
        tables = (self.operations, self.services, self._resources, self._scopes)
        self._grew |= any(table.has_fresh for table in tables)
        ids, operations = self.operations.take_fresh()
        service_ids = self.services.ids_of([service for service, _ in operations])
        names = strings([name for _, name in operations])
        insert(
            writer, "operations", {"operation_id": ids, "service_id": pa.array(service_ids), "name": names}
        )
        ids, services = self.services.take_fresh()
        insert(writer, "services", {"service_id": ids, "service": strings(services)})
        ids, nodes = self.nodes.take_fresh()
        insert(writer, "nodes", {"node_id": ids, **_columns(["kind", "name"], nodes)})
        ids, scopes = self._scopes.take_fresh()
        insert(writer, "scopes", {"scope_id": ids, **_columns(["name", "version", "attributes"], scopes)})
        self._flush_resources(writer, keys)

    def _flush_resources(self, writer: duckdb.DuckDBPyConnection, keys: KeyCatalog) -> None:
        ids, resources = self._resources.take_fresh()
        attributes = [decode_attributes(text) for text, _ in resources]
        hosts = strings([host_of(each) for each in attributes])
        columns = _columns(["attributes", "schema_url"], resources)
        insert(writer, "resources", {"resource_id": ids, "host": hosts, **columns})
        found = [
            (number, key, value)
            for number, each in zip(ids.to_pylist(), attributes, strict=True)
            for key, value in each.items()
        ]
        for _, key, value in found:
            keys.count(key, type_of(value), 1, scope="resource")
        columns = {
            "resource_id": pa.array([number for number, _, _ in found], pa.uint32()),
            "key": strings([key for _, key, _ in found]),
            "type": strings([type_of(value) for _, _, value in found]),
            "text": strings([_text(value) for _, _, value in found]),
            "number": pa.array([_number(value) for _, _, value in found], pa.float64()),
        }
        insert(writer, "resource_attributes", columns)


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if type_of(value) == "json":
        return encode_value(value)
    return str(value)


def _number(value: Value) -> float | None:
    if isinstance(value, int | float) and type_of(value) in ("int", "float"):
        return float(value)
    return None


def _columns(names: list[str], rows: Sequence[tuple[str, ...]]) -> dict[str, Column]:
    return {name: strings([row[number] for row in rows]) for number, name in enumerate(names)}
