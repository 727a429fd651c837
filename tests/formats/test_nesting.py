"""The unit of durations that name none, found by how the spans of a trace lie within each other."""

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp import formats
from webapp.formats.nesting import Timed, decide
from webapp.formats.units import NS_PER_UNIT
from webapp.model.spans import Span

START_NS = 1_700_000_000_000_000_000
UNITS = ("ns", "us", "ms", "s")
# begin and length in thousandths of the root's length; name and parent
SHOP = (
    ("a", "", 0, 1_000),
    ("b", "a", 90, 850),
    ("c", "b", 130, 200),
    ("d", "b", 400, 500),
    ("e", "d", 450, 100),
)


def shop(unit: str, length: int = 40_000) -> list[Timed]:
    one = length * NS_PER_UNIT[unit] // 1_000
    return [
        Timed("t", name, parent, START_NS + begin * one, part * length // 1_000)
        for name, parent, begin, part in SHOP
    ]


@pytest.mark.parametrize("likely", UNITS)
@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_is_the_one_in_which_spans_nest_whatever_is_likely(unit: str, likely: str) -> None:
    assert decide(shop(unit), likely).unit == unit


@pytest.mark.parametrize("unit", UNITS)
def test_it_is_told_without_parents_by_the_longest_span_of_a_trace(unit: str) -> None:
    flat = [span._replace(parent_id="") for span in shop(unit)]
    assert decide(flat, "ms").unit == unit


@pytest.mark.parametrize(
    "spans",
    [
        [],
        shop("us")[:1],
        [span._replace(parent_id="", trace_id=span.span_id) for span in shop("us")],
        [span._replace(start_ns=0) for span in shop("us")],
        [span._replace(start_ns=START_NS) for span in shop("us")],
        [span._replace(length=5) for span in shop("us")],
    ],
)
def test_where_nothing_tells_the_likely_unit_stays(spans: list[Timed]) -> None:
    assert [decide(spans, unit).unit for unit in UNITS] == list(UNITS)


def test_one_call_that_is_answered_later_does_not_make_the_unit_larger() -> None:
    late = Timed("t", "z", "a", START_NS + 90_000_000, 20)
    assert decide([*shop("us"), late], "ms").unit == "us"


def test_children_that_begin_with_their_parents_tell_too_little() -> None:
    spans = [Timed("t", "a", "", START_NS, 300), Timed("t", "b", "a", START_NS + 2_001, 2)]
    assert (decide(spans, "ms").unit, decide(spans, "us").unit) == ("ms", "us")


def test_times_of_a_coarse_clock_are_not_believed_below_it() -> None:
    spans = [Timed("t", "a", "", START_NS, 500), Timed("t", "b", "a", START_NS + 1_000_000, 100)]
    assert decide(spans, "us").unit == "us"


def table(unit: str) -> bytes:
    rows = [
        f"abcd,{ord(name):016x},{ord(parent or chr(0)):016x},{name},{span.start_ns // 1_000},{span.length}"
        for (name, parent, *_), span in zip(SHOP, shop(unit), strict=True)
    ]
    return "\n".join(["trace_id,span_id,parent_span_id,name,start,duration", *rows]).encode()


def generic(unit: str) -> bytes:
    return json.dumps(
        [
            {
                "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": f"{ord(name):016x}", "operation": name,
                "parentId": f"{ord(parent):016x}" if parent else None,
                "timestamp": span.start_ns // 1_000, "duration": span.length,
            }
            for (name, parent, *_), span in zip(SHOP, shop(unit), strict=True)
        ]
    ).encode()  # fmt: skip


def read(content: bytes) -> tuple[dict[str, Span], dict[str, Any]]:
    reading = formats.read(BytesIO(content), "f")
    spans = {span.name: span for batch in reading for span in batch}
    return spans, {warning.code: warning for warning in reading.notes.warnings}


@pytest.mark.parametrize("made", [table, generic])
@pytest.mark.parametrize("unit", ["us", "ms"])
def test_tables_and_plain_spans_go_by_it_and_say_so(made: Any, unit: str) -> None:
    spans, warnings = read(made(unit))
    assert spans["a"].end_ns - spans["a"].start_ns == 40_000 * NS_PER_UNIT[unit]
    if made is table or unit != "us":  # plain spans are in microseconds unless something says otherwise
        assert "lie within the one around them" in warnings["length_unit"].message
        assert warnings["length_unit"].where == f"duration in {unit}"


TIMED = st.builds(
    Timed, st.sampled_from("ab"), st.text(max_size=2), st.text(max_size=2), st.integers(0, 2**62),
    st.floats(0, 1e18) | st.integers(0, 10**12),
)  # fmt: skip


@given(st.lists(TIMED, max_size=20), st.sampled_from(UNITS))
def test_any_spans_give_a_unit(spans: list[Timed], likely: str) -> None:
    assert decide(spans, likely).unit in UNITS
