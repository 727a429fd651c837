"""Terms about what lies in tables of its own: peers, sources, errors' words, repairs, clocks."""

from collections.abc import Iterator

import pytest

from tests.analysis.test_clock_shifts import call
from webapp.analysis.batch import analyse_batch
from webapp.model.spans import Kind, Span, Status
from webapp.query import Window, parse
from webapp.store import Store

EVER = Window()


def span(number: int, **fields: object) -> Span:
    known = {
        "trace_id": f"{number:032x}", "span_id": f"{number:016x}", "name": "call", "service": "web",
        "start_ns": number * 1000, "end_ns": number * 1000 + 500, "kind": Kind.CLIENT,
    }  # fmt: skip
    return Span(**{**known, **fields})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        first, second = store.start_source("a.json", "otlp", ""), store.start_source("b c.json", "jaeger", "")
        store.append(
            [
                span(1, attributes={"db.system": "redis", "db.name": "0"}),
                span(2, attributes={"server.address": "api.example.com"}, status=Status.ERROR),
                span(3, status=Status.ERROR, status_message="no route"),
                span(4, parent_span_id="00000000000000ff", attributes={"peer": "nobody", "source": "x"}),
            ],
            first,
        )
        store.append(call(5, "1", 2000, (1500, 1580)), second)
        for columns in store.pending():
            store.append_facts(columns, analyse_batch(columns))
        yield store


@pytest.mark.parametrize(
    ("query", "traces"),
    [
        ("peer=redis:0", [1]),
        ("peer=redis*", [1]),
        ("peer~example", [2]),
        ("peer?", [1, 2]),
        ("peer!=redis:0", [2]),
        ("kind=client -peer?", [3, 4, 5]),
        ("span.peer=nobody", [4]),
        ('"source"=x', [4]),
        ("source=a.json", [1, 2, 3, 4]),
        ("source=1", [1, 2, 3, 4]),
        ('source="b c.json"', [5]),
        ("source=2", [5]),
        ("source!=1", [5]),
        ("source~json$", [1, 2, 3, 4, 5]),
        ("source=3", []),
        ("error_message?", [3]),
        ('error_message="no route"', [3]),
        ("error -error_message?", [2]),
        ("error_message!=x", [3]),
        ("trace.warning=orphan", [4]),
        ("trace.warning=skew*", [5]),
        ('trace.warning="orphan · web"', [4]),
        ('trace.warning!="orphan · web"', [5]),
        ('trace.warning="orphan · b"', []),
        ("trace.warning?", [4, 5]),
        ("trace.warning!=orphan", [5]),
        ('trace.skew="h1 → h2"', [5]),
        ("trace.skew=h1*", [5]),
        ('trace.call="web → redis:0"', [1]),
        ("trace.callee=redis*", [1]),
        ("trace.caller=web trace.callee!=redis:0", [2]),
        ("trace.callee~example", [2]),
        ("-trace.skew? source=1", [1, 2, 3, 4]),
    ],
)
def test_terms_find_the_traces(store: Store, query: str, traces: list[int]) -> None:
    found = store.search(parse(query), EVER, "newest", 1).rows
    assert sorted(int(row.summary.trace_id, 16) for row in found) == traces


def test_what_an_earlier_analysis_said_of_clocks_is_replaced() -> None:
    with Store.open(None) as store:
        source = store.start_source("a", "otlp", "")
        spans = call(1, "1", 2000, (1500, 1580))
        store.append(spans[:1] + spans[1:2], source)
        for columns in store.pending():
            store.append_facts(columns, analyse_batch(columns))
        store.append(spans[2:], source)
        for columns in store.pending():
            store.append_facts(columns, analyse_batch(columns))
        with store.reading() as cursor:
            assert cursor.execute("SELECT count(*) FROM clock_shifts").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("source=", [("source=a.json", 4), ('source="b c.json"', 3)]),
        ("peer=", [("peer=api.example.com", 1), ("peer=redis:0", 1)]),
        ("error_message=", [('error_message="no route"', 1)]),
        ("trace.warning=or", [("trace.warning=orphan", 1)]),
        ("service=b trace.skew=", [('trace.skew="h1 → h2"', 1)]),
        ("service=web trace.warning=sk", []),
        ("span.peer~preset:c", [("span.peer~preset:card", 0)]),
    ],
)
def test_their_values_are_offered_with_counts(
    store: Store, typed: str, offered: list[tuple[str, int]]
) -> None:
    found = store.typing.complete(typed)
    assert found.offers == offered or (not offered and found.apart)
