"""Since when to compare, and what is new since then: operations whose p95 doubled, kinds of errors never seen before.

What counts as new is settled in `analysis/since.py`, which the caller hands in: this room only counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from webapp.model.insights import Changes, FindingKind, NewError, SlowerOperation
from webapp.store.reading.columns import id_list
from webapp.store.writing.buckets import PER_DOUBLING, SLOT_NS

_MANY_SPANS = 2_000_000  # beyond, moments are those between two slots, and sums say which spans are read
_EDGE = 0.1  # of the time: a version that came in its first or last part divides nothing
_MOST = 50

Slower = Callable[[tuple[int, int], tuple[int, int], int], bool]
New = Callable[[int, int, int], bool]


@dataclass(frozen=True, slots=True)
class Rules:
    is_slower: Slower
    is_new: New
    least_spans: int


def newest_version(
    cursor: duckdb.DuckDBPyConnection, from_ns: int, to_ns: int
) -> tuple[int, tuple[str, str]] | None:
    """When the newest version of a service was first seen that had another one before, and which."""
    edge_ns = round(_EDGE * (to_ns - from_ns))
    found = cursor.execute(
        """
        WITH versions AS (
          SELECT service_id, text AS version, min(first_ns) AS first_ns
          FROM resource_sums JOIN resource_attributes USING (resource_id)
          WHERE key = 'service.version'
          GROUP BY service_id, text
          HAVING first_ns IS NOT NULL
        )
        SELECT v.first_ns, service, v.version
        FROM versions v JOIN services USING (service_id)
        WHERE v.first_ns BETWEEN ? AND ?
          AND EXISTS (FROM versions o WHERE o.service_id = v.service_id AND o.first_ns < v.first_ns)
        ORDER BY v.first_ns DESC, service
        LIMIT 1
        """,
        [from_ns + edge_ns, to_ns - edge_ns],
    ).fetchall()
    return (found[0][0], found[0][1:]) if found else None


def read_changes(
    cursor: duckdb.DuckDBPyConnection, since_ns: int, span: tuple[int, int], rules: Rules
) -> Changes:
    """Between both ends of `span`, included."""
    [(stored,)] = cursor.execute("SELECT coalesce(sum(spans), 0)::BIGINT FROM traces").fetchall()
    among = "true"
    if stored > _MANY_SPANS:
        since_ns = round(since_ns / SLOT_NS) * SLOT_NS
        among = f"operation_id IN ({_candidates(cursor, since_ns, span, rules.least_spans)})"
    slower, compared = _slower(cursor, since_ns, span, among, rules)
    return Changes(since_ns, None, slower, _errors(cursor, since_ns, span, rules), compared)


def _candidates(cursor: duckdb.DuckDBPyConnection, since_ns: int, span: tuple[int, int], least: int) -> str:
    """Operations whose p95 rose by about two thirds at least, as the sums tell it."""
    found = cursor.execute(
        f"""
        WITH counted AS (
          SELECT operation_id, slot >= ? AS after, bucket, sum(spans) AS spans
          FROM operation_sums
          WHERE slot BETWEEN ? AND ? AND bucket IS NOT NULL
          GROUP BY ALL
          HAVING sum(spans) > 0
        ),
        ranked AS (
          SELECT
            operation_id, after, bucket, sum(spans) OVER (PARTITION BY operation_id, after) AS whole,
            sum(spans) OVER (PARTITION BY operation_id, after ORDER BY bucket) AS until
          FROM counted
        ),
        tails AS (
          SELECT operation_id, after, min(bucket) FILTER (until >= 0.95 * whole) AS p95, any_value(whole) AS spans
          FROM ranked
          GROUP BY ALL
        )
        SELECT operation_id
        FROM tails a JOIN tails b USING (operation_id)
        WHERE a.after AND NOT b.after AND least(a.spans, b.spans) >= ? AND a.p95 >= b.p95 + {PER_DOUBLING - 1}
        """,
        [since_ns // SLOT_NS, span[0] // SLOT_NS, span[1] // SLOT_NS, least],
    ).fetchall()
    return ", ".join(str(number) for (number,) in found) or "NULL"


def _slower(
    cursor: duckdb.DuckDBPyConnection, since_ns: int, span: tuple[int, int], among: str, rules: Rules
) -> tuple[list[SlowerOperation], int]:
    """And how many operations have enough spans to be compared."""
    found = cursor.execute(
        f"""
        SELECT
          operation_id,
          count(*) FILTER (start_ns < $since) AS before_spans, count(*) FILTER (start_ns >= $since) AS after_spans,
          quantile_disc(duration_ns, 0.95) FILTER (start_ns < $since),
          quantile_disc(duration_ns, 0.95) FILTER (start_ns >= $since)
        FROM spans
        WHERE start_ns BETWEEN $first AND $last AND duration_ns IS NOT NULL AND {among}
        GROUP BY operation_id
        HAVING least(before_spans, after_spans) >= $least
        """,
        {"since": since_ns, "first": span[0], "last": span[1], "least": rules.least_spans},
    ).fetchall()
    doubled = [row for row in found if row[4] >= 2 * row[3]]
    tails = _tails(cursor, since_ns, span, {number: before_ns for number, _, _, before_ns, _ in doubled})
    slower = [
        SlowerOperation(
            service,
            name,
            before,
            after,
            before_ns,
            after_ns,
            round(critical_after - critical_before * after / before),
        )
        for number, before, after, before_ns, after_ns in doubled
        for service, name, critical_before, critical_after, beyond in [tails[number]]
        if rules.is_slower((before, before_ns), (after, after_ns), beyond)
    ]
    slower.sort(key=lambda each: (-each.lost_ns, -each.p95_after_ns, each.service, each.name))
    return slower[:_MOST], len(found)


def _tails(
    cursor: duckdb.DuckDBPyConnection, since_ns: int, span: tuple[int, int], p95_ns: dict[int, int]
) -> dict[int, tuple[str, str, int, int, int]]:
    """Of operations with their p95 before: service, name, critical time before and after, and how many spans after took
    more than twice that. Few are asked of, so that the facts of all spans need not be read.
    """
    if not p95_ns:
        return {}
    usual = ", ".join(f"({number}, {ns})" for number, ns in p95_ns.items())
    found = cursor.execute(
        f"""
        SELECT
          operation_id, any_value(service), any_value(name),
          coalesce(sum(critical_ns) FILTER (start_ns < $since), 0)::BIGINT,
          coalesce(sum(critical_ns) FILTER (start_ns >= $since), 0)::BIGINT,
          count(*) FILTER (start_ns >= $since AND duration_ns > 2 * p95_ns::BIGINT)
        FROM spans JOIN (VALUES {usual}) usual(operation_id, p95_ns) USING (operation_id)
          JOIN operations USING (operation_id) JOIN services ON services.service_id = operations.service_id
          LEFT JOIN span_facts USING (span_row)
        WHERE start_ns BETWEEN $first AND $last AND duration_ns IS NOT NULL AND operation_id IN {id_list(p95_ns)}
        GROUP BY operation_id
        """,
        {"since": since_ns, "first": span[0], "last": span[1]},
    ).fetchall()
    return {number: (service, name, *sums) for number, service, name, *sums in found}


def _errors(
    cursor: duckdb.DuckDBPyConnection, since_ns: int, span: tuple[int, int], rules: Rules
) -> list[NewError]:
    found = cursor.execute(
        """
        WITH fresh AS (
          SELECT kind_id, count(*) AS traces, min(start_ns) AS first_ns
          FROM findings
          WHERE start_ns <= ?
          GROUP BY kind_id
          HAVING first_ns >= ?
        ),
        present AS (
          SELECT
            part.service AS service, count(*) FILTER (start_ns < ?) AS before, count(*) FILTER (start_ns >= ?) AS after
          FROM (SELECT start_ns, unnest(services) AS part FROM traces WHERE start_ns <= ?)
          GROUP BY part.service
        )
        SELECT code, service, name, subject, traces, first_ns, coalesce(before, 0), coalesce(after, 0)
        FROM fresh JOIN finding_kinds USING (kind_id) LEFT JOIN present USING (service)
        WHERE code = 'error_root'
        ORDER BY traces DESC, first_ns
        """,
        [span[1], since_ns, since_ns, since_ns, span[1]],
    ).fetchall()
    return [
        NewError(FindingKind(*kind), traces, first_ns, before)
        for *kind, traces, first_ns, before, after in found
        if rules.is_new(traces, after, before)
    ][:_MOST]
