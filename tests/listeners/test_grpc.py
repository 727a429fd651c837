"""OTLP over gRPC, as clients call it: what is kept, what is refused and how, and who cannot hold up whom."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.captures import OVER_GRPC, found
from tests.views.sending import bodies_of
from webapp.listeners import grpc as listener
from webapp.listeners.grpc import OtlpGrpc
from webapp.loading import live as limits
from webapp.loading.live import Live
from webapp.store import Store

SERVICES = "/opentelemetry.proto.collector."
EXPORT = f"{SERVICES}trace.v1.TraceService/Export"
START = 1_700_000_000_000_000_000


class Served:
    """A listener with a client of its own."""

    def __init__(self, *, durable: bool = True, most_bytes: int = 100_000) -> None:
        self.store = Store.open(None)
        self.live = Live(self.store, durable=durable)
        self.ready = True
        self.server = OtlpGrpc(self.live, most_bytes, lambda: self.ready)
        self.port = self.server.start("127.0.0.1:0")
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")

    def send(self, body: bytes, method: str = EXPORT, **how: Any) -> bytes:
        answer: bytes = self.channel.unary_unary(method)(body, timeout=20, **how)
        return answer

    def refusal(self, body: bytes, method: str = EXPORT, **how: Any) -> grpc.RpcError:
        with pytest.raises(grpc.RpcError) as refused:
            self.send(body, method, **how)
        return refused.value

    def close(self) -> None:
        self.channel.close()
        self.server.close()
        self.store.close()


@pytest.fixture
def serving() -> Iterator[Callable[..., Served]]:
    started = []

    def start(**how: Any) -> Served:
        started.append(Served(**how))
        return started[-1]

    yield start
    for each in started:
        each.close()


def request(*span_ids: int) -> bytes:
    found = ExportTraceServiceRequest()
    spans = found.resource_spans.add().scope_spans.add().spans
    for span_id in span_ids:
        ids = {"trace_id": b"\x05" * 16, "span_id": span_id.to_bytes(8, "big")}
        spans.add(**ids, name="n", start_time_unix_nano=START, end_time_unix_nano=START + 1_000)
    return found.SerializeToString()


@pytest.mark.parametrize(
    ("capture", "compression"),
    list(zip(OVER_GRPC, (grpc.Compression.Gzip, grpc.Compression.NoCompression), strict=True)),
)
def test_what_opentelemetry_sends_is_kept_before_it_is_answered(
    serving: Callable[..., Served], capture: str, compression: grpc.Compression
) -> None:
    bodies, served = bodies_of(capture), serving()
    served.live.start()
    for body in bodies:
        assert served.send(body, compression=compression) == b""
    key = OVER_GRPC[capture]
    assert found(served.store, key.spans) == key
    [receiver] = served.live.receivers()
    assert (receiver.name, receiver.format, receiver.spans) == ("OTLP over gRPC", "otlp", key.spans)


def test_rejected_spans_are_told(serving: Callable[..., Served]) -> None:
    served = serving()
    answer = ExportTraceServiceResponse.FromString(served.send(request(1, 0, 2)))
    assert answer.partial_success.rejected_spans == 1
    assert "without a usable" in answer.partial_success.error_message
    assert served.store.span_total() == 2
    assert served.send(b"") == b""


@pytest.mark.parametrize("body", [b"hello", b"\x0a\xff\xff", gzip.compress(b"\x0a\x00", mtime=0)])
def test_what_is_no_request_is_refused_for_good(serving: Callable[..., Served], body: bytes) -> None:
    refused = serving().refusal(body)
    assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.details()
    assert not refused.trailing_metadata()


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_messages_that_are_or_grow_too_large_are_refused(
    serving: Callable[..., Served], compression: grpc.Compression
) -> None:
    refused = serving().refusal(b" " * 5_000_000, compression=compression)
    assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not refused.trailing_metadata()  # nothing says that it might be tried again


@pytest.mark.parametrize("signal", ["metrics", "logs"])
def test_other_signals_are_refused_in_words(serving: Callable[..., Served], signal: str) -> None:
    refused = serving().refusal(b"", f"{SERVICES}{signal}.v1.{signal.title()}Service/Export")
    assert refused.code() is grpc.StatusCode.UNIMPLEMENTED
    assert signal in (refused.details() or "")
    assert serving().refusal(b"", "/grpc.health.v1.Health/Check").code() is grpc.StatusCode.UNIMPLEMENTED


def test_more_than_can_wait_is_to_be_sent_again(
    serving: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_BYTES", 10)
    served = serving(durable=False)
    with served.store.together():  # nobody else can write meanwhile
        served.send(request(1))
        refused = served.refusal(request(2))
    assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    told = dict(refused.trailing_metadata() or ())
    assert told["google.rpc.retryinfo-bin"] == b"\x0a\x02\x08\x01"  # a duration of one second
    assert b"type.googleapis.com/google.rpc.RetryInfo" in told["grpc-status-details-bin"]


def test_nothing_is_taken_while_files_are_loaded(serving: Callable[..., Served]) -> None:
    served = serving()
    served.ready = False
    refused = served.refusal(request(1))
    assert refused.code() is grpc.StatusCode.UNAVAILABLE
    assert dict(refused.trailing_metadata() or ())["google.rpc.retryinfo-bin"]
    served.ready = True
    assert served.send(request(1)) == b""


def test_calls_without_a_message_hold_up_nobody(
    serving: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "STALLED_SECONDS", 0.5)
    served = serving()
    over = threading.Event()

    def never() -> Iterator[bytes]:
        over.wait(20)
        yield from ()

    stalled = [served.channel.stream_unary(EXPORT).future(never()) for _ in range(listener.AT_ONCE + 10)]
    assert served.send(request(1)) == b""
    assert {call.code() for call in stalled} == {grpc.StatusCode.DEADLINE_EXCEEDED}
    over.set()


def test_a_port_that_is_taken_is_told(serving: Callable[..., Served]) -> None:
    served = serving()
    with pytest.raises(OSError, match="bind"):
        OtlpGrpc(served.live, 1_000).start(f"127.0.0.1:{served.port}")


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Served]:
    served = Served()
    yield served
    assert served.send(request(1)) == b""
    served.close()


@given(st.data())
def test_no_message_is_more_than_refused(fuzzed: Served, data: st.DataObject) -> None:
    bodies = st.sampled_from(bodies_of("otlp-grpc"))
    body = bytearray(data.draw(bodies | st.binary(max_size=300)))
    for _ in range(data.draw(st.integers(0, 4)) if body else 0):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    call = fuzzed.channel.unary_unary(EXPORT).future(bytes(body[: data.draw(st.integers(0, len(body)))]))
    assert call.code() in {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT}


def test_what_is_no_grpc_at_all_ends_only_its_connection(serving: Callable[..., Served]) -> None:
    served = serving()
    for start in (
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(range(256)),
        b"\xff" * 9_000,
    ):
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
            connection.sendall(start)
            assert served.send(request(1)) == b""
