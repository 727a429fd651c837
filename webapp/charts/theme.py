"""The colours and the frame that all figures share. The colours are those of static/css/tokens.css; a test compares them."""

import orjson
import plotly.graph_objects as go

COLOURS: dict[str, dict[str, str]] = {
    "light": {
        "surface": "#ffffff", "line": "#e7e9ee", "ink": "#12151c", "ink-2": "#444b59", "ink-3": "#626a79",
        "accent": "#3350d4", "error": "#c4262e",
    },
    "dark": {
        "surface": "#12151a", "line": "#232831", "ink": "#edeff3", "ink-2": "#b6bdc9", "ink-3": "#8d95a5",
        "accent": "#93a9ff", "error": "#ff8a8a",
    },
}  # fmt: skip
FONT = 'Inter, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'


def fade(colour: str, opacity: float) -> str:
    """`#rrggbb` with an opacity, as Plotly reads it."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def layout(theme: str, height: int) -> go.Layout:
    """Time to the right, duration (log) upwards; a drag selects."""
    colours = COLOURS[theme]
    axis = {
        "gridcolor": colours["line"], "linecolor": colours["line"], "zeroline": False, "fixedrange": True,
        "tickfont": {"size": 10.5, "color": colours["ink-3"]}, "ticks": "",
    }  # fmt: skip
    return go.Layout(
        template="none",
        height=height,
        margin={"l": 62, "r": 12, "t": 4, "b": 24},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 11, "color": colours["ink-3"]},
        showlegend=False,
        dragmode="select",
        hovermode="closest",
        hoverlabel={
            "bgcolor": colours["surface"],
            "bordercolor": colours["line"],
            "font": {"color": colours["ink"]},
        },
        newselection={"line": {"color": colours["accent"], "width": 1, "dash": "solid"}},
        xaxis={**axis, "type": "date", "showgrid": False},
        yaxis={**axis, "type": "log"},
    )


def remark(words: str, theme: str) -> dict[str, object]:
    """A sentence in the upper right corner: what the figure is based on."""
    return {
        "text": words, "showarrow": False, "xref": "paper", "yref": "paper", "x": 1, "y": 1,
        "xanchor": "right", "yanchor": "top", "font": {"size": 11, "color": COLOURS[theme]["ink-2"]},
    }  # fmt: skip


def nothing(layout: go.Layout, words: str = "No traces in this time") -> bytes:
    """A figure of nothing says so, and has no axes that would mean nothing."""
    layout.update(xaxis={"visible": False}, yaxis={"visible": False})
    layout.update(annotations=[{"text": words, "showarrow": False, "font": {"size": 12}}])
    return to_json(go.Figure(layout=layout))


def to_json(figure: go.Figure, **further: object) -> bytes:
    """The figure as JSON, with facts for the page beside it. Hostile names in it stay text: `<` is escaped."""
    body = orjson.dumps({**figure.to_plotly_json(), **further}, option=orjson.OPT_SERIALIZE_NUMPY)
    return body.replace(b"<", b"\\u003c")
