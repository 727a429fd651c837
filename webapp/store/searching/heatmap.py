"""Duration over time: cells of the heat map and points of the scatter chart, matching traces beside all traces."""

from dataclasses import dataclass

import duckdb
import numpy as np

from webapp.model.results import HeatCell, HeatMap, Point
from webapp.query import Window
from webapp.store.conditions.matching import (
    COSTLY_S,
    EXACT,
    Rows,
    in_window,
    matching_traces,
    trace_ids,
)
from webapp.store.conditions.where import Where
from webapp.store.searching.recent import Asked
from webapp.store.writing.buckets import MINUTE_NS, PER_DOUBLING, bucket_floor, buckets_of

_BUCKET = f"floor({PER_DOUBLING} * log2(greatest(t.duration_ns, 1)))::INTEGER"


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells are whole buckets high; a column of a minute or more is whole minutes wide, so that sums can fill it."""

    start_ns: int
    width_ns: int
    columns: int
    lowest: int
    height: int
    rows: int

    @property
    def by_minutes(self) -> bool:
        return self.width_ns % MINUTE_NS == 0


def draw_heatmap(cursor: duckdb.DuckDBPyConnection, asked: Asked, columns: int, rows: int) -> HeatMap:
    """At most `columns` by `rows` cells; only cells with traces are listed. Traces of unknown time are in none."""
    grid = _grid(cursor, asked.window, columns, rows)
    if grid is None:
        return HeatMap([], [], [], None)
    found = asked.found
    partial = (
        not found.complete
        and (asked.plan.spans is not None or not asked.plan.whole)
        and found.whole_s > COSTLY_S
    )
    traces = _all_cells(cursor, asked.window, grid)
    matched = traces
    if asked.query.root is not None:
        if found.complete or partial:
            matched = _cells_found(cursor, grid, found.rows)
        else:
            matched = _cells(cursor, grid, _each(matching_traces(cursor, asked.plan, asked.window)))
    cells = []
    for (x, y), (count, _, _) in sorted(traces.items()):
        fitting_count, failed, slowest = matched.get((x, y), (0, 0, ""))
        cells.append(HeatCell(x, y, fitting_count, count, failed, slowest))
    return HeatMap(
        [grid.start_ns + grid.width_ns * x for x in range(grid.columns + 1)],
        [round(bucket_floor(grid.lowest + grid.height * y)) for y in range(grid.rows + 1)],
        cells,
        len(found.rows) if partial else None,
    )


def list_points(cursor: duckdb.DuckDBPyConnection, asked: Asked, limit: int) -> list[Point]:
    """The newest matching traces of the window, and a sample of the others, as many as there is room for."""
    inside = in_window(asked.window)
    matching = set(asked.found.rows.first_row[:limit].tolist())
    rows = cursor.execute(
        f"""
        SELECT
          t.first_row, replace(t.trace_id::VARCHAR, '-', ''), t.start_ns, t.duration_ns,
          t.root_service, t.root_name, t.failed, t.errors
        FROM traces t LEFT JOIN (SELECT unnest(?::BIGINT[]) AS first_row) m ON m.first_row = t.first_row
        WHERE {inside.text}
        ORDER BY m.first_row IS NULL, if(m.first_row IS NULL, hash(t.trace_id), 0), t.start_ns DESC, t.first_row DESC
        LIMIT {min(limit, EXACT)}
        """,
        [sorted(matching), *inside.values],
    ).fetchall()
    return [
        Point(trace_id, start_ns, duration_ns, service, name, failed, errors, first in matching)
        for first, trace_id, start_ns, duration_ns, service, name, failed, errors in rows
    ]


def _grid(cursor: duckdb.DuckDBPyConnection, window: Window, columns: int, rows: int) -> Grid | None:
    inside = in_window(window)
    first_ns, last_ns, shortest, longest = cursor.execute(
        f"""
        SELECT first_ns, last_ns, {_BUCKET.replace("t.duration_ns", "shortest_ns")},
          {_BUCKET.replace("t.duration_ns", "longest_ns")}
        FROM (
          SELECT
            min(t.start_ns) FILTER (t.start_ns > 0) AS first_ns, max(t.start_ns) AS last_ns,
            min(t.duration_ns) AS shortest_ns, max(t.duration_ns) AS longest_ns
          FROM traces t
          WHERE {inside.text}
        )
        """,
        list(inside.values),
    ).fetchall()[0]
    if first_ns is None:
        return None
    start_ns = first_ns if window.from_ns is None else window.from_ns
    end_ns = last_ns + 1 if window.to_ns is None else window.to_ns
    width_ns = max(1, -(-(end_ns - start_ns) // columns))
    if width_ns >= MINUTE_NS:
        start_ns -= start_ns % MINUTE_NS
        width_ns = -(-(end_ns - start_ns) // columns)
        width_ns += -width_ns % MINUTE_NS
    height = -(-(longest - shortest + 1) // rows)
    return Grid(
        start_ns,
        width_ns,
        -(-(end_ns - start_ns) // width_ns),
        shortest,
        height,
        -(-(longest - shortest + 1) // height),
    )


_Cells = dict[tuple[int, int], tuple[int, int, str]]


def _all_cells(cursor: duckdb.DuckDBPyConnection, window: Window, grid: Grid) -> _Cells:
    if window != Window() or not grid.by_minutes:
        inside = in_window(window)
        return _cells(cursor, grid, _each(Where(f"FROM traces t WHERE {inside.text}", inside.values)))
    return _cells(cursor, grid, Where(f"""
        SELECT minute * {MINUTE_NS} AS start_ns, bucket, traces, failed, slowest, slowest_ns FROM duration_sums
    """))  # fmt: skip


def _each(traces: Where) -> Where:
    return Where(
        f"""
        SELECT
          t.start_ns, {_BUCKET} AS bucket, 1 AS traces, t.failed::INTEGER AS failed,
          t.trace_id AS slowest, t.duration_ns AS slowest_ns
        {traces.text}
        """,
        traces.values,
    )


def _cells(cursor: duckdb.DuckDBPyConnection, grid: Grid, counted: Where) -> _Cells:
    """(column, row) → traces, failed, slowest trace."""
    rows = cursor.execute(
        f"""
        SELECT
          (start_ns - {grid.start_ns}) // {grid.width_ns} AS x, (bucket - {grid.lowest}) // {grid.height} AS y,
          sum(traces)::BIGINT AS counted, sum(failed)::BIGINT,
          replace(arg_max(slowest, slowest_ns)::VARCHAR, '-', '')
        FROM ({counted.text})
        WHERE start_ns >= {grid.start_ns}
        GROUP BY x, y
        HAVING counted > 0
        """,
        list(counted.values),
    ).fetchall()
    return {(x, y): (traces, failed, slowest or "") for x, y, traces, failed, slowest in rows}


def _cells_found(cursor: duckdb.DuckDBPyConnection, grid: Grid, rows: Rows) -> _Cells:
    """The same of traces that were found."""
    rows = rows.at(rows.start_ns >= grid.start_ns)
    x = (rows.start_ns - grid.start_ns) // grid.width_ns
    y = (buckets_of(rows.duration_ns).astype(np.int64) - grid.lowest) // grid.height
    order = np.lexsort((rows.duration_ns, y, x))
    cells, starts, counts = np.unique((x * grid.rows + y)[order], return_index=True, return_counts=True)
    failed = np.add.reduceat(rows.failed[order].astype(np.int64), starts) if len(starts) else starts
    slowest = rows.at(order[starts + counts - 1])
    id_of = trace_ids(cursor, slowest)
    listed = zip(cells.tolist(), counts.tolist(), failed.tolist(), slowest.first_row.tolist(), strict=True)
    return {
        divmod(cell, grid.rows): (count, failing, id_of.get(first, ""))
        for cell, count, failing, first in listed
    }
