"""Datagrams of Jaeger's and X-Ray's clients are kept, and what is lost of them is counted."""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captures import JAEGER_OVER_UDP, XRAY_OVER_UDP, found
from tests.views.sending import bodies_of, until
from webapp.listeners.udp import Datagrams
from webapp.listeners.xray import Gathering
from webapp.loading import protocols
from webapp.loading.listening import ReceiverState
from webapp.loading.live import Live
from webapp.loading.protocols import Protocol
from webapp.store import Store


class Listening:
    """A socket that is read, and one to send to it."""

    def __init__(self, protocol: Protocol, gathering: Gathering | None = None) -> None:
        self.store = Store.open(None)
        self.live = Live(self.store, durable=True)
        self.datagrams = Datagrams(self.live, protocol, ("127.0.0.1", 0), gathering)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, *datagrams: bytes) -> None:
        for each in datagrams:
            self._socket.sendto(each, ("127.0.0.1", self.datagrams.port))

    @property
    def state(self) -> ReceiverState:
        return self.live.receivers()[0]

    def close(self) -> None:
        self._socket.close()
        self.datagrams.close()
        self.store.close()


@pytest.fixture
def listening() -> Iterator[Callable[..., Listening]]:
    opened = []

    def start(protocol: Protocol, gathering: Gathering | None = None) -> Listening:
        opened.append(Listening(protocol, gathering))
        opened[-1].datagrams.start()
        return opened[-1]

    yield start
    for each in opened:
        each.close()


@pytest.mark.parametrize("capture", JAEGER_OVER_UDP)
def test_what_jaeger_clients_send_is_here(listening: Callable[..., Listening], capture: str) -> None:
    key, datagrams = JAEGER_OVER_UDP[capture], bodies_of(capture)
    jaeger = listening(protocols.JAEGER_UDP)
    jaeger.send(*datagrams)
    assert found(jaeger.store, key.spans) == key
    [source] = jaeger.store.sources()
    assert (source.path, source.format, source.rejected) == ("Jaeger over UDP", "jaeger", 0)


@pytest.mark.parametrize("capture", XRAY_OVER_UDP)
def test_what_an_xray_sdk_sends_is_here_with_its_services(
    listening: Callable[..., Listening], capture: str
) -> None:
    key, datagrams = XRAY_OVER_UDP[capture], bodies_of(capture)
    xray = listening(protocols.XRAY_UDP, Gathering())
    xray.send(*datagrams)
    assert found(xray.store, key.spans) == key
    until(lambda: set(xray.store.service_slots()) >= {"frontend", "checkout"})  # coloured with the analysis
    assert "unknown_service" not in xray.store.service_slots()


def test_damaged_datagrams_are_counted_and_stop_nothing(listening: Callable[..., Listening]) -> None:
    good = bodies_of("jaeger-thrift-udp")
    jaeger = listening(protocols.JAEGER_UDP)
    jaeger.send(b"", b"hello", b"\x82\x81\x01\x09emitBatch\x1c\xff", good[0])
    until(lambda: jaeger.store.span_total() > 0)
    assert (jaeger.state.refused, jaeger.state.refusal != "") == (3, True)


def test_what_comes_before_the_start_waits() -> None:
    datagrams = bodies_of("jaeger-thrift-udp")
    waiting = Listening(protocols.JAEGER_UDP)
    waiting.send(*datagrams)
    waiting.datagrams.start()
    until(lambda: waiting.store.span_total() == 39)
    waiting.close()


def test_what_was_gathered_is_kept_at_the_end() -> None:
    datagrams = bodies_of("xray-udp")
    xray = Listening(protocols.XRAY_UDP, Gathering())
    xray.datagrams.start()
    xray.send(datagrams[1])
    until(lambda: xray.datagrams._gathering and xray.datagrams._gathering._traces)
    xray.datagrams.close()
    until(lambda: xray.store.span_total() == 1)
    xray.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how many datagrams it dropped")
def test_datagrams_that_the_system_dropped_are_counted() -> None:
    slow = Listening(protocols.JAEGER_UDP)
    sent = 100 + slow.datagrams._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 60_000
    slow.send(*[b"\x00" * 60_000] * sent)
    slow.datagrams.start()
    until(lambda: slow.live.receivers())
    slow.send(b"which brings the count when it is read")
    until(lambda: slow.state.refused == sent + 1)
    slow.close()


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[tuple[Listening, Listening]]:
    pair = Listening(protocols.JAEGER_UDP), Listening(protocols.XRAY_UDP, Gathering())
    for each in pair:
        each.datagrams.start()
    yield pair
    for each in pair:
        assert each.datagrams._thread is not None
        assert each.datagrams._thread.is_alive()
        each.close()


@given(st.data())
def test_no_datagram_ends_the_reading(fuzzed: tuple[Listening, Listening], data: st.DataObject) -> None:
    for each, capture in zip(fuzzed, ("jaeger-thrift-udp", "xray-udp"), strict=True):
        body = bytearray(data.draw(st.sampled_from(bodies_of(capture)) | st.binary(min_size=1, max_size=300)))
        for _ in range(data.draw(st.integers(0, 4))):
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
        with suppress(BlockingIOError):
            each.send(bytes(body[: data.draw(st.integers(0, len(body)))]))
