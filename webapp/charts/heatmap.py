"""Duration over time as a heat map: what matches in the accent colour, what the query leaves out in grey."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import plotly.graph_objects as go

from webapp.charts import theme as themes
from webapp.charts.ticks import duration_ticks, plotly_time, time_format
from webapp.charts.versions import draw_versions
from webapp.model import display
from webapp.model.headline import VersionChange
from webapp.model.results import HeatCell, HeatMap

GRID = (90, 16)  # columns of time, rows of duration
HEIGHT = 168


@dataclass(frozen=True, slots=True)
class Slot:
    """One stretch of time of the table that stands for the chart."""

    from_ns: int
    to_ns: int
    matched: int
    errors: int
    left_out: int
    slowest_ns: int  # lower edge of the highest cell with a match


def figure(grid: HeatMap, theme: str, changes: Sequence[VersionChange] = ()) -> bytes:
    colours = themes.COLOURS[theme]
    layout = themes.layout(theme, HEIGHT)
    if not grid.cells:
        return themes.nothing(layout)
    ticks, labels = duration_ticks(grid.duration_edges_ns[0], grid.duration_edges_ns[-1])
    layout.yaxis.update(tickvals=ticks, ticktext=labels)
    layout.xaxis.update(tickformat=time_format(grid.time_edges_ns[0], grid.time_edges_ns[-1]))
    if grid.based_on is not None:
        words = f"matches are counted in the newest {display.plural(grid.based_on, 'trace')}"
        layout.annotations = [themes.remark(words, theme)]
    draw_versions(layout, changes, grid.time_edges_ns[0], grid.time_edges_ns[-1], theme)
    traces = [
        _layer(grid, {(c.x, c.y): c.all - c.matched for c in grid.cells}, colours["ink-3"], (0.14, 0.5)),
        _layer(grid, {(c.x, c.y): c.matched for c in grid.cells}, colours["accent"], (0.28, 1.0)),
        _errors(grid, colours),
    ]
    return themes.to_json(go.Figure(traces, layout), slowest=_slowest(grid))


def _layer(
    grid: HeatMap, counts: dict[tuple[int, int], int], colour: str, opacity: tuple[float, float]
) -> go.Heatmap:
    """One colour; opacity by the square root of the count, so that a single trace is still seen."""
    columns, rows = len(grid.time_edges_ns) - 1, len(grid.duration_edges_ns) - 1
    values: list[list[float | None]] = [[None] * columns for _ in range(rows)]
    for (x, y), count in counts.items():
        if count > 0:
            values[y][x] = sqrt(count)
    texts = _texts(grid)
    return go.Heatmap(
        x=[plotly_time(edge) for edge in grid.time_edges_ns],
        y=grid.duration_edges_ns,
        z=values,
        zmin=1,
        zmax=max(2.0, sqrt(max(counts.values(), default=1))),
        colorscale=[[0, themes.fade(colour, opacity[0])], [1, themes.fade(colour, opacity[1])]],
        showscale=False,
        hoverongaps=False,
        xgap=1,
        ygap=1,
        text=texts,
        hovertemplate="%{text}<extra></extra>",
    )


def _texts(grid: HeatMap) -> list[list[str]]:
    columns, rows = len(grid.time_edges_ns) - 1, len(grid.duration_edges_ns) - 1
    texts = [[""] * columns for _ in range(rows)]
    for cell in grid.cells:
        texts[cell.y][cell.x] = _words(grid, cell)
    return texts


def _words(grid: HeatMap, cell: HeatCell) -> str:
    low, high = grid.duration_edges_ns[cell.y], grid.duration_edges_ns[cell.y + 1]
    left_out = f", {cell.all - cell.matched:,} left out" if cell.all > cell.matched else ""
    errors = f", {cell.errors:,} failed" if cell.errors else ""
    traces = display.plural(cell.matched, "trace")
    return f"{traces}{errors}{left_out}<br>{display.duration(low)} to {display.duration(high)}"


def _errors(grid: HeatMap, colours: dict[str, str]) -> go.Scatter:
    cells = [cell for cell in grid.cells if cell.errors]
    time, duration = grid.time_edges_ns, grid.duration_edges_ns
    return go.Scatter(
        x=[plotly_time((time[cell.x] + time[cell.x + 1]) // 2) for cell in cells],
        y=[sqrt(duration[cell.y] * duration[cell.y + 1]) for cell in cells],
        mode="markers",
        marker={"color": colours["error"], "size": 5, "line": {"color": colours["surface"], "width": 1}},
        text=[_words(grid, cell) for cell in cells],
        hovertemplate="%{text}<extra></extra>",
    )


def _slowest(grid: HeatMap) -> dict[str, str]:
    """Trace to open for a click, by "row,column" of the cell."""
    return {f"{cell.y},{cell.x}": cell.slowest for cell in grid.cells if cell.slowest}


def by_time(grid: HeatMap) -> list[Slot]:
    """The grid summed over duration: one slot a column that holds any trace."""
    slots = []
    for x in range(len(grid.time_edges_ns) - 1):
        cells = [cell for cell in grid.cells if cell.x == x]
        if not cells:
            continue
        matched = [cell for cell in cells if cell.matched]
        slots.append(
            Slot(
                from_ns=grid.time_edges_ns[x],
                to_ns=grid.time_edges_ns[x + 1],
                matched=sum(cell.matched for cell in cells),
                errors=sum(cell.errors for cell in cells),
                left_out=sum(cell.all - cell.matched for cell in cells),
                slowest_ns=grid.duration_edges_ns[max(cell.y for cell in matched)] if matched else 0,
            )
        )
    return slots
