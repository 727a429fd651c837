"""What the matching traces are made of: values with their counts of traces, each with the term that selects it.

Read from the newest 10,000 matching traces, or from the sums when everything matches. Values that lie in spans:
`span_facets.py`.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from itertools import islice, pairwise

import duckdb
import numpy as np

from webapp.model.results import Facet, FacetValue
from webapp.query import Window, has_term, write_key, write_term
from webapp.query.tree import leaves
from webapp.store.conditions.matching import Found, found_traces
from webapp.store.searching.recent import Asked
from webapp.store.searching.span_facets import Counts, SpanCounts, most_first

LISTED = 20  # values a facet
LONGEST = 300  # characters of a value: each is also a link
OUTCOMES = {
    "failed": ("failed", "trace.failed"),
    "errors": ("errors inside", "trace.failed=false trace.errors>0"),
    "ok": ("ok", "trace.errors=0"),
}
BANDS = (
    ("under 1 ms", None, "1ms"), ("1–10 ms", "1ms", "10ms"), ("10–100 ms", "10ms", "100ms"),
    ("100 ms – 1 s", "100ms", "1s"), ("1–10 s", "1s", "10s"), ("10–60 s", "10s", "60s"), ("over 1 m", "60s", None),
)  # fmt: skip
_EDGES_NS = (10**6, 10**7, 10**8, 10**9, 10**10, 6 * 10**10)
_SHOWN = {
    "root": "CASE WHEN t.root_service != '' THEN t.root_service || ' · ' || t.root_name END",
    "bottleneck": "CASE WHEN t.verdict_service != '' THEN t.verdict_service || ' · ' || t.verdict_name END",
}


def find_facets(cursor: duckdb.DuckDBPyConnection, asked: Asked) -> list[Facet]:
    """In the order that the page shows them; facets without values are left out."""
    everything = asked.query.root is None and asked.window == Window()
    count = _SumCounts(cursor) if everything else _TraceCounts(cursor, asked.found)
    spans = SpanCounts(cursor, asked)
    chosen = any((term.scope, term.key) == ("own", "service") for term in leaves(asked.query.root))
    services = count.services() if asked.plan.spans is None or chosen else spans.services()
    facets = [
        _listed("service", "Service", services, lambda few: _services(asked, few, chosen)),
        _of_key("root", "Root operation", "trace.root", count.of("root")),
        Facet("outcome", "Outcome", _outcomes(count.outcomes()), 0),
        Facet("duration", "Duration", _bands(count.bands()), 0),
        _of_key("bottleneck", "Bottleneck", "trace.bottleneck", count.of("bottleneck")),
        *(_of_key(key, key, write_key(key), counts) for key, counts in spans.attributes()),
    ]
    return [facet for facet in facets if facet.values]


class _TraceCounts:
    """Counted from the summaries of the traces found."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, found: Found) -> None:
        self._cursor = cursor
        self._traces = found_traces(cursor, found)
        self._rows = found.rows
        shown = ", ".join(f"{value} AS {facet}" for facet, value in _SHOWN.items())
        self._shown = cursor.sql(
            f"SELECT {shown} {self._traces.text}", params=list(self._traces.values)
        ).to_arrow_table()

    def services(self) -> Counts:
        """That take part in the traces."""
        return self._cursor.execute(
            f"""
            SELECT service, count(*)
            FROM (SELECT unnest(t.services).service AS service {self._traces.text})
            GROUP BY service
            ORDER BY 2 DESC, 1
            """,
            list(self._traces.values),
        ).fetchall()

    def of(self, facet: str) -> Counts:
        values, counts = self._shown[facet].drop_null().value_counts().flatten()
        return most_first(zip(values.to_pylist(), counts.to_pylist(), strict=True))

    def outcomes(self) -> dict[str, int]:
        failed, with_errors = self._rows.failed, self._rows.errors > 0
        counts = {
            "failed": int(np.count_nonzero(failed)),
            "errors": int(np.count_nonzero(with_errors & ~failed)),
            "ok": int(np.count_nonzero(~with_errors & ~failed)),
        }
        return {outcome: count for outcome, count in counts.items() if count}

    def bands(self) -> list[int]:
        """Traces in each of BANDS."""
        counts: list[int] = np.bincount(
            np.searchsorted(_EDGES_NS, self._rows.duration_ns, side="right"), minlength=len(BANDS)
        ).tolist()
        return counts


class _SumCounts:
    """Of all traces, from the sums kept while loading."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._counts: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        found = cursor.execute(
            """
            SELECT
              facet, CASE facet WHEN 'service' THEN service WHEN 'outcome' THEN name ELSE service || ' · ' || name END,
              sum(traces)::BIGINT AS counted
            FROM facet_sums
            WHERE facet = 'outcome' OR service != ''
            GROUP BY facet, service, name
            HAVING counted > 0
            """
        ).fetchall()
        for facet, value, traces in found:
            self._counts[facet].append((value, traces))

    def services(self) -> Counts:
        return self.of("service")

    def of(self, facet: str) -> Counts:
        return most_first(self._counts[facet])

    def outcomes(self) -> dict[str, int]:
        return dict(self.of("outcome"))

    def bands(self) -> list[int]:
        above = ", ".join(f"count(*) FILTER (duration_ns >= {edge})" for edge in _EDGES_NS)
        rows = self._cursor.execute(f"SELECT count(*), {above} FROM traces").fetchall()
        return [more - less for more, less in pairwise([*rows[0], 0])]


def _listed(key: str, label: str, counts: Counts, made: Callable[[Counts], list[FacetValue]]) -> Facet:
    """Values are `made` of those that are shown: there may be thousands."""
    few = list(islice((pair for pair in counts if len(pair[0]) <= LONGEST), LISTED))
    return Facet(key, label, made(few), len(counts) - len(few))


def _of_key(key: str, label: str, written: str, counts: Counts) -> Facet:
    """`written`: the key as in a query."""
    return _listed(key, label, counts, partial(_terms, written))


def _services(asked: Asked, counts: Counts, chosen: bool) -> list[FacetValue]:
    """Once a service is chosen, the others narrow to traces that it shares with them: one span has one service."""
    values = []
    for service, traces in counts:
        term = write_term("service", "=", service)
        if chosen and not has_term(asked.query.text, term):
            term = write_term("trace.service", "=", service)
        values.append(FacetValue(service, term, traces))
    return values


def _terms(key: str, counts: Counts) -> list[FacetValue]:
    return [FacetValue(value, write_term(key, "=", value), traces) for value, traces in counts]


def _outcomes(counts: dict[str, int]) -> list[FacetValue]:
    return [FacetValue(*OUTCOMES[outcome], counts[outcome]) for outcome in OUTCOMES if outcome in counts]


def _bands(traces: list[int]) -> list[FacetValue]:
    values = []
    for (label, low, high), count in zip(BANDS, traces, strict=True):
        bounds = ((">=", low), ("<", high))
        term = " ".join(f"trace.duration{op}{bound}" for op, bound in bounds if bound)
        if count:
            values.append(FacetValue(label, term, count))
    return values
