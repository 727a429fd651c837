"""By which protocols the nodes of the service graph call each other, as seen in some of the newest traces.

A database or queue names its own in its name; for the others what spans carry is asked as queries.
"""

from collections import Counter, defaultdict

import numpy as np

from webapp.model.columns import I64
from webapp.query import parse
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.sql import plan
from webapp.store.conditions.where import Where
from webapp.store.reading.traces import rows_of

_TRACES, _SPANS = 1_000, 40_000  # looked at, the newest
_SHOWN = 2  # of one edge, the commonest

# The first that fits a span on either side.
KNOWN_BY = {
    "gRPC": "rpc.system=grpc OR rpc.system.name=grpc OR rpc.grpc.status_code? OR component=grpc OR component=gRPC",
    "GraphQL": "graphql.operation.name? OR graphql.operation.type? OR graphql.document?",
    "RPC": "rpc.system? OR rpc.system.name? OR rpc.service? OR rpc.method?",
    "HTTP": "http.request.method? OR http.method? OR http.route? OR http.url? OR http.target? OR url.full? "
    "OR http.response.status_code? OR http.status_code?",
    "event": "messaging.system? OR faas.trigger? OR cloudevents.event_id?",
}


def find_protocols(catalogue: Catalogue, traces: Where) -> dict[tuple[str, str], str]:
    """By caller and callee. `traces`: FROM and WHERE of traces as t."""
    protocol = _protocol(catalogue)
    rows, cursor = _sample(catalogue, traces), catalogue.cursor
    found = cursor.execute(
        f"""
        WITH seen AS MATERIALIZED (
          SELECT s.trace_id, s.span_id, s.parent_id, s.service_id, s.peer_id, s.kind, {protocol.text} AS protocol
          FROM spans s
          WHERE {rows.text} AND s.trace_id IN (SELECT trace_id::UUID FROM sampled_traces)
        ), told AS (
          SELECT above.service AS caller, own.service AS callee, coalesce(c.protocol, p.protocol) AS protocol
          FROM seen c JOIN seen p ON p.trace_id = c.trace_id AND p.span_id = c.parent_id
          JOIN services own ON own.service_id = c.service_id JOIN services above ON above.service_id = p.service_id
          WHERE c.service_id <> p.service_id OR (c.kind = 2 AND p.kind = 3)
          UNION ALL
          SELECT service, nodes.name, protocol
          FROM seen JOIN services USING (service_id) JOIN nodes ON node_id = peer_id
          UNION ALL
          SELECT 'user', service, protocol FROM seen JOIN services USING (service_id) WHERE parent_id = 0 AND kind = 2
        )
        SELECT caller, callee, protocol, count(*) FROM told WHERE protocol IS NOT NULL GROUP BY ALL
        """,
        list(protocol.values),
    ).fetchall()
    return _named(found)


def rows_by_protocol(catalogue: Catalogue, trace_id: str) -> tuple[I64, I64]:
    """The span_row, ascending, of the spans of a trace that tell a protocol, and which of KNOWN_BY it is."""
    extent = rows_of(catalogue, trace_id)
    if extent is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    protocol = _protocol(catalogue)
    found = catalogue.cursor.execute(
        f"""
        SELECT s.span_row, ({protocol.text})::BIGINT AS protocol
        FROM spans s
        WHERE s.trace_id = ?::UUID AND s.span_row BETWEEN ? AND ? AND protocol IS NOT NULL
        ORDER BY s.span_row
        """,
        [*protocol.values, trace_id, *extent],
    ).fetchnumpy()
    return found["span_row"], np.asarray(found["protocol"])


def _protocol(catalogue: Catalogue) -> Where:
    """An expression on s: the number of the first of KNOWN_BY that fits, NULL if none does."""
    known = catalogue.remembered_names(
        "protocols",
        lambda: [plan(parse(text), catalogue).spans or Where("false") for text in KNOWN_BY.values()],
    )
    cases = " ".join(f"WHEN {each.text} THEN {number}" for number, each in enumerate(known))
    return Where(f"CASE {cases} END", tuple(value for each in known for value in each.values))


def _sample(catalogue: Catalogue, traces: Where) -> Where:
    """Registers the newest as `sampled_traces`, at least one if there is any; what holds on all their spans."""
    newest = catalogue.cursor.sql(
        f"""
        SELECT t.trace_id, t.first_row, t.last_row, t.spans {traces.text}
        ORDER BY t.start_ns DESC, t.first_row DESC
        LIMIT {_TRACES}
        """,
        params=list(traces.values),
    ).to_arrow_table()
    before = np.cumsum(newest["spans"].to_numpy()) - newest["spans"].to_numpy()
    sample = newest.slice(0, int(np.searchsorted(before, _SPANS)))
    catalogue.cursor.register("sampled_traces", sample)
    if not sample.num_rows:
        return Where("false")
    first, last = sample["first_row"].to_numpy().min(), sample["last_row"].to_numpy().max()
    return Where(f"s.span_row BETWEEN {first} AND {last}")


def _named(found: list[tuple[str, str, int, int]]) -> dict[tuple[str, str], str]:
    names = list(KNOWN_BY)
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for caller, callee, number, seen in found:
        counts[caller, callee][names[number]] += seen
    return {
        pair: ", ".join(name for name, _ in sorted(each.items(), key=lambda one: (-one[1], one[0]))[:_SHOWN])
        for pair, each in counts.items()
    }
