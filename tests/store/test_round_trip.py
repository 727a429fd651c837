import math

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.shop import make_span
from webapp.model.spans import Event, Link, Resource, Scope, Span, Value
from webapp.store import Store

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALAR = TEXT | INT64 | st.floats() | st.booleans()
VALUE = st.recursive(
    SCALAR | st.binary(max_size=6) | st.none() | st.integers(-(2**70), 2**70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["a", "b", "http.url", 'odd"key', "é/~.", "A"]) | TEXT, VALUE, max_size=5
)
SPAN_ID = st.integers(1, 2**64 - 1).map("{:016x}".format)
TRACE_ID = "5b8efff798038103d269b633813fc60c"

EVENTS = st.lists(st.builds(Event, TEXT, INT64, ATTRIBUTES, st.integers(0, 9)), max_size=2)
LINKS = st.lists(
    st.builds(Link, st.integers(0, 2**128 - 1).map("{:032x}".format), SPAN_ID, ATTRIBUTES, TEXT), max_size=2
)
SPANS = st.builds(
    Span,
    trace_id=st.just(TRACE_ID),
    span_id=SPAN_ID,
    name=TEXT,
    service=TEXT,
    start_ns=INT64,
    end_ns=INT64,
    parent_span_id=st.just("") | SPAN_ID,
    kind=st.integers(0, 5),
    status=st.integers(0, 2),
    status_message=TEXT,
    attributes=ATTRIBUTES,
    events=EVENTS,
    links=LINKS,
    resource=st.builds(Resource, ATTRIBUTES, TEXT),
    scope=st.builds(Scope, TEXT, TEXT, ATTRIBUTES),
    trace_state=TEXT,
    flags=st.integers(0, 2**32 - 1),
    follows_from=st.booleans(),
    shared=st.booleans(),
    written_trace_id=TEXT,
    written_span_id=TEXT,
    weight=st.floats(0, 1e6),
)


def _comparable(value: object) -> object:
    """Told apart as the store tells them apart: NaN is NaN, 1 is neither 1.0 nor True."""
    if isinstance(value, Span | Event | Link | Resource | Scope):
        return [_comparable(getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, dict):
        return {key: _comparable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return type(value).__name__, value


@settings(max_examples=25, deadline=None)
@given(st.lists(SPANS, max_size=4), st.lists(SPANS, max_size=4))
def test_spans_come_back_as_they_went_in(first: list[Span], second: list[Span]) -> None:
    expected = sorted(first, key=lambda span: span.start_ns) + sorted(second, key=lambda span: span.start_ns)
    with Store.open(None) as store:
        store.append(first, 1)
        store.append(second, 1)
        assert _comparable(store.spans(TRACE_ID)) == _comparable(expected)


def test_many_keys_share_few_columns_and_lose_nothing() -> None:
    spans = [make_span(1, attributes={f"key.{number}": number for number in range(10_000)})]
    with Store.open(None) as store:
        store.append(spans, 1)
        assert store.spans(spans[0].trace_id) == spans
        with store.reading() as cursor:
            columns = cursor.execute("SELECT * FROM spans LIMIT 0").description
    assert len(columns) < 300


def test_what_utf8_cannot_hold_is_replaced_and_nothing_else_is_touched() -> None:
    odd = make_span(
        1,
        name="half \ud83d",
        service="whole \ud83d\ude00",
        attributes={"text": "x\udc00y\x00z", "k\ud800": 1, "list": ["\udfff"]},
        events=[Event("\ud800", 5)],
    )
    good = make_span(2, attributes={"text": "é"})
    with Store.open(None) as store:
        store.append([odd, good], 1)
        first, second = store.spans(odd.trace_id)
    assert (first.name, first.service) == ("half �", "whole 😀")
    assert first.attributes == {"text": "x�y\x00z", "k�": 1, "list": ["�"]}
    assert first.events[0].name == "�"
    assert second == good


def test_nesting_beyond_reading_is_cut() -> None:
    deep: Value = "bottom"
    for _ in range(5_000):
        deep = [deep]
    with Store.open(None) as store:
        store.append([make_span(1, attributes={"deep": deep})], 1)
        found = store.spans(make_span(1).trace_id)[0].attributes["deep"]
    depth = 0
    while isinstance(found, list):
        found, depth = found[0], depth + 1
    assert found == "…"
    assert depth > 50


def test_chosen_rows_come_in_the_order_asked_for() -> None:
    spans = [make_span(number, start_ns=number) for number in range(1, 6)]
    with Store.open(None) as store:
        store.append(spans, 1)
        columns = store.columns(spans[0].trace_id)
        assert columns
        rows = columns.row.tolist()
        chosen = store.spans(spans[0].trace_id, [rows[3], rows[0], rows[4]])
        assert store.spans(spans[0].trace_id, []) == []
    assert chosen == [spans[3], spans[0], spans[4]]
