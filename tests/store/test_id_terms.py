"""`trace.id=`, `id=` and `parent=` take an id in any form, in SQL as in the language's own meaning."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.store.shop import make_span, plain_facts
from webapp.model.facts import TraceSummary
from webapp.model.ids import hashed_id
from webapp.model.spans import Span
from webapp.query import Window, matches, parse
from webapp.store import Store

LONG = "4bf92f3577b34da6a3ce929d0e0e4736"
LOWER = "640cfd8d00000000" + "5af7183fb1d4cf5f"
OWN = hashed_id("abc-123", 32)
SPANS = [
    make_span(0x00F067AA0BA902B7, int(LONG, 16)),
    make_span(0x00F067AA0BA902B7, int(LOWER, 16)),
    replace(
        make_span(int(hashed_id("s-1", 16), 16), int(OWN, 16)),
        written_trace_id="abc-123",
        written_span_id="s-1",
    ),
    replace(make_span(9, 0xFE), written_trace_id="0000-too-long-FE"),
]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        store.append(SPANS, 1)
        for columns in store.pending():
            store.append_facts(columns, plain_facts(columns))
        yield store


def found(store: Store, text: str) -> list[str]:
    page = store.search(parse(text), Window(), "newest", 1)
    return sorted(row.summary.trace_id for row in page.rows)


def meant(store: Store, text: str) -> list[str]:
    def summary(span: Span) -> TraceSummary | None:
        return store.summary_of(span.trace_id)

    return sorted({span.trace_id for span in SPANS if matches(parse(text), span, summary(span))})


@pytest.mark.parametrize(
    ("text", "trace_ids"),
    [
        (f"trace.id={LONG}", [LONG]),
        (f"trace.id={LONG.upper()}", [LONG]),
        (f"trace.id=0x{LONG}", [LONG]),
        ("trace.id=4bf92f35-77b3-4da6-a3ce-929d0e0e4736", [LONG]),
        ("trace.id=1-4bf92f35-77b34da6a3ce929d0e0e4736", [LONG]),
        ("trace.id=S/kvNXezTaajzpKdDg5HNg==", [LONG]),
        (f"trace.id={int(LONG, 16)}", [LONG]),
        (f"trace.id=00-{LONG}-00f067aa0ba902b7-01", [LONG]),
        ("trace.id=4bf92f35*", [LONG]),
        ("trace.id=4BF9*4736", [LONG]),
        ("trace.id=5af7183fb1d4cf5f", [LOWER]),
        ("trace.id=6554734444506566495", [LOWER]),
        ("trace.id=abc-123", [OWN]),
        ("trace.id=abc-*", [OWN]),
        ("trace.id=*-123", [OWN]),
        ("trace.id=0000-too-long-FE", [f"{0xFE:032x}"]),
        ("trace.id=fe", [f"{0xFE:032x}"]),
        ("trace.id=abc-1", []),
        ("trace.id=abc-123 OR trace.id=fe", [f"{0xFE:032x}", OWN]),
        ("trace.id!=abc-* trace.id!=fe trace.id!=4b*", [LOWER]),
        ("id=s-1", [OWN]),
        ("id=s-*", [OWN]),
        ("id=f067aa0ba902b7", [LONG, LOWER]),
        ("id=APBnqgupArc=", [LONG, LOWER]),
        (f"id={0x00F067AA0BA902B7}", [LONG, LOWER]),
        ("id=00f067*", [LONG, LOWER]),
        ("-id=f067aa0ba902b7 id!=s-1", [f"{0xFE:032x}"]),
        ("parent=0 trace.id=fe", [f"{0xFE:032x}"]),
    ],
)
def test_an_id_term_takes_any_form_of_the_id(store: Store, text: str, trace_ids: list[str]) -> None:
    assert found(store, text) == sorted(trace_ids)
    assert meant(store, text) == sorted(trace_ids)


@pytest.mark.parametrize(
    ("text", "as_", "count"),
    [
        ("abc-123", "id", 1),
        ("5af7183fb1d4cf5f", "end", 1),
        ("4bf92f35", "start", 1),
        ("f067aa0ba902b7", "span", 2),
    ],
)
def test_the_store_says_what_a_pasted_text_is(store: Store, text: str, as_: str, count: int) -> None:
    assert store.meant(text).as_ == as_
    assert len(store.meant(text).traces) == count
