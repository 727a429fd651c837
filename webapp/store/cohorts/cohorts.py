"""Two sets of traces side by side: which traces they are, and what of them is read for `analysis/cohorts/cohort.py`.

Sets larger than 5,000 traces are sampled by the hash of the trace id, so that the same traces are looked at each time.
What is read of their spans: `spans.py`.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Lock

import duckdb
import numpy as np
import pyarrow as pa

from webapp.model.cohorts import (
    AttributeData,
    CohortData,
    CohortTraces,
    Exemplar,
    Membership,
    ValueSought,
)
from webapp.model.columns import SpanColumns
from webapp.store.cohorts.attributes import read_attributes
from webapp.store.cohorts.members import Asked, gather_members
from webapp.store.cohorts.spans import error_origins, gather_spans, path_times, weights
from webapp.store.cohorts.values import read_words
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.connection import READ_SECONDS
from webapp.store.reading.columns import Selection, read_columns
from webapp.store.reading.words import Words, services_by_id
from webapp.store.sampling import is_tail_sampled
from webapp.store.writing.arrow import uuids
from webapp.working import step

MOST_TRACES = 5_000  # of either set …
MOST_SPANS = 100_000  # … with so many spans together …
GIANT = 10_000  # … none of them in a trace with more than these
_SECONDS = 10.0  # that reading the two sets may take
STEPS = 5  # of which the last two are those of who compares
_KEPT = 2  # of up to 30 MB each


class Cohorts:
    """`knowing` opens the store's catalogue; `version` differs whenever something was written since."""

    def __init__(
        self,
        knowing: Callable[[float], AbstractContextManager[Catalogue]],
        words: Words,
        version: Callable[[], int],
    ) -> None:
        self._knowing, self._words, self._version = knowing, words, version
        self._recent: OrderedDict[tuple[object, ...], CohortData] = OrderedDict()
        self._lock = Lock()

    def read(self, asked: Asked) -> CohortData:
        key = (*asked.key, self._version())
        with self._lock:
            if key in self._recent:
                self._recent.move_to_end(key)
                return self._recent[key]
        with self._knowing(_SECONDS) as catalogue:
            data = _read(catalogue, asked)
        with self._lock:
            self._recent[key] = data
            while len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
        return data

    def attributes(self, data: CohortData) -> AttributeData:
        """Of up to 50,000 spans, and of as many keys as there is time for."""
        with self._knowing(READ_SECONDS) as catalogue:
            return read_attributes(catalogue, data)

    def columns(self, trace_ids: Sequence[str]) -> SpanColumns | None:
        """The spans of whole traces; those that are gone meanwhile are left out. None if none is left."""
        with self._knowing(READ_SECONDS) as catalogue:
            cursor = catalogue.cursor
            chosen = {"trace_id": uuids(list(trace_ids)), "given": np.arange(len(trace_ids))}
            cursor.register("chosen_ids", pa.table(chosen))
            found = cursor.execute(
                """
                CREATE OR REPLACE TEMP TABLE chosen_traces AS
                SELECT trace_id, row_number() OVER (ORDER BY given) - 1 AS number, first_row, last_row
                FROM chosen_ids JOIN traces USING (trace_id);
                SELECT replace(trace_id::VARCHAR, '-', ''), first_row, last_row FROM chosen_traces ORDER BY number
                """
            ).fetchall()
            if not found:
                return None
            source = (
                "spans JOIN (SELECT trace_id, number FROM chosen_traces) USING (trace_id)"
                " WHERE span_row BETWEEN ? AND ?"
            )
            rows = min(first for _, first, _ in found), max(last for *_, last in found)
            return read_columns(
                cursor, Selection([each for each, *_ in found], source, "number", rows), self._words
            )

    def words(self, data: AttributeData, sought: Sequence[ValueSought]) -> list[str]:
        """What the values are."""
        if not sought:
            return []
        with self._knowing(READ_SECONDS) as catalogue:
            return read_words(catalogue, data, sought)


def _read(catalogue: Catalogue, asked: Asked) -> CohortData:
    cursor = catalogue.cursor
    step("Finding the traces of both sets", 1, STEPS)
    in_both, root = gather_members(catalogue, asked)
    members = [_sample(cursor, selected) for selected in (True, False)]
    found = cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE cohort AS
        SELECT (row_number() OVER (ORDER BY selected DESC, rank) - 1)::SMALLINT AS number, * FROM sampled_traces;
        SELECT replace(trace_id::VARCHAR, '-', '') AS trace_id, selected, response_ns, root_service, root_name, spans
        FROM cohort
        ORDER BY number
        """
    ).fetchnumpy()
    step("Reading their spans", 2, STEPS)
    gather_spans(cursor)
    traces = CohortTraces(
        found["selected"].astype(np.bool_), found["response_ns"].astype(np.int64), weights(cursor, len(found["selected"]))
    )  # fmt: skip
    services = services_by_id(cursor)
    roots = [" · ".join(pair) for pair in zip(found["root_service"], found["root_name"], strict=True)]
    times = path_times(cursor)
    step("Looking where errors began", 3, STEPS)
    return CohortData(
        selection=members[0],
        baseline=members[1],
        in_both=in_both,
        traces=traces,
        spans=found["spans"].astype(np.int64),
        roots=roots,
        times=times,
        services=services,
        origins=error_origins(cursor),
        exemplars=_exemplars(cursor),
        tail_sampled=is_tail_sampled(cursor),
        trace_ids=tuple(found["trace_id"].tolist()),
        root=root,
    )


def _sample(cursor: duckdb.DuckDBPyConnection, selected: bool) -> Membership:
    """Fills `sampled_traces`, the selected first."""
    make = "CREATE OR REPLACE TEMP TABLE sampled_traces AS" if selected else "INSERT INTO sampled_traces"
    cursor.execute(
        f"""
        {make}
        SELECT * EXCLUDE (spans_so_far)
        FROM (
          SELECT *, sum(spans) OVER (ORDER BY rank, trace_id) AS spans_so_far
          FROM (
            SELECT
              trace_id, hash(trace_id) AS rank, selected, response_ns, spans, first_row, last_row,
              try_cast('0x' || left(root_span_id, 16) AS UBIGINT) AS root_id, root_service, root_name
            FROM traces JOIN members USING (trace_id)
            WHERE selected = {selected} AND spans <= {GIANT}
            ORDER BY rank, trace_id
            LIMIT {MOST_TRACES}
          )
        )
        WHERE spans_so_far <= {MOST_SPANS}
        """
    )
    [(traces, giants)] = cursor.execute(
        f"""
        SELECT count(*), count(*) FILTER (spans > {GIANT})
        FROM traces JOIN members USING (trace_id)
        WHERE selected = {selected}
        """
    ).fetchall()
    [(sampled,)] = cursor.execute(
        f"SELECT count(*) FROM sampled_traces WHERE selected = {selected}"
    ).fetchall()
    return Membership(traces, sampled, giants)


def _exemplars(cursor: duckdb.DuckDBPyConnection) -> list[Exemplar]:
    """The largest of all selected traces, and those nearest to the medians of both sets."""
    rows = cursor.execute(
        """
        WITH both_sets AS MATERIALIZED (
          SELECT trace_id, selected, response_ns FROM traces JOIN members USING (trace_id)
        ),
        medians AS (SELECT selected, quantile_disc(response_ns, 0.5) AS median FROM both_sets GROUP BY selected),
        placed AS (
          SELECT both_sets.*, median,
            row_number() OVER (PARTITION BY selected ORDER BY response_ns DESC, trace_id) AS largest,
            row_number() OVER (PARTITION BY selected ORDER BY abs(response_ns - median), trace_id) AS nearest
          FROM both_sets JOIN medians USING (selected)
        )
        SELECT
          CASE WHEN NOT selected THEN 'baseline' WHEN largest <= 3 THEN 'largest' ELSE 'median' END AS why,
          replace(trace_id::VARCHAR, '-', ''), placed.response_ns, root_service, root_name, verdict_sentence
        FROM placed JOIN traces USING (trace_id)
        WHERE (selected AND (largest <= 3 OR nearest <= 2)) OR (NOT selected AND nearest = 1)
        ORDER BY why = 'baseline', why = 'median', largest, nearest
        """
    ).fetchall()
    return [Exemplar(*row) for row in rows]
