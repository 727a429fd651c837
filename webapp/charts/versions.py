"""New versions of services as dotted lines over a chart with time to the right."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from webapp.charts import theme as themes
from webapp.charts.ticks import plotly_time
from webapp.model.headline import VersionChange

MOST = 6  # lines; more would be a fence. The table beside the chart has all


def draw_versions(
    layout: go.Layout,
    changes: Sequence[VersionChange],
    from_ns: int,
    to_ns: int,
    theme: str,
    *,
    of_one: bool = False,
) -> None:
    """Add those between `from_ns` and `to_ns` to the layout; when there are too many, lines without words.

    `of_one`: they are all of one service, which need not be named.
    """
    shown = [change for change in changes if from_ns <= change.first_ns <= to_ns]
    colours = themes.COLOURS[theme]
    line = {"color": colours["ink-3"], "width": 1, "dash": "dot"}
    layout.shapes = [
        {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": line,
         "x0": plotly_time(change.first_ns), "x1": plotly_time(change.first_ns)}
        for change in shown[: 10 * MOST]
    ]  # fmt: skip
    if len(shown) > MOST:
        words = f"{len(shown):,} new versions"
        layout.annotations = [
            *layout.annotations,
            themes.remark(words, theme) | {"yanchor": "bottom", "y": 0},
        ]
        return
    texts = [(c, c.version if of_one else f"{c.service} {c.version}") for c in shown]
    layout.annotations = [
        *layout.annotations,
        *(
            {"text": escape(text if len(text) < 40 else f"{text[:39]}…"), "showarrow": False, "yref": "paper",
             "x": plotly_time(change.first_ns), "y": 1 - 0.1 * (number % 3), "xanchor": "left", "yanchor": "top",
             "font": {"size": 10.5, "color": colours["ink-2"]}, "bgcolor": colours["surface"]}
            for number, (change, text) in enumerate(texts)
        ),
    ]  # fmt: skip
