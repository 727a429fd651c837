"""How the values of a field lie: as a histogram, or over time as a heat map."""

from itertools import pairwise
from math import sqrt

import plotly.graph_objects as go

from webapp.charts import theme as themes
from webapp.charts.heatmap import HEIGHT
from webapp.charts.ticks import duration_ticks, plotly_time, time_format
from webapp.model import display
from webapp.model.distribution import Distribution

DURATIONS = ("duration",)  # fields in nanoseconds
_NO_NUMBER, _NO_SPANS = "None of these spans has a number there", "No such spans in this time"


def bars(found: Distribution, theme: str) -> bytes:
    """Values to the right, spans upwards; a drag chooses values."""
    colours, layout = themes.COLOURS[theme], themes.layout(theme, HEIGHT)
    if not found.cells:
        return themes.nothing(layout, _NO_NUMBER if found.without else _NO_SPANS)
    spans, errors = by_value(found)
    layout.xaxis.update(type="log" if found.log else "linear", showgrid=False, **_ticks(found))
    layout.yaxis.update(type="linear", rangemode="tozero")
    layout.update(barmode="overlay", bargap=0, annotations=_remarks(found, theme))
    edges = found.value_edges
    middles = [sqrt(low * high) if found.log else (low + high) / 2 for low, high in pairwise(edges)]
    widths = [high - low for low, high in pairwise(edges)]
    words = [
        f"{display.plural(count, 'span')}, {failed:,} with errors<br>{value_words(found, low)} to {value_words(found, high)}"
        for count, failed, (low, high) in zip(spans, errors, pairwise(edges), strict=True)
    ]
    hover = {"text": words, "hovertemplate": "%{text}<extra></extra>", "textposition": "none"}
    common = {"x": middles, "width": widths, **hover}
    ring = {"color": colours["surface"], "width": 1}
    return themes.to_json(
        go.Figure(
            [
                go.Bar(
                    y=spans, marker={"color": themes.fade(colours["accent"], 0.75), "line": ring}, **common
                ),
                go.Bar(y=errors, marker={"color": colours["error"], "line": ring}, **common),
            ],
            layout,
        ),
        values="x",
    )


def heat(found: Distribution, theme: str) -> bytes:
    """Time to the right, values upwards; a drag chooses both."""
    colours, layout = themes.COLOURS[theme], themes.layout(theme, HEIGHT)
    if not found.cells:
        return themes.nothing(layout, _NO_NUMBER if found.without else _NO_SPANS)
    layout.xaxis.update(tickformat=time_format(found.time_edges_ns[0], found.time_edges_ns[-1]))
    layout.yaxis.update(type="log" if found.log else "linear", **_ticks(found))
    layout.annotations = _remarks(found, theme)
    columns, rows = len(found.time_edges_ns) - 1, len(found.value_edges) - 1
    counts: list[list[float | None]] = [[None] * columns for _ in range(rows)]
    texts = [[""] * columns for _ in range(rows)]
    for cell in found.cells:
        counts[cell.y][cell.x] = sqrt(cell.spans)
        low, high = found.value_edges[cell.y], found.value_edges[cell.y + 1]
        errors = f", {cell.errors:,} with errors" if cell.errors else ""
        texts[cell.y][cell.x] = (
            f"{display.plural(cell.spans, 'span')}{errors}<br>{value_words(found, low)} to {value_words(found, high)}"
        )
    most = max(2.0, sqrt(max(cell.spans for cell in found.cells)))
    layer = go.Heatmap(
        x=[plotly_time(edge) for edge in found.time_edges_ns], y=found.value_edges, z=counts, zmin=1, zmax=most,
        colorscale=[[0, themes.fade(colours["accent"], 0.28)], [1, themes.fade(colours["accent"], 1.0)]],
        showscale=False, hoverongaps=False, xgap=1, ygap=1, text=texts, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    return themes.to_json(go.Figure([layer], layout), values="y")


def by_value(found: Distribution) -> tuple[list[int], list[int]]:
    """Spans, and those with errors, of each row of values."""
    spans, errors = ([0] * (len(found.value_edges) - 1) for _ in range(2))
    for cell in found.cells:
        spans[cell.y] += cell.spans
        errors[cell.y] += cell.errors
    return spans, errors


def _ticks(found: Distribution) -> dict[str, object]:
    if found.field not in DURATIONS or not found.log:
        return {"tickformat": "~g", **({"dtick": "D2"} if found.log else {})}
    ticks, labels = duration_ticks(int(found.value_edges[0]), int(found.value_edges[-1]))
    return {"tickvals": ticks, "ticktext": labels}


def value_words(found: Distribution, value: float) -> str:
    return display.duration(int(value)) if found.field in DURATIONS else f"{value:.4g}"


def _remarks(found: Distribution, theme: str) -> list[dict[str, object]]:
    words = []
    if found.without:
        words.append(f"{display.plural(found.without, 'span')} without a number")
    if found.based_on is not None:
        words.append(f"of the newest {display.plural(found.based_on, 'trace')}")
    return [themes.remark(", ".join(words), theme)] if words else []
