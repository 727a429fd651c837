from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.store.shop import make_span, plain_facts
from webapp.model.ids import hashed_id
from webapp.store import Store

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SHORT = "00000000000000005af7183fb1d4cf5f"
TWIN = "4bf92f3577b34da6ffffffffffffffff"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        store.append([make_span(0x00F067AA0BA902B7, int(TRACE, 16)), make_span(7, int(SHORT, 16))], 1)
        for columns in store.pending():
            store.append_facts(columns, plain_facts(columns))
        store.append([make_span(0x00F067AA0BA902B8, int(TWIN, 16))], 1)  # not analysed yet
        yield store


@pytest.mark.parametrize(
    "text",
    [
        TRACE,
        TRACE.upper(),
        f"  {TRACE}\n",
        f"0x{TRACE}",
        "4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
        f"00-{TRACE}-00f067aa0ba902b7-01",
        f"traceparent: 00-{TRACE}-00f067aa0ba902b7-01",
        f"{TRACE}-00f067aa0ba902b7-1-05e3ac9a4f6e3b90",
        f"b3: {TRACE}-00f067aa0ba902b7",
        f"{TRACE}:f067aa0ba902b7:0:1",
        f"{TRACE}%3Af067aa0ba902b7%3A0%3A1",
        "1-4bf92f35-77b34da6a3ce929d0e0e4736",
        "X-Amzn-Trace-Id: Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1",
        "S/kvNXezTaajzpKdDg5HNg==",
        "S_kvNXezTaajzpKdDg5HNg",
        str(int(TRACE, 16)),
        "a3ce929d0e0e4736",
        "00f067aa0ba902b7",
        "f067aa0ba902b7",
        "APBnqgupArc=",
        str(0x00F067AA0BA902B7),
        "4bf92f3577b34da6a",
    ],
)
def test_a_trace_is_found_by_any_spelling_of_its_id_or_a_span(store: Store, text: str) -> None:
    assert store.find(text) == [TRACE]


@pytest.mark.parametrize(
    "text", ["5af7183fb1d4cf5f", "5AF7183FB1D4CF5F-0000000000000007-1", "6554734444506566495"]
)
def test_short_ids_are_padded(store: Store, text: str) -> None:
    assert store.find(text) == [SHORT]


def test_a_prefix_of_several_ids_gives_them_all(store: Store) -> None:
    assert store.find("4bf92f3577") == [TRACE, TWIN]
    assert store.find("4bf92f3") == []


@pytest.mark.parametrize("text", ["", "checkout", "service=orders", "9" * 60, "=", "-", "1-2-3"])
def test_what_is_no_id_finds_nothing(store: Store, text: str) -> None:
    assert store.find(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "trace_id=" + TRACE,
        f'"traceId": "{TRACE}",',
        f"projects/shop/traces/{TRACE}",
        f"{TRACE}/1234;o=1",
        "NGJmOTJmMzU3N2IzNGRhNmEzY2U5MjlkMGUwZTQ3MzY=",
        "{4BF92F35-77B3-4DA6-A3CE-929D0E0E4736}",
        f"`{TRACE}`",
        f"({TRACE}).",
        f"‹{TRACE}>",
    ],
)
def test_what_stands_around_an_id_is_taken_off(store: Store, text: str) -> None:
    assert store.find(text) == [TRACE]


def test_the_lower_half_finds_a_long_id_in_any_spelling() -> None:
    long = "640cfd8d00000000" + "5af7183fb1d4cf5f"
    with Store.open(None) as store:
        store.append([make_span(7, int(long, 16))], 1)
        for text in ("5af7183fb1d4cf5f", "6554734444506566495", "0x5AF7183FB1D4CF5F"):
            assert store.find(text) == [long]


@pytest.mark.parametrize("text", ["abc-123", " abc-123 ", "X-Trace-ID: abc-123", '"trace_id":"abc-123"'])
def test_an_id_that_is_only_text_is_found_by_that_text(text: str) -> None:
    trace_id = hashed_id("abc-123", 32)
    with Store.open(None) as store:
        store.append([replace(make_span(7, int(trace_id, 16)), written_trace_id="abc-123")], 1)
        assert store.find(text) == [trace_id]


def test_ids_are_found_as_their_file_spells_them() -> None:
    span = replace(make_span(7, 9), written_trace_id="0000-too-long-9", written_span_id="span/7")
    with Store.open(None) as store:
        store.append([span], 1)
        assert store.find("0000-too-long-9") == store.find("span/7") == [f"{9:032x}"]
