"""Rate, errors and durations of a service over time, one small chart each. A point knows the address behind it."""

from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from webapp.charts import theme as themes
from webapp.charts.ticks import duration_ticks, plotly_time, time_format
from webapp.charts.versions import draw_versions
from webapp.model import display
from webapp.model.headline import VersionChange
from webapp.model.red import Moment

HEIGHT = 150
KINDS = ("rate", "errors", "duration")
_PERCENTILES = (
    ("p99_ns", "p99", "ink-3", "dot"),
    ("p95_ns", "p95", "accent", "solid"),
    ("p50_ns", "p50", "ink-2", "solid"),
)


def figure(
    moments: Sequence[Moment],
    kind: str,
    theme: str,
    address: Callable[[Moment], str],
    changes: Sequence[VersionChange] = (),
    *,
    rated: bool = True,
) -> bytes:
    """`kind`: one of KINDS. `address`: what a click on a moment opens. `changes`: new versions of the service. `rated`:
    whether calls tell how often there were.
    """
    layout = themes.layout(theme, HEIGHT)
    counted = [moment for moment in moments if moment.red.spans]
    if not counted:
        return themes.nothing(layout)
    layout.update(margin={"l": 52, "r": 8, "t": 6, "b": 22}, hovermode="x", selectdirection="h", bargap=0.15)
    layout.xaxis.update(
        tickformat=time_format(moments[0].from_ns, moments[-1].to_ns),
        range=[plotly_time(moments[0].from_ns), plotly_time(moments[-1].to_ns)],
        nticks=5,
    )
    traces = (
        _durations(counted, theme, layout)
        if kind == "duration"
        else [_bars(counted, kind, theme, layout, rated=rated)]
    )
    draw_versions(layout, changes, moments[0].from_ns, moments[-1].to_ns, theme, of_one=True)
    for trace in traces:
        trace.update(customdata=[address(moment) for moment in counted])
    return themes.to_json(go.Figure(traces, layout))


def _bars(moments: Sequence[Moment], kind: str, theme: str, layout: go.Layout, *, rated: bool) -> go.Bar:
    colours = themes.COLOURS[theme]
    seconds = (moments[0].to_ns - moments[0].from_ns) / 1e9
    per_second = max(moment.red.calls for moment in moments) / seconds >= 1
    unit = 1.0 if per_second else 60.0
    short = moments[-1].to_ns - moments[0].from_ns < 1e9  # says nothing of how often
    if kind == "rate" and (short or not rated):
        heights = [moment.red.calls for moment in moments]
    elif kind == "rate":
        heights = [moment.red.calls / seconds * unit for moment in moments]
        layout.yaxis.update(ticksuffix="/s" if per_second else "/min")
    else:
        heights = [100 * moment.red.error_share for moment in moments]
        layout.yaxis.update(ticksuffix="%", range=[0, max(1.0, *heights) * 1.05])
    layout.yaxis.update(type="linear", rangemode="tozero", nticks=4)
    return go.Bar(
        x=[plotly_time((moment.from_ns + moment.to_ns) // 2) for moment in moments],
        y=heights,
        width=(moments[0].to_ns - moments[0].from_ns) / 1e6,
        marker={"color": colours["error"] if kind == "errors" else themes.fade(colours["accent"], 0.65)},
        text=[_words(moment) for moment in moments],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )


def _durations(moments: Sequence[Moment], theme: str, layout: go.Layout) -> list[go.Scatter]:
    colours = themes.COLOURS[theme]
    timed = [moment for moment in moments if moment.red.p50_ns is not None]
    if timed:
        low = min(max(1, moment.red.p50_ns or 0) for moment in timed)
        high = max(moment.red.p99_ns or 0 for moment in timed)
        ticks, labels = duration_ticks(low, max(low, high))
        layout.yaxis.update(tickvals=ticks, ticktext=labels)
    return [
        go.Scatter(
            x=[plotly_time((moment.from_ns + moment.to_ns) // 2) for moment in moments],
            y=[getattr(moment.red, field) for moment in moments],
            mode="lines+markers",
            line={"color": colours[colour], "width": 1.5, "dash": dash},
            marker={"size": 5, "color": colours[colour]},
            text=[f"{name} of {_words(moment)}" for moment in moments],
            hovertemplate="%{text}<extra></extra>",
        )
        for field, name, colour, dash in _PERCENTILES
    ]


def _words(moment: Moment) -> str:
    red = moment.red
    failed = f", {red.failed:,} failed" if red.failed else ""
    durations = [
        f"{name} {display.duration(ns)}"
        for name, ns in (("p50", red.p50_ns), ("p95", red.p95_ns), ("p99", red.p99_ns))
        if ns is not None
    ]
    lines = [f"{display.plural(red.spans, 'call')}{failed}", ", ".join(durations)]
    lines.append(f"from {display.iso(moment.from_ns)[11:19]} UTC, click for the traces")
    return "<br>".join(filter(None, lines))
