"""Calls that nobody in their trace answered, beside roots of the services that they name: whether they belong together
is settled in `analysis/broken_context.py`.

A call names a service by its peer (`orders`, `orders:8080`, `orders.shop.svc`), or asks another party for what the roots
of a service answer, by method and route. Only where such calls are does anything large get read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from webapp.model.columns import I64
from webapp.model.insights import BrokenContext
from webapp.model.spans import Kind
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.fields import text_of
from webapp.store.conditions.where import Where

Matching = Callable[
    [I64, I64, I64, I64], tuple[I64, I64]
]  # starts and ends of calls, of roots -> which belong together
SameRequests = Callable[
    [Sequence[str], Sequence[str]], tuple[I64, I64]
]  # texts of calls, of roots -> what each asks
_Read = dict[str, NDArray[Any]]
_MOST_PAIRS = 8
_MOST_CALLS = 200_000  # of a pair of services, the first
_FEW = 2_000  # of either, by which one sees whether they ask and answer the same at all
_ALIKE = 0.1  # of these
_EXAMPLES = 3
_UNSAID = Where("''")
_SUMS = "sums AS (SELECT caller_id, callee_id, sum(calls) AS calls FROM edge_totals GROUP BY ALL)"
_BEGUN = """
  begun AS (
    SELECT callee.name AS service, sum(calls) AS roots
    FROM sums
    JOIN nodes caller ON caller.node_id = caller_id AND caller.kind = 'user'
    JOIN nodes callee ON callee.node_id = callee_id AND callee.kind = 'service'
    GROUP BY ALL
  )
"""
_NAMED = """
  lower(s.service) IN (
    lower(callee.name), lower(split_part(callee.name, ':', 1)),
    lower(split_part(split_part(callee.name, ':', 1), '.', 1))
  )
"""
_CALLS_OUT = """
  FROM sums
  JOIN nodes caller ON caller.node_id = caller_id AND caller.kind = 'service'
  JOIN nodes callee ON callee.node_id = callee_id AND callee.kind = 'external'
"""
# who calls whom without an answer, often enough for the roots that nobody is known to have called: by the peer's name as it
# is, without port, or by its first label
_BY_NAME = f"""
  WITH {_SUMS}, called AS (
    SELECT caller.name AS caller, s.service AS service, list(DISTINCT callee.name) AS peers, sum(calls) AS calls
    {_CALLS_OUT} JOIN services s ON {_NAMED}
    WHERE caller.name <> s.service
    GROUP BY ALL
  ), {_BEGUN}
  SELECT caller, service, peers
  FROM called JOIN begun USING (service)
  WHERE least(calls, roots) >= ? AND calls >= ? * roots
  ORDER BY calls DESC, caller, service
  LIMIT {_MOST_PAIRS}
"""
# the same of calls of parties that are no service by their names
_BY_ROUTE = f"""
  WITH {_SUMS}, called AS (
    SELECT caller.name AS caller, list(DISTINCT callee.name) AS peers, sum(calls) AS calls
    {_CALLS_OUT}
    WHERE NOT EXISTS (SELECT 1 FROM services s WHERE {_NAMED})
    GROUP BY ALL
  ), {_BEGUN}
  SELECT caller, service, peers
  FROM called JOIN begun ON caller <> service
  WHERE least(calls, roots) >= ? AND calls >= ? * roots
  ORDER BY roots DESC, calls DESC, caller, service
  LIMIT {_MOST_PAIRS}
"""


@dataclass(frozen=True, slots=True)
class Matched:
    matching: Matching
    same_requests: SameRequests
    is_broken: Callable[[int, int, float], bool]
    least_pairs: int  # below which it never is …
    least_share: float  # … and the same of the roots


@dataclass(frozen=True, slots=True)
class _Pair:
    caller: str
    service: str
    peers: list[str]


def read_broken(
    cursor: duckdb.DuckDBPyConnection, rules: Matched, span: tuple[int, int]
) -> list[BrokenContext]:
    """Most pairs first."""
    least = [rules.least_pairs, rules.least_share]
    found = []
    for named in [_Pair(*row) for row in cursor.execute(_BY_NAME, least).fetchall()]:
        roots = _roots(cursor, named.service, span)
        calls = _calls(cursor, named, span) if len(roots["start_ns"]) else roots
        belong = rules.matching(calls["start_ns"], calls["end_ns"], roots["start_ns"], roots["end_ns"])
        found += _broken(named, rules, calls, roots, belong, "name")
    known = {(each.caller, each.service) for each in found}
    for routed in [_Pair(*row) for row in cursor.execute(_BY_ROUTE, least).fetchall()]:
        if (routed.caller, routed.service) not in known:
            found += _by_route(cursor, rules, routed, span)
    return sorted(found, key=lambda each: (-each.pairs, each.caller, each.service))


def _broken(
    pair: _Pair, rules: Matched, calls: _Read, roots: _Read, belong: tuple[I64, I64], by: str
) -> list[BrokenContext]:
    call, root = belong
    apart = calls["trace_id"][call] != roots["trace_id"][root]
    call, root = call[apart], root[apart]
    whole = len(roots["start_ns"])
    if not len(root) or not rules.is_broken(len(root), whole, float(np.ptp(roots["start_ns"])) / 1e9):
        return []
    of, began = calls["trace_id"][call][:_EXAMPLES], roots["trace_id"][root][:_EXAMPLES]
    return [BrokenContext(pair.caller, pair.service, len(root), whole, list(zip(of, began, strict=True)), by)]


def _by_route(
    cursor: duckdb.DuckDBPyConnection, rules: Matched, pair: _Pair, span: tuple[int, int]
) -> list[BrokenContext]:
    """Calls and roots of one request are matched by time apart from all others."""
    asked, answered = (_request(Catalogue(cursor), of_root=of_root) for of_root in (False, True))
    for most in (_FEW, _MOST_CALLS):
        roots = _roots(cursor, pair.service, span, answered, most)
        calls = _calls(cursor, pair, span, asked, most)
        of_call, of_root = rules.same_requests(calls["request"].tolist(), roots["request"].tolist())
        alike = int((of_call >= 0).sum()), int(np.isin(of_root, of_call[of_call >= 0]).sum())
        if min(alike) < max(rules.least_pairs, _ALIKE * min(_FEW, len(of_root))):
            return []
    belong = [np.empty((2, 0), np.int64)]
    for request in np.intersect1d(of_call[of_call >= 0], of_root).tolist():
        call, root = np.flatnonzero(of_call == request), np.flatnonzero(of_root == request)
        ends = calls["start_ns"][call], calls["end_ns"][call], roots["start_ns"][root], roots["end_ns"][root]
        one, other = rules.matching(*ends)
        belong.append(np.stack((call[one], root[other])))
    matched = np.concatenate(belong, axis=1)
    return _broken(pair, rules, calls, roots, (matched[0], matched[1]), "route")


def _request(catalogue: Catalogue, *, of_root: bool) -> Where:
    """What a span asks, or answers, as `analysis/broken_context.py` reads it; NULL where it does not say."""

    def first(*keys: str) -> Where:
        found = [text_of(catalogue, f"span.{key}") for key in keys]
        return Where(
            f"coalesce({', '.join(each.text for each in found)})",
            tuple(v for each in found for v in each.values),
        )

    rpc, method = (first("rpc.service"), first("rpc.method")), first("http.request.method", "http.method")
    paths = ("url.path", "http.target", "url.full", "http.url")
    path = first("http.route", *paths) if of_root else first(*paths)
    text = f"coalesce({rpc[0].text} || '/' || {rpc[1].text}, {method.text} || ' ' || {path.text})"
    return Where(text, tuple(value for each in (*rpc, method, path) for value in each.values))


def _roots(
    cursor: duckdb.DuckDBPyConnection,
    service: str,
    span: tuple[int, int],
    request: Where = _UNSAID,
    most: int = _MOST_CALLS,
) -> _Read:
    return cursor.execute(
        f"""
        SELECT replace(trace_id::VARCHAR, '-', '') AS trace_id, start_ns, end_ns, coalesce({request.text}, '') AS request
        FROM spans s
        WHERE service_id = (SELECT service_id FROM services WHERE service = ?) AND parent_id = 0
          AND kind = {Kind.SERVER.value} AND duration_ns IS NOT NULL AND start_ns BETWEEN ? AND ?
        ORDER BY start_ns
        LIMIT {most}
        """,
        [*request.values, service, *span],
    ).fetchnumpy()


def _calls(
    cursor: duckdb.DuckDBPyConnection,
    pair: _Pair,
    span: tuple[int, int],
    request: Where = _UNSAID,
    most: int = _MOST_CALLS,
) -> _Read:
    return cursor.execute(
        f"""
        WITH called AS (
          SELECT span_row, trace_id, span_id, start_ns, end_ns, coalesce({request.text}, '') AS request
          FROM spans s
          WHERE service_id = (SELECT service_id FROM services WHERE service = ?) AND kind = {Kind.CLIENT.value}
            AND peer_id IN (SELECT node_id FROM nodes WHERE kind = 'external' AND list_contains(?, name))
            AND duration_ns IS NOT NULL AND start_ns BETWEEN ? AND ?
          ORDER BY start_ns
          LIMIT {most}
        )
        SELECT replace(c.trace_id::VARCHAR, '-', '') AS trace_id, c.start_ns, c.end_ns, c.request
        FROM called c ANTI JOIN (
          SELECT trace_id, parent_id FROM spans WHERE parent_id <> 0 AND trace_id IN (SELECT trace_id FROM called)
        ) below ON below.trace_id = c.trace_id AND below.parent_id = c.span_id
        ORDER BY c.start_ns
        """,
        [*request.values, pair.caller, pair.peers, *span],
    ).fetchnumpy()
