"""Which traces two sets are: what a query finds, a band of it, and what it is measured by."""

from dataclasses import dataclass

import duckdb

from webapp.model.cohorts import BANDS, Baseline
from webapp.query import Query, Window
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.matching import in_window, matching_traces
from webapp.store.conditions.parts import planned
from webapp.store.conditions.where import Where

MOSTLY = 0.95  # of the selected traces have one root operation: others are measured by the same …
LEAST = 20  # … if so many have it


@dataclass(frozen=True, slots=True)
class Asked:
    """`band` narrows the selection to a part of its response times. `query` of the baseline: see `Baseline.kind`."""

    query: Query
    window: Window
    band: str
    baseline: Baseline
    baseline_query: Query
    baseline_window: Window

    @property
    def key(self) -> tuple[object, ...]:
        return (
            self.query.text, self.window, self.band, self.baseline, self.baseline_query.text, self.baseline_window,
        )  # fmt: skip


def gather_members(catalogue: Catalogue, asked: Asked) -> tuple[int, str]:
    """Fills `members`: the traces of both sets. Returns how many both queries find, and to which root it keeps."""
    cursor = catalogue.cursor
    _find(catalogue, "asked_traces", asked.query, asked.window)
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE members AS
        SELECT trace_id, true AS selected FROM asked_traces {_in_band(cursor, "asked_traces", asked.band)}
        """
    )
    if asked.baseline.kind in ("rest", "all") and asked.band:
        others = "SELECT trace_id FROM asked_traces"
    elif asked.baseline.kind in ("rest", "all"):
        inside = in_window(asked.window)
        cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE other_traces AS SELECT t.trace_id FROM traces t WHERE {inside.text}",
            list(inside.values),
        )
        others = "SELECT trace_id FROM other_traces"
    else:
        _find(catalogue, "other_traces", asked.baseline_query, asked.baseline_window)
        band = asked.band if asked.baseline.kind == "before" else ""
        others = f"SELECT trace_id FROM other_traces {_in_band(cursor, 'other_traces', band)}"
    both = cursor.execute(f"SELECT count(*) FROM ({others}) SEMI JOIN members USING (trace_id)").fetchall()
    root = _shared_root(cursor, others) if asked.baseline.kind == "rest" else None
    of_root = "root_service = $service AND root_name = $name"
    if root:
        others = f"SELECT trace_id FROM traces SEMI JOIN ({others}) USING (trace_id) WHERE {of_root}"
    cursor.execute(
        f"INSERT INTO members SELECT trace_id, false FROM ({others}) ANTI JOIN members USING (trace_id)",
        {"service": root[0], "name": root[1]} if root else {},
    )
    return (int(both[0][0]) if asked.baseline.kind in ("before", "query") else 0), " · ".join(root or ())


def _shared_root(cursor: duckdb.DuckDBPyConnection, others: str) -> tuple[str, str] | None:
    """The root operation that nearly all selected traces have, if others have it and other ones, too."""
    found = cursor.execute(
        """
        SELECT root_service, root_name, count(*) AS many, (SELECT count(*) FROM members)
        FROM traces SEMI JOIN members USING (trace_id)
        GROUP BY root_service, root_name
        ORDER BY many DESC
        LIMIT 1
        """
    ).fetchall()
    if not found or found[0][2] < MOSTLY * found[0][3]:
        return None
    service, name, *_ = found[0]
    [(same, whole)] = cursor.execute(
        f"""
        SELECT count(*) FILTER (root_service = ? AND root_name = ?), count(*)
        FROM traces SEMI JOIN ({others}) USING (trace_id) ANTI JOIN members USING (trace_id)
        """,
        [service, name],
    ).fetchall()
    return (service, name) if LEAST <= same < MOSTLY * whole else None


def _find(catalogue: Catalogue, table: str, query: Query, window: Window) -> None:
    found: Where = matching_traces(catalogue.cursor, planned(query, catalogue, in_window(window)), window)
    catalogue.cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT t.trace_id, t.response_ns {found.text}",
        list(found.values),
    )


def _in_band(cursor: duckdb.DuckDBPyConnection, table: str, band: str) -> str:
    """WHERE that leaves the part of the response times that the band names."""
    low, high = BANDS[band]
    bounds = cursor.execute(f"SELECT quantile_disc(response_ns, [{low}, {high}]) FROM {table}").fetchall()[0][
        0
    ]
    if bounds is None or not band:
        return ""
    above = f"response_ns > {bounds[0]}" if low else "true"
    return f"WHERE {above} AND response_ns <= {bounds[1]}"
