"""Attribute values as text."""

from webapp.views.trace.values import plain, shown, to_json


def test_a_short_value_is_itself() -> None:
    assert shown("cache.hit", False).text == "false"
    assert shown("n", 412) == shown("n", "412")
    assert not shown("n", 412).head


def test_json_is_indented_and_folds_at_four_lines() -> None:
    value = shown("body", '{"a": 1, "b": [1, 2, 3]}')
    assert value.laid_out
    assert value.text.splitlines()[1] == '  "a": 1,'
    assert value.head.count("\n") == 3
    assert value.more == "8 lines"


def test_text_that_only_looks_like_json_stays_as_it_is() -> None:
    assert shown("body", "{not json}").text == "{not json}"


def test_sql_gets_a_line_for_each_clause_but_not_inside_quotes() -> None:
    statement = "SELECT a FROM stock LEFT OUTER JOIN rack JOIN b WHERE n = 'x FROM y' ORDER BY a LIMIT 10"
    assert shown("db.query.text", statement).text.splitlines() == [
        "SELECT a", "FROM stock", "LEFT OUTER JOIN rack", "JOIN b", "WHERE n = 'x FROM y'", "ORDER BY a", "LIMIT 10",
    ]  # fmt: skip


def test_a_stack_trace_keeps_its_lines() -> None:
    trace = "Error: no\n    at f (a.js:1)\n    at g (b.js:2)"
    value = shown("exception.stacktrace", trace)
    assert (value.text, value.laid_out) == (trace, True)


def test_a_very_long_value_is_cut_and_says_so() -> None:
    value = shown("blob", "x" * 1_000_000)
    assert value.cut
    assert len(value.text) == 20_000
    assert value.more == "1.00 MB"


def test_values_of_every_type_can_be_copied() -> None:
    assert plain(b"\x00\xff") == "AP8="
    assert plain([1, "a", None]) == '[1,"a",null]'
    assert plain(2**70) == str(2**70)
    assert plain({"a": b"b"}) == '{"a":"Yg=="}'


def test_json_is_written_of_numbers_that_other_writers_refuse() -> None:
    assert to_json({"a": [2**70, float("nan"), 1.5]}) == b'{"a": [1180591620717411303424, null, 1.5]}'
    assert to_json({"a": float("inf")}) == b'{"a":null}'
    assert to_json("\ud800") == b'"\\ud800"'
