from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.shop import make_span
from tests.store.test_round_trip import SPANS
from webapp.model.spans import Event, Link, Resource, Scope, Span
from webapp.store import Encoded, Encoder, Store
from webapp.store.writing.row_groups import cut, joined

SETTINGS = settings(max_examples=20, deadline=None)


def encoded(spans: list[Span], source: int = 0) -> Encoded:
    encoder = Encoder()
    encoder.add(spans, source)
    return encoder.take()


def in_order(value: object) -> object:
    """Keys of attributes come in the order of columns."""
    if isinstance(value, Span | Event | Link | Resource | Scope):
        return [in_order(getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, list):
        return [in_order(each) for each in value]
    return (
        sorted((key, repr(in_order(each))) for key, each in value.items())
        if isinstance(value, dict)
        else value
    )


def stored(parts: list[Encoded]) -> tuple[list[str], list[tuple[str, int]], list[int]]:
    """Spans, keys, and spans of each of two sources."""
    with Store.open(None) as store:
        source_ids = [store.start_source(path, "otlp", "") for path in ("a", "b")]
        for part in parts:
            store.append_encoded(part, source_ids)
        with store.reading() as cursor:
            found = cursor.execute(
                "SELECT DISTINCT replace(trace_id::VARCHAR, '-', '') FROM spans"
            ).fetchall()
        spans = [repr(in_order(span)) for (trace_id,) in found for span in store.spans(trace_id)]
        return sorted(spans), sorted(store.keys()), [report.spans for report in store.sources()]


@SETTINGS
@given(st.lists(SPANS, max_size=9), st.data())
def test_spans_come_out_the_same_however_they_are_put_together_and_cut(
    spans: list[Span], data: st.DataObject
) -> None:
    places = st.lists(st.integers(0, len(spans)), max_size=3).map(sorted)
    stops = [0, *data.draw(places), len(spans)]
    whole = joined([encoded(spans[start:stop]) for start, stop in pairwise(stops)], [0] * (len(stops) - 1))
    assert whole.rows.num_rows == len(spans)
    parts = cut(whole, data.draw(st.integers(1, len(spans)))) if spans else (whole,)
    assert stored(list(parts)) == stored([encoded(spans)])


def test_sources_are_numbered_on() -> None:
    one, two = make_span(1, attributes={"n": 1}), make_span(2, attributes={"n": "one"}, flags=1, weight=4.0)
    whole = joined([encoded([one]), encoded([]), encoded([two])], [1, 0, 1])
    assert stored([whole]) == stored([encoded([one], 0), encoded([two], 1)])
    assert stored([whole])[2] == [1, 1]


def test_a_cut_has_the_size_that_is_asked_for() -> None:
    first, second = cut(encoded([make_span(number, attributes={"n": number}) for number in range(1, 8)]), 3)
    assert (first.rows.num_rows, second.rows.num_rows) == (3, 4)
    assert (first.keys, second.keys) == ([(("n", "int"), 3)], [(("n", "int"), 4)])
