"""To which namespace a service belongs: by what its resources say, else by how its name begins."""

import re
from collections import Counter

import duckdb

from webapp.model.results import Namespaces

NAMESPACE_KEYS = ("service.namespace", "k8s.namespace.name")  # the first that a resource has
_PREFIX = re.compile(r"([^-.]+)[-.].")


def read_namespaces(cursor: duckdb.DuckDBPyConnection) -> Namespaces:
    """Of a service in several, the one of most of its spans. Of names only if they tell most services apart."""
    keys = list(NAMESPACE_KEYS)
    told = cursor.execute(
        """
        WITH named AS (
          SELECT resource_id, arg_min(text, list_position($keys, key)) AS namespace
          FROM resource_attributes
          WHERE list_contains($keys, key) AND type <> 'json' AND text <> ''
          GROUP BY resource_id
        ), counted AS (
          SELECT service_id, namespace, sum(spans) AS spans
          FROM resource_sums JOIN named USING (resource_id)
          GROUP BY service_id, namespace
        )
        SELECT service, arg_max(namespace, (spans, namespace))
        FROM counted JOIN services USING (service_id)
        WHERE spans > 0
        GROUP BY service
        """,
        {"keys": keys},
    ).fetchall()
    services = [
        service
        for (service,) in cursor.execute(
            "SELECT service FROM resource_sums JOIN services USING (service_id) GROUP BY service HAVING sum(spans) > 0"
        ).fetchall()
    ]
    by_attribute = Namespaces(dict(told), NAMESPACE_KEYS)
    by_name = Namespaces(prefixes(services), ())
    return next(
        (found for found in (by_attribute, by_name) if _tells_apart(found.of, len(services))),
        Namespaces({}, ()),
    )


def prefixes(services: list[str]) -> dict[str, str]:
    """What names begin with, by name.

    >>> prefixes(["shop-cart", "shop.orders", "shop", "web", "pay-api"])
    {'shop-cart': 'shop', 'shop.orders': 'shop', 'pay-api': 'pay', 'shop': 'shop'}
    """
    found = {service: match[1] for service in services if (match := _PREFIX.match(service))}
    begun = set(found.values())
    return found | {service: service for service in services if service in begun}


def _tells_apart(of: dict[str, str], services: int) -> bool:
    """Two groups at least, and half of the services in groups."""
    sizes = [size for size in Counter(of.values()).values() if size > 1]
    return len(sizes) > 1 and 2 * sum(sizes) >= services
