"""What query text means, and where it says that it is wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.errors import BadQuery
from webapp.query import OWN_KEYS, parse, tokens
from webapp.query.tree import And, Group, Measure, Not, Or, Relation, Term, leaves, speaks_of_spans

_PIECES = ["{", "}", "(", ")", ">>", "<<", ">", "<", "~", "!", "!>>", "|", "&&", "||", "count(", "max(", " ", "error",
           "duration", "a=b", '"', "event.x", "trace.spans>3", "OR", "AND", "NOT", "-", "1s", "=", "?", "{}"]  # fmt: skip
WRITTEN = (
    st.text(st.sampled_from('ab.-*"()=!<>~?\\ \n0129smOR NOT{}|&'), max_size=40)
    | st.text(max_size=30)
    | st.lists(st.sampled_from(_PIECES), max_size=14).map("".join)
    | st.lists(st.sampled_from(_PIECES), max_size=14).map(" ".join)
)


def only(text: str) -> Term:
    root = parse(text).root
    assert isinstance(root, Term)
    return root


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("error", Term("own", "error", "=", "true")),
        ("root", Term("own", "root", "=", "true")),
        ("service=payment", Term("own", "service", "=", "payment")),
        ("operation!=charge", Term("own", "name", "!=", "charge")),
        ("duration>1.5s", Term("own", "duration", ">", "1500000000", 1_500_000_000)),
        ("duration > 1.5s", Term("own", "duration", ">", "1500000000", 1_500_000_000)),
        ("duration<=20us", Term("own", "duration", "<=", "20000", 20_000)),
        ("duration<20µs", Term("own", "duration", "<", "20000", 20_000)),
        ("duration>=2m", Term("own", "duration", ">=", "120000000000", 120_000_000_000)),
        ("kind=server", Term("own", "kind", "=", "server", 2)),
        ("status=ERROR", Term("own", "status", "=", "error", 2)),
        ("start>1970-01-01T00:00:01.5Z", Term("own", "start", ">", "1500000000", 1_500_000_000)),
        ("id=AB", Term("own", "id", "=", "00000000000000ab")),
        ("trace.id=ab-1", Term("trace", "id", "=", "ab-1")),
        ("trace.id=AB", Term("trace", "id", "=", "0" * 30 + "ab")),
        ("trace.id=12", Term("trace", "id", "=", "12")),
        ("trace.id=abc-*", Term("trace", "id", "=", "abc-*", wild=True)),
        ("trace.failed", Term("trace", "failed", "=", "true")),
        ("trace.spans>1000", Term("trace", "spans", ">", "1000", 1000)),
        ("trace.bottleneck=fraud-service", Term("trace", "bottleneck", "=", "fraud-service")),
        ("http.status_code>=500", Term("any", "http.status_code", ">=", "500", 500)),
        ("payment.status=failed", Term("any", "payment.status", "=", "failed")),
        ("span.kind=x", Term("span", "kind", "=", "x")),
        ("resource.host.name~^web", Term("resource", "host.name", "~", "^web")),
        ("payment.status?", Term("any", "payment.status", "?")),
        ("name=GET*", Term("own", "name", "=", "GET*", wild=True)),
        ('name="GET*"', Term("own", "name", "=", "GET*")),
        ("name~(a|b)c", Term("own", "name", "~", "(a|b)c")),
        ("http.url=/a?b=c&d=(e)", Term("any", "http.url", "=", "/a?b=c&d=(e)")),
        ('"span.kind"=server', Term("any", "span.kind", "=", "server")),
        ('span."odd key"=1', Term("span", "odd key", "=", "1", 1)),
        ('x="a\\"b\\\\c\\nd"', Term("any", "x", "=", 'a"b\\c\nd')),
        ('x=""', Term("any", "x", "=", "")),
        ("timeout", Term("text", "", "=", "timeout")),
        ('"card declined"', Term("text", "", "=", "card declined")),
        ("pay*fail", Term("text", "", "=", "pay*fail", wild=True)),
        ("a-b", Term("text", "", "=", "a-b")),
        ('"error"', Term("text", "", "=", "error")),
    ],
)
def test_a_term_is_understood(text: str, term: Term) -> None:
    assert only(text) == term


def test_terms_side_by_side_must_all_hold() -> None:
    assert parse("a=1 b=2 AND error").root == And((only("a=1"), only("b=2"), only("error")))


def test_or_binds_weaker_than_juxtaposition() -> None:
    expected = Or((And((only("a=1"), only("b=2"))), only("c=3")))
    assert parse("a=1 b=2 OR c=3").root == expected


def test_minus_and_not_negate_a_term_or_a_group() -> None:
    assert parse("-error").root == Not(only("error"))
    assert parse("NOT (a=1 OR b=2)").root == Not(Or((only("a=1"), only("b=2"))))


def test_white_space_alone_is_the_empty_query() -> None:
    assert parse("  \n").root is None


def test_only_trace_terms_do_not_speak_of_spans() -> None:
    assert not speaks_of_spans(parse("trace.failed -trace.spans>3").root)
    assert speaks_of_spans(parse("trace.failed error").root)


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("duration>1", "1", "needs a unit"),
        ("duration>fast", "fast", "not a duration"),
        ("a=1 duration>1parsec", "1parsec", "not a duration"),
        ("kind=sever", "sever", "server"),
        ("trace.duraton>1s", "trace.duraton", "trace.duration"),
        ("trace.spans", "trace.spans", "alone says nothing"),
        ("error=maybe", "maybe", "neither true nor false"),
        ("service>5", ">", "does not know"),
        ("x>abc", "abc", "not a number"),
        ("x>1s", "1s", "not a number"),
        ("a==b", "=", "not an operator"),
        ("a=~b", "=", "not an operator"),
        ("x=", "=", "needs a value"),
        ("x= )", "=", "needs a value"),
        ("=x", "=", "needs a key"),
        ("a (b", "(", "never closed"),
        ("a b)", ")", "never opened"),
        ("()", ")", "Nothing stands"),
        ('x="abc', '"abc', "never closed"),
        ("a OR", "OR", "must follow"),
        ("OR a", "OR", "between two terms"),
        ("-", "-", "nothing to look for"),
        ("***", "***", "nothing to look for"),
        ("start>yesterday", "yesterday", "not a time"),
        ('trace.id=" "', '" "', "not an id"),
        ("name=\udcff", "\udcff", "not a character"),
        ("{error", "{", "never closed"),
        ("error }", "}", "never opened"),
        ("{a {b}}", "{", "within braces"),
        ("error >> {root}", ">>", "before it"),
        ("x>>5", ">>", "before it"),
        ("(a OR b) >> {root}", ">>", "before it"),
        ("{error} >> root", ">>", "after it"),
        ("{error} > root", ">", "after it"),
        ("{error} !~", "!~", "after it"),
        ("{(a}", "(", "never closed"),
        ("count({error})", "count", "must be compared"),
        ("count({error})>many", "many", "not a number"),
        ("count(duration {error})>3", "duration", "counts the spans"),
        ("max({error})>3", "max", "needs a key"),
        ("max(service {error})>3", "service", "cannot be measured"),
        ("max(resource.x)>3", "resource.x", "cannot be measured"),
        ("max(duration)>3", "3", "needs a unit"),
        ("max(duration) > error", "error", "not a duration"),
        ("max(amount)=x", "x", "not a number"),
        ("max(amount x)>3", "max", "never closed"),
        ("{count({a})>3}", "count", "whole trace"),
        ("{error} | rate() > 3", "rate", "measure"),
        ("count(a OR b)>1", "a", "counts the spans"),
    ],
)
def test_an_error_points_at_its_token(text: str, marked: str, message: str) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(text)
    error = caught.value
    if marked == "{" and text.count("{") > 1:
        assert error.position == text.rindex("{")
    assert text[error.position : error.position + error.length] == marked
    assert message in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000,
        "{" * 3_000,
        "{a} >> (" * 900,
        "count(" * 1_000,
        "{a}>>" * 200 + "{a}",
        "-" * 7_000 + "a",
        "NOT " * 1_900 + "a",
        "a" * 9_000,
    ],
)
def test_deep_and_long_queries_are_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        parse(text)


@given(WRITTEN)
@settings(max_examples=400)
def test_any_text_is_a_query_or_says_where_it_is_wrong(text: str) -> None:
    try:
        query = parse(text)
    except BadQuery as error:
        inside = 0 <= error.position <= len(text)
    else:
        inside = all(text[term.start : term.end].strip() for term in leaves(query.root))
    assert inside


@given(WRITTEN)
def test_tokens_cover_the_text_without_overlap(text: str) -> None:
    found = tokens(text)
    assert "".join(text[start:end] for _, start, end in found) == text
    assert all(start < end for _, start, end in found)


def test_keys_are_told_apart_from_words() -> None:
    kinds = [kind for kind, _, _ in tokens('a > 1 OR -"odd key"?') if kind != "space"]
    assert kinds == ["key", "op", "value", "keyword", "minus", "key", "op"]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("{a=1 OR b=2}", "{ a=1 || b=2 }"),
        ("{a=1}>>{b=2}", "{a=1} >> {b=2}"),
        ("{a=1} !> {b=2} ~ {c}", "({a=1} !> {b=2}) ~ {c}"),
        ("{a=1} && {b=2}", "{a=1} {b=2}"),
        ("{a=1}&&{b=2}||{c}", "({a=1} AND {b=2}) OR {c}"),
        ("{error} | count() > 3", "count({error})>3"),
        ("{a} >> {error} | max(duration) > 1s", "max(duration {a} >> {error})>1000ms"),
        ("count()>3", "count({})>3"),
        ("max(duration)>1s", "max(duration {})>1s"),
        ("max(span.size {a})>1", "max(size {a})>1"),
        ('event.name="x y"', 'event.name = "x y"'),
        ('{name=/users/{id}}', '{name="/users/{id}"}'),
        ("name=/users/{id}", 'name="/users/{id}"'),
        ("x=a}", 'x="a}"'),
    ],
)  # fmt: skip
def test_what_is_written_otherwise_means_the_same(text: str, same: str) -> None:
    assert parse(text).root == parse(same).root


def test_relations_are_read_from_left_to_right() -> None:
    a, b, c = Group(only("a=1")), Group(only("b=2")), Group(None)
    assert parse("{a=1} >> {b=2} < {}").root == Relation(Relation(a, ">>", b), "<", c)
    assert parse("{a=1} >> ({b=2} < {})").root == Relation(a, ">>", Relation(b, "<", c))


def test_a_measure_compares_what_spans_come_to() -> None:
    count = Measure("count", Group(only("error")), Term("count", "", ">", "3", 3))
    assert parse("count({error}) > 3").root == count
    longest = Term("own", "duration", ">", "1000000000", 1_000_000_000)
    assert parse("max(duration {error})>1s").root == Measure("max", Group(only("error")), longest)


def test_terms_in_braces_are_not_terms_of_the_query() -> None:
    query = parse("{error} trace.failed count({root})>1")
    assert [term.key for term in leaves(query.root)] == ["failed"]
    assert not speaks_of_spans(query.root)
    assert speaks_of_spans(parse("{error} root").root)


@pytest.mark.parametrize("key", ["event.name", "event.level", "link.reason", "scope.name", 'event."odd key"'])
def test_events_links_and_libraries_have_keys_of_their_own(key: str) -> None:
    term = only(f"{key}=x")
    assert term.scope == ("own" if key in OWN_KEYS else key.partition(".")[0])


def test_a_query_has_a_limit_of_terms() -> None:
    parse("a=b " * 100)
    with pytest.raises(BadQuery) as problem:
        parse("a=b " * 101)
    assert problem.value.position == 400
