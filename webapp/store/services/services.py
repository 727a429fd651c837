"""Questions about services: who is here, how each does, what its errors and processes are. Asked as `store.services`."""

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from dataclasses import replace

import duckdb

from webapp.model.red import ErrorKinds, Measured, Moment, Overview, Period, Presence, Profile, Red, SlowSpan
from webapp.model.results import Namespaces
from webapp.query import Window
from webapp.store.conditions.matching import in_window, rows_of
from webapp.store.conditions.where import TRUE, Where, every
from webapp.store.graph.namespaces import read_namespaces
from webapp.store.sampling import is_tail_sampled
from webapp.store.searching.recent import Asked
from webapp.store.services.error_kinds import read_error_kinds
from webapp.store.services.processes import INSTANCE_KEYS, VERSION_KEYS, by_process
from webapp.store.services.red import Spans, count_spans_of
from webapp.store.writing.buckets import SLOT_NS
from webapp.store.writing.span_sums import ENTRY

_TREND, _MOMENTS = 36, 48  # stretches of time of a trend and of a chart, at most
_CALLS = Where("entry")
_NICE_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400)
Asking = Callable[[Window], AbstractContextManager[tuple[duckdb.DuckDBPyConnection, Asked]]]


class Services:
    """`asking` opens a cursor for a window, with a place to keep answers until something is written."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def here(self) -> list[Presence]:
        """All services of the store by name, then the nodes that others call but that send no spans."""
        with self._asking(Window()) as (cursor, asked):
            return asked.once("services here", lambda: _presences(cursor))

    def namespaces(self) -> Namespaces:
        with self._asking(Window()) as (cursor, asked):
            return asked.once("namespaces", lambda: read_namespaces(cursor))

    def tail_sampled(self) -> bool:
        with self._asking(Window()) as (cursor, asked):
            return asked.once("tail sampled", lambda: is_tail_sampled(cursor))

    def overview(self, window: Window, *, entry: bool = True) -> Overview:
        """Every service that has spans in the window. `entry`: count calls from outside, not all spans."""
        with self._asking(window) as (cursor, asked):
            return asked.once(
                ("services", entry),
                lambda: _overview(count_spans_of(cursor, window), "service_id", _CALLS if entry else TRUE),
            )

    def operations(self, service: str, window: Window, *, entry: bool = True) -> Overview:
        """The operations of one service, also those without a call from outside."""
        with self._asking(window) as (cursor, asked):
            return asked.once(
                ("operations", service, entry),
                lambda: _overview(
                    count_spans_of(cursor, window), "operation_id", _CALLS if entry else TRUE, service
                ),
            )

    def profile(self, service: str, window: Window, *, entry: bool = True) -> Profile:
        with self._asking(window) as (cursor, asked):
            return asked.once(
                ("profile", service, entry), lambda: _profile(cursor, service, window, entry=entry)
            )

    def error_kinds(self, service: str, window: Window) -> ErrorKinds:
        with self._asking(window) as (cursor, asked):
            return asked.once(
                ("error kinds", service),
                lambda: read_error_kinds(cursor, _of(cursor, service, window)),
            )

    def slowest(self, service: str, window: Window, most: int = 10) -> list[SlowSpan]:
        """The slowest call of each trace, the slowest first."""
        with self._asking(window) as (cursor, asked):
            return asked.once(("slowest", service, most), lambda: _slowest(cursor, service, window, most))


def _presences(cursor: duckdb.DuckDBPyConnection) -> list[Presence]:
    sending = cursor.execute(
        """
        SELECT service, sum(spans)::BIGINT AS counted, coalesce(min(first_ns), 0), coalesce(max(last_ns), 0)
        FROM resource_sums JOIN services USING (service_id)
        GROUP BY service
        HAVING counted > 0
        ORDER BY service
        """
    ).fetchall()
    silent = cursor.execute(
        """
        SELECT name, sum(calls)::BIGINT AS counted, min(slot) * ?::BIGINT, max(slot) * ?::BIGINT
        FROM edge_sums JOIN nodes ON node_id = callee_id
        WHERE kind <> 'service' AND name NOT IN (SELECT service FROM services)
        GROUP BY name
        HAVING counted > 0
        ORDER BY name
        """,
        [SLOT_NS, SLOT_NS],
    ).fetchall()
    return [*(Presence(*row) for row in sending), *(replace(Presence(*row), sends=False) for row in silent)]


def _profile(cursor: duckdb.DuckDBPyConnection, service: str, window: Window, *, entry: bool) -> Profile:
    spans, counted = count_spans_of(cursor, window), _CALLS if entry else TRUE
    return Profile(
        next(iter(_overview(spans, "service_id", counted, service).rows), None),
        _overview(spans, "operation_id", counted, service),
        _moments(spans, service, counted),
        by_process(spans, service, counted, VERSION_KEYS),
        by_process(spans, service, counted, INSTANCE_KEYS),
    )


def _overview(spans: Spans, key: str, counted: Where, service: str = "") -> Overview:
    """By `service_id` or `operation_id`: of all services, or of one."""
    own = every([_of_service(service), counted]) if service else counted
    whole_ns = sum(critical_ns for _, critical_ns, *_ in spans.totals("service_id").values())
    totals = spans.totals(key)
    red = spans.red(key, own)
    before = spans.red(key, own, spans.before) if spans.before else {}
    trends = _trends(spans, key, own)
    names = _names(spans.cursor, key, service)
    rows = [
        Measured(
            *names[number],
            red.get(number, Red()),
            count,
            critical_ns,
            critical_ns / whole_ns if whole_ns else 0.0,
            first_ns,
            last_ns,
            before.get(number),
            trends.get(number, []),
        )
        for number, (count, critical_ns, first_ns, last_ns) in totals.items()
        if number in names
    ]
    return Overview(
        sorted(rows, key=lambda row: (-row.critical_ns, row.service, row.operation)), spans.now, spans.before
    )


def _names(cursor: duckdb.DuckDBPyConnection, key: str, service: str) -> dict[Hashable, tuple[str, str]]:
    """Service and operation by their number."""
    source = "services" if key == "service_id" else "operations JOIN services USING (service_id)"
    operation = "''" if key == "service_id" else "name"
    found = cursor.execute(
        f"SELECT {key}, service, {operation} FROM {source} WHERE service = ? OR ? = ''", [service, service]
    ).fetchall()
    return {number: (name, operation) for number, name, operation in found}


def _of_service(service: str) -> Where:
    return Where("service_id = (SELECT service_id FROM services WHERE service = ?)", (service,))


def _trends(spans: Spans, key: str, condition: Where) -> dict[Hashable, list[Moment]]:
    width_ns = _width_ns(spans, _TREND)
    trends: dict[Hashable, dict[int, Red]] = {}
    for number, at, calls, errors in spans.counts(key, _column(spans.now, width_ns), condition):
        trends.setdefault(number, {})[at] = Red(calls=calls, errors=errors)
    return {number: _filled(spans.now, width_ns, found) for number, found in trends.items()}


def _moments(spans: Spans, service: str, counted: Where) -> list[Moment]:
    width_ns = _width_ns(spans, _MOMENTS)
    found = spans.red(_column(spans.now, width_ns), every([_of_service(service), counted]))
    return _filled(spans.now, width_ns, {int(str(at)): red for at, red in found.items()})


def _column(period: Period, width_ns: int) -> str:
    return f"(at_ns // {width_ns} - {period.from_ns // width_ns})"


def _filled(period: Period, width_ns: int, found: dict[int, Red]) -> list[Moment]:
    """One moment after the other from the first to the last of the period. Traces of unknown time are in none."""
    first_ns = period.from_ns - period.from_ns % width_ns
    columns = -(-(period.to_ns - first_ns) // width_ns)
    return [
        Moment(first_ns + at * width_ns, first_ns + (at + 1) * width_ns, found.get(at, Red()))
        for at in range(columns)
    ]


def _width_ns(spans: Spans, most: int) -> int:
    """A round length of time, of whole units of the sums that are read, `most` of which hold the period or more."""
    least_ns = (spans.now.to_ns - spans.now.from_ns) // (most - 1) + 1
    if spans.now.exact and least_ns < 1_000_000_000:
        return int(10 ** len(str(least_ns)))
    nice_ns = (seconds * 1_000_000_000 for seconds in _NICE_S)
    usable = (width for width in nice_ns if width % spans.unit_ns == 0)
    day_ns = _NICE_S[-1] * 1_000_000_000
    return next((width for width in usable if width >= least_ns), least_ns + -least_ns % day_ns)


def _of(cursor: duckdb.DuckDBPyConnection, service: str, window: Window) -> Where:
    """FROM and WHERE of the spans of a service in a window, as s, and their traces, as t."""
    inside = in_window(window)
    own = Where("s.service_id = (SELECT service_id FROM services WHERE service = ?)", (service,))
    among = every([own, rows_of(cursor, inside, None), inside])
    return Where(f"FROM spans s JOIN traces t ON t.trace_id = s.trace_id WHERE ({among.text})", among.values)


def _slowest(cursor: duckdb.DuckDBPyConnection, service: str, window: Window, most: int) -> list[SlowSpan]:
    source = _of(cursor, service, window)
    found = cursor.execute(
        f"""
        SELECT
          replace(trace_id::VARCHAR, '-', ''), format('{{:016x}}', span_id), name, start_ns, duration_ns, failed, root
        FROM (
          SELECT
            s.trace_id, s.span_id, s.operation_id, s.start_ns, s.duration_ns, s.status = 2 AS failed,
            t.root_service || ' · ' || t.root_name AS root
          {source.text} AND {ENTRY} AND s.duration_ns IS NOT NULL
          ORDER BY s.duration_ns DESC, s.span_row
          LIMIT {20 * most}
        ) JOIN operations USING (operation_id)
        QUALIFY row_number() OVER (PARTITION BY trace_id ORDER BY duration_ns DESC) = 1
        ORDER BY duration_ns DESC
        LIMIT {most}
        """,
        list(source.values),
    ).fetchall()
    return [SlowSpan(*row) for row in found]
