"""The binary bars decoded as the page decodes them, and minimaps of small and large traces."""

import numpy as np

from tests.analysis.drawing import columns_of, plain_columns, span
from webapp.analysis.folding import visible
from webapp.analysis.preview import (
    FAILED,
    FOLDED,
    MISSING,
    NEW_SERVICE,
    ON_PATH,
    SLOTS,
    UNFINISHED,
    Preview,
    preview_of,
)
from webapp.analysis.rows import rows_of
from webapp.analysis.tree import repair
from webapp.model.spans import Span, Status

COLOURS = {"web": 3, "db": 7}


def preview(*spans: Span) -> Preview:
    forest = repair(columns_of(spans))
    return preview_of(rows_of(forest), np.arange(len(forest)) == forest.root[0], COLOURS)


def decoded(packed: bytes) -> dict[str, list[int]]:
    count = len(packed) // 8
    small = np.frombuffer(packed, np.uint8, 4 * count).reshape(4, count)
    wide = np.frombuffer(packed, "<u2", 2 * count, 4 * count).reshape(2, count)
    starts = np.cumsum(wide[0].astype(np.int64)) & 0xFFFF
    columns = (*small, starts, wide[1])
    return dict(
        zip(
            ("depth", "slot", "text", "flags", "start", "width"), map(np.ndarray.tolist, columns), strict=True
        )
    )


def checkout() -> Preview:
    return preview(
        span("root", "", 1000, 1100, service="web", name="GET /"),
        span("late", "root", 1050, 1100, service="web", name="work"),
        span("tail", "late", 1090, 1100, service="db", name="SELECT", status=Status.ERROR),
        span("more", "root", 1025, 1050, service="db", name="SELECT"),
        span("lost", "none", 1060, 1070, service="web", name="work"),
    )


def test_bars_decode_to_depth_colour_text_and_time_of_each_row() -> None:
    drawn = checkout()
    view = visible(drawn.rows, None)
    bars = decoded(drawn.bars(view.shown, view.folded))
    assert bars["depth"] == [0, 1, 1, 2, 1, 2]
    assert bars["slot"] == [3, 7, 3, 7, SLOTS, 3]
    assert bars["text"] == [
        len("web GET /"),
        len("db SELECT"),
        4,
        len("db SELECT"),
        len("(missing) (missing)"),
        8,
    ]
    assert bars["start"] == [0, 16384, 32768, 58982, 39321, 39321]
    assert bars["width"] == [65535, 16384, 32767, 6553, 6553, 6553]


def test_flags_of_bars_say_what_their_rows_are() -> None:
    drawn = checkout()
    view = visible(drawn.rows, 1)
    flags = decoded(drawn.bars(view.shown, view.folded))["flags"]
    assert flags == [ON_PATH | NEW_SERVICE, NEW_SERVICE, FOLDED, MISSING | NEW_SERVICE | FOLDED]
    view = visible(drawn.rows, None)
    assert decoded(drawn.bars(view.shown, view.folded))["flags"][3] == FAILED | NEW_SERVICE
    running = preview(span("root", "", 1000, 0, service="web"))
    assert decoded(running.bars(np.array([0]), np.array([False])))["flags"] == [
        ON_PATH | NEW_SERVICE | UNFINISHED
    ]


def test_a_window_of_bars_stands_on_its_own() -> None:
    drawn = checkout()
    view = visible(drawn.rows, None)
    bars = decoded(drawn.bars(view.shown[2:4], view.folded[2:4]))
    assert bars["start"] == [32768, 58982]


def test_the_minimap_of_a_small_trace_has_one_line_a_row() -> None:
    drawn = checkout()
    minimap = drawn.minimap(visible(drawn.rows, None).shown, 100, 48)
    assert minimap.thickness == 6
    assert dict(minimap.bars) == {
        3: [(0, 0, 100), (50, 16, 50), (60, 40, 10)],
        7: [(25, 8, 25), (90, 24, 10)],
        SLOTS: [(60, 32, 10)],
    }


def test_the_minimap_of_a_large_trace_shows_the_colour_of_most_and_stays_small() -> None:
    count = 20_000
    start_ns = 10**18 + np.arange(count) * 1_000
    columns = plain_columns(
        np.arange(1, count + 1),
        np.minimum(np.arange(count), 1),
        start_ns,
        np.where(np.arange(count) == 0, start_ns[-1] + 1_000, start_ns + 1_000),
        service=np.arange(count) % 3 == 0,
        services=["web", "db"],
    )
    drawn = preview_of(rows_of(repair(columns)), np.zeros(count, np.bool_), COLOURS)
    minimap = drawn.minimap(visible(drawn.rows, None).shown)
    bars = dict(minimap.bars)
    assert minimap.thickness == 1
    assert {y for _, y, _ in bars[3]} == set(range(46))
    assert all(0 <= x < x + width <= 500 for row in bars.values() for x, _, width in row)
    assert sum(map(len, bars.values())) < 100


def test_a_moment_is_a_pixel_of_the_minimap_even_at_the_very_end() -> None:
    drawn = preview(
        span("root", "", 1000, 1100, service="web"), span("end", "root", 1100, 1100, service="db")
    )
    minimap = drawn.minimap(visible(drawn.rows, None).shown, 100, 2)
    assert dict(minimap.bars)[7] == [(99, 1, 1)]
