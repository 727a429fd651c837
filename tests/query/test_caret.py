"""Which term is being written, and what the query asks beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.query.caret import caret_in


@pytest.mark.parametrize(
    ("text", "key", "op", "typed", "rest"),
    [
        ("|", "", "", "", ""),
        ("pay|", "", "", "pay", ""),
        ("error pay|", "", "", "pay", "error"),
        ("error pay| root", "", "", "pay", "error root"),
        ("error |root", "", "", "", "error"),
        ("a=|", "a", "=", "", ""),
        ("a = |", "a", "=", "", ""),
        ("b -a!=x|", "a", "!=", "x", "b"),
        ("b NOT a!=x|", "a", "!=", "x", "b"),
        ("b AND a>1|", "a", ">", "1", "b"),
        ('b a="x y|', "a", "=", "x y", "b"),
        ('a="x y" |', "", "", "", 'a="x y"'),
        ("a=1 |", "", "", "", "a=1"),
        ("a? b|", "", "", "b", "a?"),
        ("{error pay| root} x", "", "", "pay", "error root"),
        ("{error} >> {db=| x} y", "db", "=", "", "x"),
        ("{error} pay|", "", "", "pay", "{error}"),
        ("count({error s|})>3", "", "", "s", "error"),
        ("a OR b|", "", "", "b", "a OR"),
    ],
)
def test_the_term_at_the_caret(text: str, key: str, op: str, typed: str, rest: str) -> None:
    caret = caret_in(text.replace("|", ""), text.index("|"))
    assert (caret.key.text if caret.key else "", caret.op, caret.typed) == (key, op, typed)
    assert " ".join(caret.rest.split()) == rest


def test_after_a_group_a_relation_may_follow() -> None:
    assert caret_in("{error} ", 8).after_group
    assert not caret_in("{error} a", 9).after_group


@given(st.text(st.sampled_from('ab=> {}()"|-OR'), max_size=20), st.integers(0, 20))
def test_any_text_has_a_term_somewhere(text: str, at: int) -> None:
    caret = caret_in(text, min(at, len(text)))
    assert 0 <= caret.start <= min(at, len(text)) <= caret.end <= len(text)
