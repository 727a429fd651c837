"""Calls that nobody in their trace answered, beside roots of the services that they name: whether they belong together
is settled in `analysis/broken_context.py`.

A call names a service by its peer (`orders`, `orders:8080`, `orders.shop.svc`), or has the very name of its roots, with
a route in it. Only where such calls are does anything large get read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from webapp.model.columns import I64
from webapp.model.insights import BrokenContext
from webapp.model.spans import Kind

Matching = Callable[
    [I64, I64, I64, I64], tuple[I64, I64]
]  # starts and ends of calls, of roots -> which belong together
_MOST_PAIRS = 8
_MOST_CALLS = 200_000  # of a pair of services, the first
_EXAMPLES = 3
# who calls whom without an answer, often enough for the roots that nobody is known to have called: by the peer's name as it
# is, without port, or by its first label
_PEERS = """
  WITH called AS (
    SELECT caller.name AS caller, s.service AS service, list(DISTINCT callee.name) AS peers, sum(calls) AS calls
    FROM edge_sums
    JOIN nodes caller ON caller.node_id = caller_id AND caller.kind = 'service'
    JOIN nodes callee ON callee.node_id = callee_id AND callee.kind = 'external'
    JOIN services s ON lower(s.service) IN (
      lower(callee.name), lower(split_part(callee.name, ':', 1)),
      lower(split_part(split_part(callee.name, ':', 1), '.', 1))
    )
    WHERE caller.name <> s.service
    GROUP BY ALL
  ),
  begun AS (
    SELECT callee.name AS service, sum(calls) AS roots
    FROM edge_sums
    JOIN nodes caller ON caller.node_id = caller_id AND caller.kind = 'user'
    JOIN nodes callee ON callee.node_id = callee_id AND callee.kind = 'service'
    GROUP BY ALL
  )
  SELECT caller, service, peers
  FROM called JOIN begun USING (service)
  WHERE least(calls, roots) >= ? AND calls >= ? * roots
  ORDER BY calls DESC, caller, service
"""


@dataclass(frozen=True, slots=True)
class Matched:
    matching: Matching
    is_broken: Callable[[int, int, float], bool]
    least_pairs: int  # below which it never is …
    least_share: float  # … and the same of the roots


def read_broken(
    cursor: duckdb.DuckDBPyConnection, rules: Matched, span: tuple[int, int]
) -> list[BrokenContext]:
    """Most pairs first."""
    found = []
    named = cursor.execute(_PEERS, [rules.least_pairs, rules.least_share]).fetchall()
    for caller, service, peers in named[:_MOST_PAIRS]:
        roots = _roots(cursor, service, span)
        calls = _calls(cursor, caller, peers, span) if len(roots["start_ns"]) else roots
        if not len(calls["start_ns"]):
            continue
        call, root = rules.matching(calls["start_ns"], calls["end_ns"], roots["start_ns"], roots["end_ns"])
        apart = calls["trace_id"][call] != roots["trace_id"][root]
        call, root = call[apart], root[apart]
        seconds = float(np.ptp(roots["start_ns"])) / 1e9
        if rules.is_broken(len(root), len(roots["start_ns"]), seconds):
            examples = zip(
                calls["trace_id"][call][:_EXAMPLES], roots["trace_id"][root][:_EXAMPLES], strict=True
            )
            found.append(BrokenContext(caller, service, len(root), len(roots["start_ns"]), list(examples)))
    return sorted(found, key=lambda each: (-each.pairs, each.caller, each.service))


def _roots(cursor: duckdb.DuckDBPyConnection, service: str, span: tuple[int, int]) -> dict[str, NDArray[Any]]:
    return cursor.execute(
        f"""
        SELECT replace(trace_id::VARCHAR, '-', '') AS trace_id, start_ns, end_ns
        FROM spans
        WHERE service_id = (SELECT service_id FROM services WHERE service = ?) AND parent_id = 0
          AND kind = {Kind.SERVER.value} AND duration_ns IS NOT NULL AND start_ns BETWEEN ? AND ?
        ORDER BY start_ns
        LIMIT {_MOST_CALLS}
        """,
        [service, *span],
    ).fetchnumpy()


def _calls(
    cursor: duckdb.DuckDBPyConnection, caller: str, peers: list[str], span: tuple[int, int]
) -> dict[str, NDArray[Any]]:
    return cursor.execute(
        f"""
        WITH called AS (
          SELECT span_row, trace_id, span_id, start_ns, end_ns
          FROM spans
          WHERE service_id = (SELECT service_id FROM services WHERE service = ?) AND kind = {Kind.CLIENT.value}
            AND peer_id IN (SELECT node_id FROM nodes WHERE kind = 'external' AND list_contains(?, name))
            AND duration_ns IS NOT NULL AND start_ns BETWEEN ? AND ?
          ORDER BY start_ns
          LIMIT {_MOST_CALLS}
        )
        SELECT replace(c.trace_id::VARCHAR, '-', '') AS trace_id, c.start_ns, c.end_ns
        FROM called c ANTI JOIN (
          SELECT trace_id, parent_id FROM spans WHERE parent_id <> 0 AND trace_id IN (SELECT trace_id FROM called)
        ) below ON below.trace_id = c.trace_id AND below.parent_id = c.span_id
        ORDER BY c.start_ns
        """,
        [caller, peers, *span],
    ).fetchnumpy()
