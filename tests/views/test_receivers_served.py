"""Receivers behind the real server: bytes as they were on the wire, clients that stall, many at once."""

import json
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.serving import start
from tests.views.sending import CAPTURES, until
from webapp.app import create_app
from webapp.store import Store


@pytest.fixture
def served() -> Iterator[tuple[Store, int]]:
    with Store.open(None) as store:
        server, stop = start(create_app(store))
        yield store, int(server.effective_port)
        stop()


def test_chunked_bodies_are_received_as_they_were_on_the_wire(served: tuple[Store, int]) -> None:
    store, port = served
    recorded = sorted((CAPTURES / "js-otel-otlp-json").glob("*.http"))
    if not recorded:
        pytest.skip("the captures are not on this machine")
    for each in recorded:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(each.read_bytes())
            assert connection.recv(4000).startswith(b"HTTP/1.1 200 OK")
    until(lambda: store.span_total() == 21)


def test_stalled_clients_keep_nobody_from_sending(served: tuple[Store, int]) -> None:
    store, port = served
    stalled = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(30)]
    for each in stalled:
        each.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    taken = [0] * 20

    def send(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        span = {
            "traceId": f"{number + 1:032x}",
            "spanId": "1" * 16,
            "startTimeUnixNano": "1700000000000000000",
        }
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
        connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
        taken[number] = connection.getresponse().status
        connection.close()

    senders = [threading.Thread(target=send, args=(number,)) for number in range(len(taken))]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(30)
    assert taken == [200] * 20
    until(lambda: store.span_total() == 20)
    for each in stalled:
        each.close()
