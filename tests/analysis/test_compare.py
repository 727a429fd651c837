from hypothesis import given, settings

from tests.analysis.drawing import columns_of, draw, span
from tests.analysis.strategies import broken_traces, traces
from webapp.analysis.alignment import Change
from webapp.analysis.compare import Comparison, compare
from webapp.analysis.trace import analyse_trace
from webapp.model.facts import TraceFacts
from webapp.model.spans import Span

SAME, ADDED, REMOVED, INSERTED, UNWRAPPED = Change


def facts_of(spans: list[Span]) -> TraceFacts:
    return analyse_trace(columns_of(spans))


def drawn(picture: str) -> TraceFacts:
    return analyse_trace(draw(picture))


def outline(found: Comparison) -> list[tuple[int, str, int]]:
    rows = found.rows
    columns = (rows.depth.tolist(), rows.key.tolist(), rows.change.tolist())
    return [(depth, rows.keys[key][1], change) for depth, key, change in zip(*columns, strict=True)]


BEFORE = """
    p    web/home   S  |--------------|
    a<p  web/auth   I  |--            |
    c<p  fraud/check S |   -----      |
"""


def test_the_headline_says_by_how_much_and_where() -> None:
    after = """
        p    web/home    S  |--------------------|
        a<p  web/auth    I  |--                  |
        c<p  fraud/check S  |   -----------      |
    """
    found = compare(drawn(BEFORE), drawn(after))
    assert found.headline == "B is 60.0 ms slower: 60.0 ms of it in fraud · check"
    assert (
        compare(drawn(after), drawn(BEFORE)).headline == "B is 60.0 ms faster: 60.0 ms of it in fraud · check"
    )
    assert outline(found) == [(0, "home", SAME), (1, "auth", SAME), (1, "check", SAME)]


def test_what_is_only_on_one_side_is_added_or_removed_with_all_below_it() -> None:
    after = """
        p    web/home   S  |--------------|
        a<p  web/auth   I  |--            |
        s<p  web/stock  I  |   -----      |
        t<s  web/select I  |   ---        |
    """
    found = compare(drawn(BEFORE), drawn(after))
    assert outline(found)[2:] == [(1, "check", REMOVED), (1, "stock", ADDED), (2, "select", ADDED)]
    assert found.headline.startswith("A and B took the same time")


def test_a_span_put_between_is_looked_through() -> None:
    after = """
        p    web/home    S  |--------------|
        a<p  web/auth    I  |--            |
        w<p  web/wrap    I  |  -------     |
        c<w  fraud/check S  |   -----      |
    """
    assert outline(compare(drawn(BEFORE), drawn(after)))[2:] == [(1, "wrap", INSERTED), (2, "check", SAME)]
    assert outline(compare(drawn(after), drawn(BEFORE)))[2:] == [(1, "wrap", UNWRAPPED), (2, "check", SAME)]


def test_another_number_of_calls_is_one_row_with_the_calls_below_it() -> None:
    def asking(times: int) -> TraceFacts:
        calls = [span(f"q{k}", "p", 10 * k, 10 * k + 10, name=f"GET /items/{k}") for k in range(times)]
        return facts_of([span("p", "", 0, 10 * times, name="home"), *calls])

    found = compare(asking(2), asking(3))
    assert outline(found) == [
        (0, "home", SAME),
        (1, "GET /items/{id}", SAME),
        (2, "GET /items/{id}", SAME),
        (2, "GET /items/{id}", SAME),
        (2, "GET /items/{id}", ADDED),
    ]
    assert (found.rows.count_a[1], found.rows.count_b[1]) == (2, 3)
    assert found.headline == "B is 10.0 ms slower: 10.0 ms of it in s · GET /items/{id} (×2 → ×3)"


def test_roots_are_the_same_whatever_they_are_called() -> None:
    found = compare(facts_of([span("p", "", 0, 10, name="v1")]), facts_of([span("p", "", 0, 30, name="v2")]))
    assert outline(found) == [(0, "v2", SAME)]


def test_what_went_to_another_parent_is_said_to_have_moved() -> None:
    a = [
        span("p", "", 0, 100),
        span("a", "p", 0, 40),
        span("b", "p", 50, 90),
        span("x", "a", 5, 15, name="x"),
    ]
    b = [
        span("p", "", 0, 100),
        span("a", "p", 0, 40),
        span("b", "p", 50, 90),
        span("x", "b", 55, 65, name="x"),
    ]
    found = compare(facts_of(a), facts_of(b))
    moved = [row[1:] for row, moved in zip(outline(found), found.rows.moved, strict=True) if moved]
    assert moved == [("x", REMOVED), ("x", ADDED)]


def test_ten_thousand_levels_do_not_matter() -> None:
    deep = [span(f"{k:05d}", f"{k - 1:05d}" if k else "", k, 20_000 - k) for k in range(10_000)]
    assert len(compare(facts_of(deep), facts_of(deep)).rows) == 10_000


def test_many_spans_of_different_names_on_both_sides_are_not_a_matter_of_minutes() -> None:
    def wide(prefix: str) -> TraceFacts:
        names = ["".join(chr(97 + k // 26**place % 26) for place in range(4)) for k in range(20_000)]
        calls = [span(f"{k:07d}", "p", k, k + 1, name=prefix + names[k]) for k in range(20_000)]
        return facts_of([span("p", "", 0, 20_000), *calls])

    assert len(compare(wide("a-"), wide("b-")).rows) == 40_001


@settings(max_examples=60, deadline=None)
@given(traces() | broken_traces())
def test_a_trace_differs_in_nothing_from_itself(spans: list[Span]) -> None:
    facts = facts_of(spans)
    found = compare(facts, facts)
    assert set(found.rows.change.tolist()) == {SAME}
    assert not found.delta_ns.any()
    assert found.headline.startswith("A and B waited for the same")


@settings(max_examples=60, deadline=None)
@given(traces(), traces())
def test_the_rows_explain_all_of_the_difference_and_swapped_they_are_negated(
    one: list[Span], other: list[Span]
) -> None:
    a, b = facts_of(one), facts_of(other)
    there, back = compare(a, b), compare(b, a)
    assert there.delta_ns.sum() == b.response_ns - a.response_ns
    assert sum(cause.delta_ns for cause in there.causes) == b.response_ns - a.response_ns
    negated = {cause.key: -cause.delta_ns for cause in back.causes if cause.delta_ns}
    root_keys = {side.rows.keys[side.rows.key[0]] for side in (there, back)}
    assert {c.key: c.delta_ns for c in there.causes if c.delta_ns and c.key not in root_keys} == {
        key: ns for key, ns in negated.items() if key not in root_keys
    }
    opposite = {ADDED: REMOVED, REMOVED: ADDED, INSERTED: UNWRAPPED, UNWRAPPED: INSERTED, SAME: SAME}
    assert there.counts == {opposite[change]: count for change, count in back.counts.items()}
    for side, facts in ((there.rows.a, a), (there.rows.b, b)):
        assert sorted(side[side >= 0].tolist()) == list(range(len(facts.forest)))
