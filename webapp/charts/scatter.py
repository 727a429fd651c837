"""Duration over time, one point a trace: for searches too small for a heat map."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from webapp.charts import theme as themes
from webapp.charts.heatmap import HEIGHT
from webapp.charts.ticks import duration_ticks, plotly_time, time_format
from webapp.charts.versions import draw_versions
from webapp.model import display
from webapp.model.headline import VersionChange
from webapp.model.results import Point


def figure(points: list[Point], theme: str, changes: Sequence[VersionChange] = ()) -> bytes:
    colours = themes.COLOURS[theme]
    layout = themes.layout(theme, HEIGHT)
    if not points:
        return themes.nothing(layout)
    durations = [max(1, point.duration_ns) for point in points]
    ticks, labels = duration_ticks(min(durations), max(durations))
    layout.yaxis.update(tickvals=ticks, ticktext=labels)
    starts = [point.start_ns for point in points]
    layout.xaxis.update(tickformat=time_format(min(starts), max(starts)))
    draw_versions(layout, changes, min(starts), max(starts), theme)
    left_out = [point for point in points if not point.matched]
    fine = [point for point in points if point.matched and not point.failed]
    failed = [point for point in points if point.matched and point.failed]
    ring = {"color": colours["surface"], "width": 1}
    traces = [
        _points(left_out, {"color": themes.fade(colours["ink-3"], 0.35), "size": 5}),
        _points(fine, {"color": themes.fade(colours["accent"], 0.75), "size": 7, "line": ring}),
        _points(failed, {"color": colours["error"], "size": 8, "symbol": "diamond", "line": ring}),
    ]
    return themes.to_json(go.Figure(traces, layout))


def _points(points: list[Point], marker: dict[str, object]) -> go.Scatter:
    return go.Scatter(
        x=[plotly_time(point.start_ns) for point in points],
        y=[max(1, point.duration_ns) for point in points],
        customdata=[point.trace_id for point in points],
        mode="markers",
        marker=marker,
        text=[_words(point) for point in points],
        hovertemplate="%{text}<extra></extra>",
    )


def _words(point: Point) -> str:
    """Plotly reads tags in labels, so names are escaped."""
    errors = f"<br>{display.plural(point.errors, 'error')}" if point.errors else ""
    return f"{escape(point.root_service)} · {escape(point.root_name)}<br>{display.duration(point.duration_ns)}{errors}"
