"""Old and new attribute names must lead to the same peer, host and error text."""

from typing import Any

import pytest

from webapp.model.columns import ErrorText, Peer
from webapp.model.semconv import error_text, host_of, peer_of
from webapp.model.spans import Attributes, Event, Kind, Span, Status


@pytest.mark.parametrize(
    ("attributes", "peer"),
    [
        ({"db.system": "mysql", "db.name": "orders", "net.peer.name": "db1"}, Peer("db", "mysql:orders")),
        (
            {"db.system.name": "mysql", "db.namespace": "orders", "server.address": "db1"},
            Peer("db", "mysql:orders"),
        ),
        ({"db.system": "redis", "net.peer.ip": "10.0.0.7"}, Peer("db", "redis:10.0.0.7")),
        ({"db.system": "redis", "db.namespace": 0}, Peer("db", "redis:0")),
        ({"db.system": "sqlite"}, Peer("db", "sqlite")),
        ({"messaging.system": "kafka", "messaging.destination": "mail"}, Peer("messaging", "kafka:mail")),
        (
            {"messaging.system": "kafka", "messaging.destination.name": "mail"},
            Peer("messaging", "kafka:mail"),
        ),
        ({"peer.service": "cards", "service.peer.name": "cards-api"}, Peer("external", "cards-api")),
        ({"server.address": "ext.example", "server.port": 443}, Peer("external", "ext.example")),
        ({"http.url": "https://user:pw@ext.example:8443/x?y"}, Peer("external", "ext.example")),
        ({"url.full": "http://[broken", "net.peer.ip": "10.0.0.7"}, Peer("external", "10.0.0.7")),
        ({"server.address": ["a", "b"]}, Peer("external", "a")),
        ({"server.address": "", "peer.service": {"not": "a name"}}, None),
        ({}, None),
    ],
)
def test_a_client_names_its_peer_in_old_and_new_words(attributes: Attributes, peer: Peer | None) -> None:
    assert peer_of(Kind.CLIENT, attributes) == peer


def test_only_the_calling_kinds_have_peers_and_a_consumer_its_queue() -> None:
    attributes = {"server.address": "x", "messaging.system": "kafka", "messaging.destination": "mail"}
    assert peer_of(Kind.SERVER, attributes) is None
    assert peer_of(Kind.INTERNAL, attributes) is None
    assert peer_of(Kind.PRODUCER, attributes) == Peer("messaging", "kafka:mail")
    assert peer_of(Kind.CONSUMER, attributes) == Peer("messaging", "kafka:mail")
    assert peer_of(Kind.CONSUMER, {"server.address": "x"}) is None


@pytest.mark.parametrize(
    ("resource", "host"),
    [
        ({"host.name": "a", "host.id": "i-1"}, "i-1"),
        ({"host.ip": ["10.0.0.1", "fe80::1"], "host.name": "a"}, "10.0.0.1"),
        ({"hostname": "web-1", "ip": "10.0.0.1"}, "10.0.0.1"),
        ({"service.name": "web"}, ""),
    ],
)
def test_a_host_is_known_by_the_most_exact_key(resource: Attributes, host: str) -> None:
    assert host_of(resource) == host


def failed(**fields: Any) -> Span:
    return Span(
        trace_id="0" * 32,
        span_id="1" * 16,
        name="n",
        service="s",
        start_ns=1,
        end_ns=2,
        status=Status.ERROR,
        **fields,
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"status_message": " timeout "}, ErrorText("timeout")),
        (
            {
                "events": [
                    Event("exception", 1, {"exception.message": "first"}),
                    Event("exception", 2, {"exception.message": "last"}),
                    Event("log", 3, {"message": "bye"}),
                ]
            },
            ErrorText("last"),
        ),
        ({"events": [Event("oops", 1, {"exception.type": "KeyError"})]}, ErrorText("KeyError")),
        ({"attributes": {"error": "boom"}}, ErrorText("boom")),
        ({"attributes": {"error": True, "http.status_code": 503}}, ErrorText("HTTP 503")),
        ({"attributes": {"error": "true"}}, None),
        (
            {"status_message": "x", "attributes": {"code.filepath": "pay.py", "code.lineno": 12}},
            ErrorText("x", "pay.py:12"),
        ),
        ({"attributes": {"code.file.path": "pay.py"}}, ErrorText("", "pay.py")),
        ({"status_message": "x" * 5000}, ErrorText("x" * 1999 + "…")),
    ],
)
def test_a_failed_span_speaks_through_status_then_exception_then_attributes(
    fields: dict[str, Any], text: ErrorText | None
) -> None:
    assert error_text(failed(**fields)) == text


def test_a_span_that_did_not_fail_has_no_error_text() -> None:
    span = Span(
        trace_id="0" * 32,
        span_id="1" * 16,
        name="n",
        service="s",
        start_ns=1,
        end_ns=2,
        status_message="fine",
    )
    assert error_text(span) is None
