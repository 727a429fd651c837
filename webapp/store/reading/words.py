"""The words behind the ids that spans carry: each is read once, for an id that was stored never changes its meaning."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

_MOST = 200_000  # of one kind that are remembered
_MANY_IDS = "(SELECT unnest(?::UINTEGER[]))"  # hundreds in a list are planned slowly
_KINDS = {
    "name": f"SELECT operation_id, name FROM operations WHERE operation_id IN {_MANY_IDS}",
    "host": f"SELECT resource_id, host FROM resources WHERE resource_id IN {_MANY_IDS}",
    "peer": f"SELECT node_id, (kind, name) FROM nodes WHERE node_id IN {_MANY_IDS}",
}


class Words:
    """Shared by the threads that read one store."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, Any]] = {}
        self._services: list[str] = []

    def of(self, cursor: duckdb.DuckDBPyConnection, kind: str, ids: Sequence[int]) -> Mapping[int, Any]:
        """At least the words of these ids: a name, a host, or the kind and name of a peer."""
        known = self._known.setdefault(kind, {})
        if len(known) > _MOST:
            known = self._known[kind] = {}
        missing = [number for number in ids if number not in known]
        if missing:
            known.update(cursor.execute(_KINDS[kind], [missing]).fetchall())
        return known

    def services(self, cursor: duckdb.DuckDBPyConnection, last: int) -> list[str]:
        """By id, at least up to `last`."""
        if last >= len(self._services):
            self._services = services_by_id(cursor)
        return list(self._services)


def services_by_id(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """The empty text stands where the service of that id is gone."""
    found = dict(cursor.execute("SELECT service_id, service FROM services").fetchall())
    return [found.get(number, "") for number in range(max(found, default=-1) + 1)]
