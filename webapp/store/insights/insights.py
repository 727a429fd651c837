"""Findings of many traces, summed by what they have in common: the sentences of `/insights` are made of these.

Only traces that were looked at are in here (`looked.py`); which are not is the page's to say.
"""

from dataclasses import dataclass, replace
from typing import Any

import duckdb

from webapp.model.insights import SEVERITIES, Exemplar, FindingKind, Insight, InsightsAsked, LateService
from webapp.store.conditions.where import TRUE, Where, either, every

MOST = 200  # kinds of findings; the rest is counted
PARTS = 24  # of a trend
# one of a service itself, and of another that it speaks of
_SERVICES = (
    "unnest(CASE WHEN subject IN (SELECT service FROM services) THEN list_distinct([service, subject])"
    " ELSE [service] END)"
)
_EXEMPLAR = (
    "{'trace_id': trace_id, 'duration_ns': own.duration_ns, 'gain_ns': own.gain_ns, 'time_ns': own.time_ns}"
)
_LOST = (  # whole numbers stay exact
    "CASE WHEN bool_and(weight = 1) THEN sum(gain_ns)::DOUBLE ELSE round(sum(gain_ns * weight)) END"
)


@dataclass(frozen=True, slots=True)
class Insights:
    """Most time lost first, then most traces. `more`: kinds beyond those listed. `by_code`, `by_service` count kinds
    under all filters but that one.
    """

    listed: list[Insight]
    more: int
    by_code: dict[str, int]
    by_service: dict[str, int]


def read_insights(cursor: duckdb.DuckDBPyConnection, asked: InsightsAsked, span: tuple[int, int]) -> Insights:
    """`span`: from when to when trends are drawn, both included."""
    chosen = _chosen(asked)
    found = cursor.execute(
        f"""
        SELECT
          kind_id, any_value(code), any_value(service), any_value(name), any_value(subject), min(severity),
          count(*) AS traces, sum(weight), sum(times), {_LOST} AS lost,
          quantile_disc(count, 0.5), max(count), quantile_disc(time_ns, 0.5), quantile_disc(gain_ns, 0.5),
          min(start_ns), max(start_ns),
          arg_max({_EXEMPLAR}, (gain_ns, time_ns, duration_ns)),
          count(*) OVER () AS kinds
        FROM findings own JOIN finding_kinds USING (kind_id)
        WHERE {chosen.text}
        GROUP BY kind_id
        ORDER BY lost DESC, traces DESC, kind_id
        LIMIT {MOST}
        """,
        list(chosen.values),
    ).fetchall()
    ids = ", ".join(str(row[0]) for row in found) or "NULL"
    middles = _middles(cursor, chosen, ids)
    trends = _trends(cursor, chosen, ids, span)
    listed = [_insight(row, trends.get(row[0], [0] * PARTS), middles[row[0]]) for row in found]
    return Insights(
        listed,
        found[0][-1] - len(listed) if found else 0,
        _counts(cursor, replace(asked, kind=""), "code"),
        _counts(cursor, replace(asked, service=""), _SERVICES),
    )


def _insight(row: tuple, trend: list[int], middle: Exemplar) -> Insight:  # type: ignore[type-arg]
    _, code, service, name, subject, severity, traces, weight, times, lost, *numbers, largest, _ = row
    count, most, time_ns, gain_ns, first_ns, last_ns = numbers
    return Insight(
        kind=FindingKind(code, service, name, subject), severity=SEVERITIES[severity], traces=traces, weight=weight,
        times=int(times), lost_ns=int(lost), count=count, most=most, time_ns=time_ns, gain_ns=gain_ns,
        first_ns=first_ns, last_ns=last_ns, trend=trend,
        largest=_exemplar(largest), middle=middle,
    )  # fmt: skip


def _exemplar(found: dict[str, Any]) -> Exemplar:
    return Exemplar(found["trace_id"].hex, found["duration_ns"], found["gain_ns"], found["time_ns"])


def _chosen(asked: InsightsAsked) -> Where:
    conditions = [_window(asked)]
    if asked.kind:
        conditions.append(either([Where("code = ?", (asked.kind,)), Where("fingerprint = ?", (asked.kind,))]))
    if asked.service:
        conditions.append(
            either([Where("service = ?", (asked.service,)), Where("subject = ?", (asked.service,))])
        )
    if asked.hidden:
        conditions.append(Where("NOT list_contains(?, code)", (list(asked.hidden),)))
    for code, least in asked.least.items():
        stands = Where(
            "count >= ? AND time_ns >= ? AND share >= ?", (least.count, least.ns, least.share - 1e-6)
        )
        conditions.append(either([Where("code <> ?", (code,)), stands]))
    return every(conditions)


def _window(asked: InsightsAsked) -> Where:
    conditions = []
    if asked.from_ns is not None:
        conditions.append(Where("start_ns >= ?", (asked.from_ns,)))
    if asked.to_ns is not None:
        conditions.append(Where("start_ns < ?", (asked.to_ns,)))
    return every(conditions)


def _middles(cursor: duckdb.DuckDBPyConnection, chosen: Where, ids: str) -> dict[int, Exemplar]:
    """Of each kind the trace that is nearest to the median, in what is lost, then in time, then in duration."""
    found = cursor.execute(
        f"""
        WITH own AS (SELECT * FROM findings JOIN finding_kinds USING (kind_id) WHERE kind_id IN ({ids}) AND {chosen.text}),
        usual AS (
          SELECT kind_id, median(gain_ns) AS gain_ns, median(time_ns) AS time_ns, median(duration_ns) AS duration_ns
          FROM own
          GROUP BY kind_id
        )
        SELECT
          kind_id,
          arg_min({_EXEMPLAR}, (
            abs(own.gain_ns - usual.gain_ns), abs(own.time_ns - usual.time_ns),
            abs(own.duration_ns - usual.duration_ns), own.start_ns
          ))
        FROM own JOIN usual USING (kind_id)
        GROUP BY kind_id
        """,
        list(chosen.values),
    ).fetchall()
    return {kind_id: _exemplar(middle) for kind_id, middle in found}


def _trends(
    cursor: duckdb.DuckDBPyConnection, chosen: Where, ids: str, span: tuple[int, int]
) -> dict[int, list[int]]:
    first_ns, last_ns = span
    part_ns = max(1, (last_ns - first_ns) // PARTS + 1)
    found = cursor.execute(
        f"""
        SELECT kind_id, greatest(0, least({PARTS - 1}, (start_ns - ?) // ?)) AS part, count(*)
        FROM findings JOIN finding_kinds USING (kind_id)
        WHERE kind_id IN ({ids}) AND {chosen.text}
        GROUP BY kind_id, part
        """,
        [first_ns, part_ns, *chosen.values],
    ).fetchall()
    trends: dict[int, list[int]] = {}
    for kind_id, part, traces in found:
        trends.setdefault(kind_id, [0] * PARTS)[part] = traces
    return trends


def _counts(cursor: duckdb.DuckDBPyConnection, asked: InsightsAsked, column: str) -> dict[str, int]:
    chosen = _chosen(asked)
    return dict(
        cursor.execute(
            f"""
            SELECT named, count(DISTINCT kind_id) AS kinds
            FROM (
              SELECT kind_id, {column} AS named FROM findings JOIN finding_kinds USING (kind_id) WHERE {chosen.text}
            )
            GROUP BY named
            ORDER BY kinds DESC, named
            """,
            list(chosen.values),
        ).fetchall()
    )


def late_services(cursor: duckdb.DuckDBPyConnection, asked: InsightsAsked, least: int) -> list[LateService]:
    """Services with so many spans below their own and how many of those end later, the greatest part first."""
    of_service = Where("service = ?", (asked.service,)) if asked.service else TRUE
    chosen = every([_window(asked), of_service])
    found = cursor.execute(
        f"""
        SELECT service, sum(children)::BIGINT AS children, sum(late)::BIGINT AS late
        FROM late_children JOIN services USING (service_id)
        WHERE {chosen.text}
        GROUP BY service
        HAVING sum(children) >= ? AND sum(late) > 0
        ORDER BY sum(late) / sum(children) DESC, service
        """,
        [*chosen.values, least],
    ).fetchall()
    return [LateService(*row) for row in found]
