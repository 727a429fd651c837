"""Figures hold what the grid holds, in colours of the sheet."""

import json
import re
from dataclasses import replace
from pathlib import Path

from webapp.charts import heatmap, scatter, timeseries
from webapp.charts.theme import COLOURS
from webapp.model.red import Moment, Red
from webapp.model.results import HeatCell, HeatMap, Point

SECOND = 1_000_000_000
GRID = HeatMap(
    time_edges_ns=[1_763_631_000 * SECOND, 1_763_631_060 * SECOND, 1_763_631_120 * SECOND],
    duration_edges_ns=[1_000_000, 10_000_000, 100_000_000],
    cells=[HeatCell(0, 0, 4, 9, 0, "a" * 32), HeatCell(1, 1, 1, 1, 1, "b" * 32)],
    based_on=None,
)


def test_the_heat_map_draws_matches_over_what_the_query_leaves_out() -> None:
    figure = json.loads(heatmap.figure(GRID, "light"))
    left_out, matched, errors = figure["data"]
    assert [trace["type"] for trace in figure["data"]] == ["heatmap", "heatmap", "scatter"]
    assert left_out["z"] == [[5**0.5, None], [None, None]]
    assert matched["z"] == [[2.0, None], [None, 1.0]]
    assert len(errors["x"]) == 1
    assert figure["slowest"] == {"0,0": "a" * 32, "1,1": "b" * 32}
    assert matched["text"][0][0] == "4 traces, 5 left out<br>1.00 ms to 10.0 ms"


def test_the_table_of_the_heat_map_sums_over_durations() -> None:
    first, second = heatmap.by_time(GRID)
    assert (first.matched, first.left_out, first.errors, first.slowest_ns) == (4, 5, 0, 1_000_000)
    assert (second.matched, second.left_out, second.errors, second.slowest_ns) == (1, 0, 1, 10_000_000)


def test_a_heat_map_over_a_part_says_over_which() -> None:
    figure = json.loads(heatmap.figure(replace(GRID, based_on=10_000), "dark"))
    assert [note["text"] for note in figure["layout"]["annotations"]] == [
        "matches are counted in the newest 10,000 traces"
    ]
    assert "annotations" not in json.loads(heatmap.figure(GRID, "dark"))["layout"]


def test_an_empty_grid_is_an_empty_figure() -> None:
    figure = json.loads(heatmap.figure(HeatMap([], [], [], None), "dark"))
    assert figure["data"] == []
    assert figure["layout"]["xaxis"]["visible"] is False


def test_names_in_the_scatter_are_text_and_not_markup() -> None:
    point = Point(
        "c" * 32, 5 * SECOND, 7_000_000, "<b>web", "<img onerror=x>", failed=True, errors=2, matched=True
    )
    body = scatter.figure([point], "light")
    assert b"<" not in body
    failed = json.loads(body)["data"][2]
    assert failed["customdata"] == ["c" * 32]
    assert failed["text"] == ["&lt;b&gt;web · &lt;img onerror=x&gt;<br>7.00 ms<br>2 errors"]


def test_figures_use_the_colours_of_the_sheet() -> None:
    sheet = (Path(__file__).parents[2] / "static/css/tokens.css").read_text()
    tokens = {
        name: (light, dark)
        for name, light, dark in re.findall(r"--([\w-]+):\s+light-dark\((#\w+), (#\w+)\)", sheet)
    }
    for name in COLOURS["light"]:
        assert tokens[name] == (COLOURS["light"][name], COLOURS["dark"][name])


def test_calls_of_less_than_a_second_are_counted_and_get_no_rate() -> None:
    def drawn(length_ns: int) -> tuple[list[float], str]:
        moment = Moment(SECOND, SECOND + length_ns, Red(spans=3, calls=3))
        figure = json.loads(timeseries.figure([moment], "rate", "light", lambda _: "/traces"))
        return figure["data"][0]["y"], figure["layout"]["yaxis"].get("ticksuffix", "")

    assert drawn(10) == ([3], "")
    assert drawn(60 * SECOND) == ([3], "/min")
