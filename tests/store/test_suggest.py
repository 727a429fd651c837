"""Completions while typing, and what is said of keys and services that are not there."""

from collections.abc import Iterator

import pytest

from tests.store.soup_store import fill
from webapp.errors import BadQuery
from webapp.model.spans import Event, Resource, Scope, Span
from webapp.query import Window, parse
from webapp.store import Store

EVER = Window()


def span(number: int, status: str) -> Span:
    return Span(
        trace_id=f"{number:032x}",
        span_id=f"{number:016x}",
        name="charge",
        service="payment-service",
        start_ns=number * 1000,
        end_ns=number * 1000 + 500,
        attributes={"payment.status": status, "odd key": number},
        resource=Resource({"host.name": "web-1"}),
        scope=Scope("http", "1.0"),
        events=[Event("declined", 1, {"level": "warn"})] if status == "failed" else [],
    )


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        fill(store, [span(1, "failed"), span(2, "ok"), span(3, "ok"), span(4, "card lost")])
        yield store


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("paym", ["payment.status", "service=payment-service"]),
        ("-error pay", ["payment.status", "service=payment-service"]),
        ("payment.status=failed {pay", ["payment.status", "service=payment-service"]),
        ("{-error pay} trace.failed", ["payment.status", "service=payment-service"]),
        ("payment.status=ok payment.status=", ["payment.status=ok"]),
        ('{payment.status=failed "odd key"=', ['"odd key"=1']),
        ("payment.status=failed service=", ["service=payment-service"]),
        ("payment.status=failed trace.root.name=", ["trace.root.name=charge"]),
        ("error OR payment.status=f", ["payment.status=failed"]),
        ("event.", ["event.name", "event.level"]),
        ("event.level=", ["event.level=warn"]),
        ("event.name=", ["event.name=declined"]),
        ("scope.name=", ["scope.name=http"]),
        ("coun", ["count({"]),
        ("odd", ['"odd key"']),
        ("host", ["host.name"]),
        ("trace.bot", ["trace.bottleneck"]),
        ("duration", ["duration>", "duration<", "duration="]),
        ("host.name", ["host.name=", "host.name!=", "host.name~", "host.name?"]),
        ("{error} ", [">> {", "> {", "<< {", "~ {"]),
        ("payment.status=", ["payment.status=ok", 'payment.status="card lost"', "payment.status=failed"]),
        ("payment.status=fa", ["payment.status=failed"]),
        ("-payment.status!=fa", ["payment.status!=failed"]),
        ('span."odd key"=3', ['span."odd key"=3']),
        ("host.name=", ["host.name=web-1"]),
        ("service=", ["service=payment-service"]),
        ("name=", ["name=charge"]),
        ("operation=ch", ["operation=charge"]),
        ("trace.root=", ['trace.root="payment-service · charge"']),
        ("kind=cl", ["kind=client"]),
        ("error=t", ["error=true"]),
        ("duration>", []),
        ("payment.status?", []),
        ("nothing like it", []),
    ],
)
def test_the_last_term_is_completed(store: Store, typed: str, offered: list[str]) -> None:
    at = typed.index("}") if "} " in typed and "pay" in typed else len(typed)
    found = [text for text, _ in store.typing.complete(typed, at).offers]
    assert found[: max(1, len(offered))] == offered


@pytest.mark.parametrize(
    "typed", ["error pay", "error service=pay", "error trace.root.name=", "{error payment.status="]
)
def test_what_fits_nothing_beside_the_rest_is_offered_apart(store: Store, typed: str) -> None:
    found = store.typing.complete(typed)
    assert found.apart
    assert found.offers
    assert not store.typing.complete(typed.replace("error", "-error")).apart


def test_values_too_long_for_a_link_are_not_offered() -> None:
    with Store.open(None) as store:
        fill(store, [span(1, "x" * 1_000_000), span(2, "ok"), span(3, "fine")])
        assert [text for text, _ in store.typing.complete("payment.status=").offers] == [
            "payment.status=fine",
            "payment.status=ok",
        ]
        (facet,) = [facet for facet in store.facets(parse(""), EVER) if facet.key == "payment.status"]
        assert ([value.value for value in facet.values], facet.more) == (["fine", "ok"], 1)


def test_counts_are_those_of_spans(store: Store) -> None:
    assert dict(store.typing.complete("payment.status=").offers)["payment.status=ok"] == 2
    assert dict(store.keys()) == {"payment.status": 4, "odd key": 4, "host.name": 1}


@pytest.mark.parametrize(
    ("text", "message", "instead"),
    [
        ("error payment.stauts=ok", "did you mean payment.status?", "error payment.status=ok"),
        ("(od_key>1 OR error)", "did you mean odd key?", '("odd key">1 OR error)'),
        ("servce=payment-service", "did you mean service?", "service=payment-service"),
        ("zzz=1", "No span has an attribute “zzz”.", ""),
        ("service=paymnt-service", "did you mean payment-service?", "service=payment-service"),
        ("service=payment", "this finds payment-service.", ""),
        ("service=zzz", "No service is called “zzz”.", ""),
    ],
)
def test_what_is_not_there_is_said_with_the_nearest_that_is(
    store: Store, text: str, message: str, instead: str
) -> None:
    (note,) = store.notes(parse(text))
    assert message in note.message
    assert note.instead == instead


def test_a_query_about_known_things_needs_no_notes(store: Store) -> None:
    assert store.notes(parse("service=payment-service payment.status? host.name=x 'word")) == []


def test_part_of_a_service_name_finds_it_when_no_service_has_that_name(store: Store) -> None:
    assert store.search(parse("service=PAYMENT"), EVER, "newest", 1).total == 4
    assert store.search(parse("service=payment*"), EVER, "newest", 1).total == 4
    assert store.search(parse("service=nothing"), EVER, "newest", 1).total == 0


@pytest.mark.parametrize("pattern", ["(", "a{2000}{2000}", "(?=x)", "\\1"])
def test_a_pattern_that_the_store_does_not_know_is_marked(store: Store, pattern: str) -> None:
    text = f'error name~"{pattern}"'
    with pytest.raises(BadQuery) as caught:
        store.search(parse(text), EVER, "newest", 1)
    assert caught.value.position == len("error ")
