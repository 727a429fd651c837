"""Receivers behind the real server: bytes as they were on the wire, clients that stall, many at once."""

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.killing import otlp_body
from tests.serving import start
from tests.views.sending import CAPTURES, until
from webapp.app import create_app
from webapp.loading.live import MOST_BYTES
from webapp.settings import Settings
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


def test_too_large_a_body_is_answered_in_its_protocol() -> None:
    with Store.open(None) as store:
        server, stop = start(create_app(store, Settings(max_body_bytes=1_000)))
        connection = HTTPConnection("127.0.0.1", int(server.effective_port), timeout=20)
        for body in (b" " * 3_900, iter([b" " * 1_950] * 2)):  # with its length, and in chunks
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Content-Type"]) == (413, "application/x-protobuf")
            assert b"The body is larger than 1,000 bytes." in answer.read()
        connection.request("POST", "/v1/traces", b" " * 4_001, {"Content-Type": "application/json"})
        assert connection.getresponse().status == 413
        stop()


def test_stalled_clients_keep_nobody_from_sending(served: tuple[Store, int]) -> None:
    store, port = served
    stalled = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(30)]
    for each in stalled:
        each.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    taken = [0] * 20

    def send(number: int) -> None:
        taken[number] = post(port, number + 1)

    senders = [threading.Thread(target=send, args=(number,)) for number in range(len(taken))]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(30)
    assert taken == [200] * 20
    until(lambda: store.span_total() == 20)
    for each in stalled:
        each.close()


def test_a_crowd_of_small_posts_is_taken_whole_and_keeps_no_page_waiting(served: tuple[Store, int]) -> None:
    store, port = served
    statuses: list[int] = []

    def send(first: int) -> None:
        statuses.extend(post(port, number) for number in range(first, first + 20))

    senders = [threading.Thread(target=send, args=(first,)) for first in range(1, 601, 20)]
    for sender in senders:
        sender.start()
    pages = []
    while any(sender.is_alive() for sender in senders):
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/traces.json?limit=1")
        pages.append(connection.getresponse().status)
        connection.close()
    assert set(pages) == {200}
    assert statuses == [200] * 600
    until(lambda: store.span_total() == 600)


def test_pages_are_answered_while_all_that_take_spans_wait() -> None:
    with Store.open(None) as store:
        app = create_app(store, Settings(db="kept"))  # a post is answered when it is stored
        server, stop = start(app)
        port = int(server.effective_port)
        with store.together():  # nobody else can write meanwhile
            senders = [threading.Thread(target=post, args=(port, number)) for number in range(1, 31)]
            for sender in senders:
                sender.start()
            until(
                lambda: not app.config["live"].has_room(MOST_BYTES - 7 * 100)
            )  # some of them wait for the store
            connection = HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/traces.json")
            assert connection.getresponse().status == 200
            connection.close()
        for sender in senders:
            sender.join(20)
        assert store.span_total() == 30
        stop()


def post(port: int, number: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(
        "POST", "/v1/traces", otlp_body(f"{number:032x}"), {"Content-Type": "application/json"}
    )
    status = connection.getresponse().status
    connection.close()
    return status
