"""The query string of the trace page and back."""

import pytest

from webapp.views.trace.folds import Folds
from webapp.views.trace.state import MOST_OPENED, TraceState, time_in

ID = "ab" * 16
SPAN, OTHER = "1" * 16, "2" * 16 + "_1"


def test_defaults_are_left_out_of_the_url() -> None:
    assert TraceState.read(ID, {}).url() == f"/trace/{ID}"


def test_every_field_survives_the_way_through_the_url() -> None:
    given = {
        "q": "service=a b", "sort": "slowest", "from": "-1h", "span": f"{SPAN}.{OTHER}", "depth": "3", "fold": OTHER,
        "find": "x>1", "errors": "1", "path": "completion", "t0": "80ms", "t1": "3.28s", "row": "400",
        "cols": "start http.route",
    }  # fmt: skip
    state = TraceState.read(ID, given)
    assert state.parameters() == given
    assert (state.t0_ns, state.t1_ns) == (80_000_000, 3_280_000_000)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("depth", "-1"), ("depth", "x"), ("fold", "zz"), ("span", "<b>"), ("path", "no"), ("t0", "soon"), ("row", "1e9"),
        ("errors", "yes"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_left_out(name: str, text: str) -> None:
    assert TraceState.read(ID, {name: text}) == TraceState.read(ID, {})


def test_a_zoom_that_ends_before_it_begins_is_no_zoom() -> None:
    state = TraceState.read(ID, {"t0": "2s", "t1": "1s"})
    assert (state.t0_ns, state.t1_ns) == (None, None)


def test_another_depth_forgets_the_folds_and_the_place() -> None:
    state = TraceState.read(ID, {"fold": SPAN, "row": "50", "find": "x", "span": SPAN})
    assert state.changed(depth=2).parameters() == {"find": "x", "span": SPAN, "depth": "2"}


def test_a_span_is_opened_and_closed_and_only_the_last_stay_open() -> None:
    state = TraceState(ID, span=(SPAN, OTHER))
    assert state.opened(SPAN) == (OTHER,)
    assert state.opened("3" * 16) == (SPAN, OTHER, "3" * 16)
    many = tuple(f"{number:016x}" for number in range(MOST_OPENED))
    assert TraceState(ID, span=many).opened(SPAN) == (*many[1:], SPAN)


@pytest.mark.parametrize("span_id", [SPAN, OTHER, "3" * 16, "4" * 16 + "_2", "5" * 16])
@pytest.mark.parametrize("name", ["fold", "span"])
def test_links_made_for_many_spans_are_those_made_for_one(name: str, span_id: str) -> None:
    kept = Folds((SPAN, "3" * 16), "1f3c9a2b7d00", (OTHER, "3" * 16))
    many = tuple(f"{number:016x}" for number in range(MOST_OPENED))
    states = (
        TraceState(ID),
        TraceState(ID, span=(SPAN, OTHER), fold=kept, find="&<é", row=50),
        TraceState(ID, span=many),
    )
    for state in states:
        assert state.toggles()(name, span_id) == state.toggle_url(name, span_id)


@pytest.mark.parametrize(
    ("text", "ns"),
    [("80 ms", 80_000_000), ("3.28s", 3_280_000_000), ("1.5us", 1500), ("412 µs", 412_000), ("0", 0), ("7ns", 7),
     ("1,234 ms", 1_234_000_000), ("2m", 120_000_000_000), ("1 m 02 s", 62_000_000_000), ("1h4m", 3_840_000_000_000)],
)  # fmt: skip
def test_times_are_read_as_they_are_written(text: str, ns: int) -> None:
    assert time_in(text) == ns


@pytest.mark.parametrize("text", ["", "ms", "-3s", "80", "1e3s", "٣s", "1 m 2", "1h 2m 3s 4ms"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert time_in(text) is None
