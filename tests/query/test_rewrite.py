"""Changes to query text: they mean what they say and leave the rest alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.query import (
    add_term,
    did_you_mean,
    free_word,
    has_term,
    parse,
    remove_term,
    rephrased,
    set_range,
    terms,
    toggle_term,
    without_traces,
    write_duration,
    write_key,
    write_term,
)
from webapp.query.tree import Term

QUERIES = st.sampled_from(
    [
        "",
        "error",
        "a=1 error",
        "a=1 OR b=2",
        "(a=1 b=2) c",
        "a=1  AND   b=2",
        "-error root",
        'x="y z" (a OR b)',
        "{a} >> {b=2}",
        "{a} OR count({b})>3",
        "{a} && max(duration {b}) > 1s",
    ]
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "error"),
        ("a=1", "a=1 error"),
        ("a=1  b=2 ", "a=1  b=2 error"),
        ("a=1 OR b=2", "(a=1 OR b=2) error"),
        ("a=1 error", "a=1"),
        ("error=true a=1", "a=1"),
        ("error AND a=1", "a=1"),
        ("a=1 AND error AND b=2", "a=1 AND b=2"),
        ("a=1 (error)", "a=1"),
        ("-error", "-error error"),
        ("{a} >> {b}", "{a} >> {b} error"),
        ("{a} | count() > 3", "{a} | count() > 3 error"),
        ("{a} OR {b}", "({a} OR {b}) error"),
        ("count({a})>3 error", "count({a})>3"),
        ("error && {a error}", "{a error}"),
        ("{error}", "{error} error"),
    ],
)
def test_a_term_is_toggled(before: str, after: str) -> None:
    assert toggle_term(before, "error") == after


def test_several_terms_come_and_go_together() -> None:
    band = "trace.duration>=10ms trace.duration<100ms"
    both = toggle_term("error", band)
    assert both == f"error {band}"
    assert has_term(both, band)
    assert toggle_term(both, band) == "error"
    assert not has_term("trace.duration>=10ms", band)
    assert add_term("trace.duration>=10ms", band) == band


def test_the_same_duration_in_other_units_is_the_same_term() -> None:
    assert has_term("x duration>1000ms", "duration>1s")


def test_bounds_of_a_key_are_replaced_and_others_stay() -> None:
    text = "a=1 trace.duration>1s duration<9s trace.duration<5s b"
    assert (
        set_range(text, "trace.duration", "2s", "3s")
        == "a=1 duration<9s b trace.duration>=2s trace.duration<3s"
    )
    assert set_range(text, "trace.duration", None, None) == "a=1 duration<9s b"
    assert set_range("spans=1", "x", "10", None) == "spans=1 x>=10"


def test_parts_are_named_with_the_query_that_lacks_them() -> None:
    parts = terms(parse("a=1 AND (b OR c) -error"))
    assert [(part.text, part.without) for part in parts] == [
        ("a=1", "(b OR c) -error"),
        ("(b OR c)", "a=1 -error"),
        ("-error", "a=1 AND (b OR c)"),
    ]


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("error AND service=a", "-{error service=a}"),
        ("trace.failed OR trace.spans>9", "-(trace.failed OR trace.spans>9)"),
        ("error trace.spans>9", "-({error} trace.spans>9)"),
        ("{a} >> {b} c", "-({c} {a} >> {b})"),
        ("a OR trace.failed", "-{a OR trace.failed}"),
        ("{a} OR b", ""),
        ("", ""),
        ("(a", ""),
    ],
)
def test_the_traces_that_a_query_does_not_find_are_asked_for(text: str, others: str) -> None:
    assert without_traces(text) == others
    assert parse(others)


def test_braces_are_one_part_of_a_query() -> None:
    parts = terms(parse("{a b} >> {c} && count({d})>3 e"))
    assert [part.text for part in parts] == ["{a b} >> {c}", "count({d})>3", "e"]
    assert parts[0].without == "count({d})>3 e"
    assert (
        set_range("{trace.duration>1s} a", "trace.duration", "2s", None)
        == "{trace.duration>1s} a trace.duration>=2s"
    )


@given(QUERIES, st.text(max_size=12), st.text(min_size=1, max_size=12))
def test_a_written_term_means_its_key_and_value_exactly(text: str, value: str, key: str) -> None:
    term = write_term(write_key(key), "=", value)
    root = parse(term).root
    assert isinstance(root, Term)
    assert (root.scope, root.key, root.value, root.wild) == ("any", key, value, False)
    added = add_term(text, term)
    assert has_term(added, term)
    assert parse(remove_term(added, term)).root == parse(text).root


@given(st.integers(0, 10**15))
def test_a_written_duration_is_exact(ns: int) -> None:
    root = parse(f"duration={write_duration(ns)}").root
    assert isinstance(root, Term)
    assert root.number == ns


def test_text_that_is_no_query_keeps_its_words() -> None:
    assert add_term("a=1 (", "error") == "a=1 ( error"
    assert remove_term("a=1 (", "a=1") == "a=1 ("


def test_the_nearest_known_key_is_offered() -> None:
    assert did_you_mean("payment.stauts", ["payment.status", "order.id"]) == "payment.status"
    assert did_you_mean("zzz", ["payment.status"]) == ""


@pytest.mark.parametrize(
    ("text", "word", "after"),
    [
        ("checkout-7f9", "checkout-7f9", "k=v"),
        ('error AND "card declined" root', "card declined", "error AND k=v root"),
        ("{a} b c", "b", "{a} k=v c"),
        ("a=1", "", "a=1"),
        ("a OR b", "", "a OR b"),
        ("pay*", "", "pay*"),
        ("(", "", "("),
    ],
)
def test_a_free_word_is_put_as_a_term(text: str, word: str, after: str) -> None:
    assert free_word(text) == word
    assert rephrased(text, "k=v") == after
