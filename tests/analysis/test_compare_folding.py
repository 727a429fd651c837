"""Which rows of a comparison are shown, and that none is lost."""

from hypothesis import given, settings

from tests.analysis.drawing import columns_of, draw, span
from tests.analysis.strategies import traces
from webapp.analysis.compare import Comparison, compare
from webapp.analysis.compare_folding import ComparisonView, changed_rows, to_reveal, view_of
from webapp.analysis.trace import analyse_trace
from webapp.model.columns import Bool
from webapp.model.facts import TraceFacts
from webapp.model.spans import Span, Status


def facts_of(spans: list[Span]) -> TraceFacts:
    return analyse_trace(columns_of(spans))


def compared(a: TraceFacts, b: TraceFacts) -> tuple[Comparison, Bool]:
    found = compare(a, b)
    return found, changed_rows(found, a, b)


def view(
    made: tuple[Comparison, Bool],
    *,
    everything: bool = False,
    toggled: tuple[int, ...] = (),
    shown: tuple[int, ...] = (),
) -> ComparisonView:
    return view_of(*made, everything=everything, toggled=toggled, shown=shown)


def outline(found: Comparison, seen: ComparisonView) -> list[str | int]:
    """Operations; a number for a line of so many unchanged rows."""
    rows = found.rows
    return [
        unchanged or rows.keys[rows.key[row]][1]
        for row, unchanged in zip(seen.row.tolist(), seen.unchanged.tolist(), strict=True)
    ]


BEFORE = draw("""
    p    web/home   S  |--------------------|
    a<p  web/auth   I  |----                |
    b<a  web/token  I  | -                  |
    c<a  web/check  I  |  -                 |
    d<p  web/render I  |      -----         |
    e<p  web/log    I  |               --   |
""")
AFTER = draw("""
    p    web/home   S  |------------------------|
    a<p  web/auth   I  |----                    |
    b<a  web/token  I  | -                      |
    c<a  web/check  I  |  -                     |
    d<p  web/render I  |      ---------         |
    e<p  web/log    I  |                   --   |
""")


def test_a_run_of_unchanged_spans_is_one_line_and_one_alone_stays() -> None:
    made = compared(analyse_trace(BEFORE), analyse_trace(AFTER))
    seen = view(made)
    assert outline(made[0], seen) == ["home", 3, "render", "log"]
    assert seen.hidden == 3
    assert outline(made[0], view(made, shown=(1,))) == ["home", "auth", "token", "check", "render", "log"]
    assert outline(made[0], view(made, everything=True)) == [
        "home",
        "auth",
        "token",
        "check",
        "render",
        "log",
    ]


def test_equal_traces_are_their_root_and_one_line() -> None:
    facts = analyse_trace(BEFORE)
    made = compared(facts, facts)
    assert outline(made[0], view(made)) == ["home", 5]


def test_a_row_that_is_folded_has_the_difference_of_all_below_it() -> None:
    made = compared(analyse_trace(BEFORE), analyse_trace(AFTER))
    folded = view(made, toggled=(0,))
    assert outline(made[0], folded) == ["home"]
    assert folded.folded.tolist() == [True]
    assert folded.delta_ns.tolist() == [40_000_000]


def test_several_calls_of_which_one_more_are_folded_and_unfolded() -> None:
    def asking(times: int) -> TraceFacts:
        calls = [span(f"q{k}", "p", 10 * k, 10 * k + 10, name="ask") for k in range(times)]
        return facts_of([span("p", "", 0, 10 * times, name="home"), *calls])

    made = compared(asking(2), asking(3))
    assert outline(made[0], view(made)) == ["home", "ask"]
    assert view(made).delta_ns.tolist() == [0, 10_000_000]
    opened = view(made, toggled=(1,))
    assert outline(made[0], opened) == ["home", "ask", 2, "ask"]
    assert opened.delta_ns.tolist() == [0, 0, 0, 10_000_000]


def test_a_long_tree_of_one_trace_is_folded_at_its_top() -> None:
    deep = [span(f"x{k:02d}", f"x{k - 1:02d}" if k else "p", k, 100 - k, name=f"x{k}") for k in range(20)]
    made = compared(facts_of([span("p", "", 0, 100)]), facts_of([span("p", "", 0, 100), *deep]))
    seen = view(made)
    assert outline(made[0], seen) == ["p", "x0"]
    assert seen.delta_ns.sum() == 0


def test_a_failed_span_is_no_unchanged_one() -> None:
    def calling(status: Status) -> TraceFacts:
        called = span("c", "p", 0, 50, name="call", status=status)
        return facts_of([span("p", "", 0, 100), called, span("d", "p", 60, 61), span("e", "p", 62, 63)])

    made = compared(calling(Status.UNSET), calling(Status.ERROR))
    assert outline(made[0], view(made)) == ["p", "call", 2]


@settings(max_examples=80, deadline=None)
@given(traces(), traces())
def test_what_is_shown_adds_up_to_the_whole_difference_and_every_row_can_be_reached(
    one: list[Span], other: list[Span]
) -> None:
    made = compared(facts_of(one), facts_of(other))
    found = made[0]
    seen = view(made)
    assert int(seen.delta_ns.sum()) == found.response_b_ns - found.response_a_ns
    for row in range(len(found.rows)):
        opened, runs = to_reveal(*made, row)
        revealed = view(made, toggled=tuple(opened), shown=tuple(runs))
        assert revealed.position(row) >= 0
        assert int(revealed.delta_ns.sum()) == found.response_b_ns - found.response_a_ns
