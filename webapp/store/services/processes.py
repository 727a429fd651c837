"""Versions and instances of a service, by what their resources say."""

import duckdb
import pyarrow as pa

from webapp.model.red import Process
from webapp.store.conditions.where import Where, every
from webapp.store.services.red import Spans

# The first that a resource has says what it is.
VERSION_KEYS = ("service.version", "sentry.release", "version")
INSTANCE_KEYS = (
    "k8s.pod.name", "service.instance.id", "container.id", "host.name", "host.id", "hostname", "host.ip", "ip",
)  # fmt: skip


def by_process(spans: Spans, service: str, counted: Where, keys: tuple[str, ...]) -> list[Process]:
    """The busiest first. Spans whose resource has none of the keys are left out."""
    named = _named(spans.cursor, keys)
    if not named:
        return []
    numbers = {pair: number for number, pair in enumerate(dict.fromkeys(named.values()))}
    spans.cursor.register(
        "named_resources",
        pa.table(
            {
                "resource_id": pa.array(list(named), pa.uint32()),
                "number": pa.array([numbers[pair] for pair in named.values()], pa.int64()),
            }
        ),
    )
    own = Where(
        "service_id = (SELECT service_id FROM services WHERE service = ?)"
        " AND resource_id IN (SELECT resource_id FROM named_resources)",
        (service,),
    )
    grouped = "(SELECT number FROM named_resources n WHERE n.resource_id = r.resource_id)"
    found = spans.red(grouped, every([own, counted]), by_process=True)
    pairs = list(numbers)
    processes = [Process(*pairs[int(str(number))], red) for number, red in found.items()]
    return sorted(processes, key=lambda process: (-process.red.calls, process.value))


def _named(cursor: duckdb.DuckDBPyConnection, keys: tuple[str, ...]) -> dict[int, tuple[str, str]]:
    """By resource: the first of the keys that it has, and its value."""
    found = cursor.execute(
        """
        SELECT resource_id, arg_min(key, list_position(?::VARCHAR[], key)), arg_min(text, list_position(?::VARCHAR[], key))
        FROM resource_attributes
        WHERE list_contains(?::VARCHAR[], key) AND type <> 'json' AND text <> ''
        GROUP BY resource_id
        """,
        [list(keys)] * 3,
    ).fetchall()
    return {resource: (key, value) for resource, key, value in found}
