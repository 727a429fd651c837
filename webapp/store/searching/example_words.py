"""Names and values that the newest spans really have, to make examples of: of each kind the most frequent that suits."""

from collections.abc import Iterator

from webapp.model.completions import Words
from webapp.store.conditions.catalogue import Catalogue

NEWEST = 100_000  # spans
_TRIED = 12  # keys
_LONGEST = 40  # characters of a value that reads well


def find_words(catalogue: Catalogue) -> Words:
    last = catalogue.rows("SELECT coalesce(max(span_row), 0) FROM spans")[0][0]
    recent = f"s.span_row > {last - NEWEST}"
    services = _texts(
        catalogue,
        "service",
        "SELECT service, sum(traces) FROM facet_sums WHERE facet = 'service' AND service != ''",
    )
    blamed = _texts(
        catalogue,
        "service",
        "SELECT service, sum(traces) FROM facet_sums WHERE facet = 'bottleneck' AND service != ''",
    )
    operations = _texts(
        catalogue,
        "o.name",
        f"SELECT o.name, count(*) FROM spans s JOIN operations o USING (operation_id) WHERE {recent}",
    )
    resources = catalogue.rows(
        """
        SELECT key, min(text) FROM resource_attributes
        WHERE type = 'str' AND key NOT IN ('service.name', 'service') AND length(text) BETWEEN 1 AND 40
        GROUP BY key ORDER BY count(*) DESC, key LIMIT 1
        """
    )
    calls = catalogue.rows(
        """
        SELECT a.name, b.name
        FROM edge_totals e JOIN nodes a ON a.node_id = e.caller_id JOIN nodes b ON b.node_id = e.callee_id
        WHERE a.kind = 'service' AND b.kind = 'service' AND a.name != b.name
        GROUP BY ALL HAVING sum(e.calls) > 0 ORDER BY sum(e.calls) DESC, 1, 2 LIMIT 1
        """
    )
    events = catalogue.rows(
        f"""
        SELECT name, count(*) FROM (
          SELECT unnest(json_extract_string(events, '$[*][0]')) AS name
          FROM (SELECT s.events FROM spans s WHERE {recent} AND s.events IS NOT NULL LIMIT 5000)
        ) WHERE length(name) BETWEEN 1 AND {_LONGEST} GROUP BY name ORDER BY 2 DESC, 1 LIMIT 1
        """
    )
    return Words(
        services=services,
        blamed=blamed[:1],
        operations=operations,
        attributes=list(_attributes(catalogue, recent)),
        numbers=list(_numbers(catalogue, recent)),
        resources=[(key, text) for key, text in resources],
        calls=[(caller, callee) for caller, callee in calls],
        events=[name for name, _ in events],
    )


def _texts(catalogue: Catalogue, column: str, select: str) -> list[str]:
    rows = catalogue.rows(f"{select} GROUP BY {column} ORDER BY 2 DESC, 1 LIMIT 3")
    return [name for name, _ in rows if 0 < len(name) <= _LONGEST]


def _keys(catalogue: Catalogue, kinds: str) -> list[tuple[str, str]]:
    return catalogue.rows(
        f"""
        SELECT key, "column" FROM key_catalog
        WHERE scope = 'span' AND type IN ({kinds}) AND "column" IS NOT NULL
        ORDER BY count DESC, key LIMIT {_TRIED}
        """
    )


def _attributes(catalogue: Catalogue, recent: str) -> Iterator[tuple[str, str]]:
    """One with few values, and one of them."""
    for key, column in _keys(catalogue, "'str'"):
        found = catalogue.rows(
            f"""
            SELECT min(s.{column}), approx_count_distinct(s.{column}) FROM spans s
            WHERE {recent} AND length(s.{column}) BETWEEN 1 AND {_LONGEST}
            """
        )[0]
        if found[0] is not None and 2 <= found[1] <= 50:
            yield key, found[0]
            return


def _numbers(catalogue: Catalogue, recent: str) -> Iterator[tuple[str, int]]:
    """One, with a number that some are beyond."""
    for key, column in _keys(catalogue, "'int', 'float'"):
        least, high, most = catalogue.rows(
            f"""
            SELECT min(s.{column}), floor(quantile_cont(s.{column}, 0.8)), max(s.{column}) FROM spans s
            WHERE {recent} AND isfinite(s.{column}::DOUBLE)
            """
        )[0]
        if least is not None and least < most and abs(high) < 2**53:
            yield key, int(high) if high < most else int(least)
            return
