"""A program that sends spans as fast as it is told: `python -m tests.bench.live_sender PORT SPANS_PER_SECOND SECONDS`.

Prints how many spans were acknowledged, how many posts were refused, and the slowest answer in ms.
"""

import random
import sys
import threading
import time
from http.client import HTTPConnection

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

POST_SPANS = 500
TRACE_SPANS = 10
_CONNECTIONS = 16  # as of many programs, which each wait for their answer
_SERVICES = ("frontend", "checkout", "payment", "inventory", "mailer")
_HEADERS = {"Content-Type": "application/x-protobuf"}
_AGAIN_SECONDS = 0.2


class Body:
    """One request that is filled anew for each post: other ids, other times."""

    def __init__(self, random_: random.Random) -> None:
        self._random = random_
        self._request = ExportTraceServiceRequest()
        scopes = [self._scope(service) for service in _SERVICES]
        self._spans = [self._span(scopes[n % len(scopes)].spans, n) for n in range(POST_SPANS)]

    def _scope(self, service: str):  # type: ignore[no-untyped-def]  # noqa: ANN202  of upb
        group = self._request.resource_spans.add()
        for key, text in (
            ("service.name", service),
            ("host.name", f"{service}-1"),
            ("service.version", "1.2"),
        ):
            group.resource.attributes.add(key=key).value.string_value = text
        return group.scope_spans.add()

    def _span(self, spans, number: int):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        place = number % TRACE_SPANS
        span = spans.add(name=f"operation {place}", kind=2 + place % 2)
        for key, text in (
            ("http.request.method", "GET"),
            ("http.route", f"/{place}"),
            ("server.address", "db"),
        ):
            span.attributes.add(key=key).value.string_value = text
        span.attributes.add(key="http.response.status_code").value.int_value = 200
        return span

    def filled(self) -> bytes:
        now_ns = time.time_ns()
        for trace in range(POST_SPANS // TRACE_SPANS):
            trace_id, parent = self._random.randbytes(16), b""
            for place in range(TRACE_SPANS):
                span = self._spans[trace * TRACE_SPANS + place]
                span.trace_id, span.span_id = trace_id, self._random.randbytes(8)
                span.parent_span_id = parent
                parent = span.span_id if place % 3 == 0 else parent
                span.start_time_unix_nano = now_ns - (TRACE_SPANS - place) * 5_000_000
                span.end_time_unix_nano = now_ns - place * 1_000_000
        return bytes(self._request.SerializeToString())


class Sender(threading.Thread):
    """One connection with a share of the rate."""

    def __init__(self, port: int, spans_per_second: float, seconds: float, seed: int) -> None:
        super().__init__()
        self._port, self._rate, self._seconds = port, spans_per_second, seconds
        self._body = Body(random.Random(seed))
        self.acknowledged = self.refused = 0
        self.slowest_ms = 0.0

    def run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        start = time.perf_counter()
        for number in range(int(self._rate * self._seconds / POST_SPANS)):
            body = self._body.filled()
            time.sleep(max(0.0, start + number * POST_SPANS / self._rate - time.perf_counter()))
            while not self._is_taken(connection, body):
                self.refused += 1
                time.sleep(_AGAIN_SECONDS)
            self.acknowledged += POST_SPANS
        connection.close()

    def _is_taken(self, connection: HTTPConnection, body: bytes) -> bool:
        sent_at = time.perf_counter()
        connection.request("POST", "/v1/traces", body, _HEADERS)
        answer = connection.getresponse()
        answer.read()
        self.slowest_ms = max(self.slowest_ms, (time.perf_counter() - sent_at) * 1e3)
        return answer.status == 200


def main() -> None:
    port, rate, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    senders = [Sender(port, rate / _CONNECTIONS, seconds, seed) for seed in range(_CONNECTIONS)]
    start = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    took = time.perf_counter() - start
    acknowledged = sum(sender.acknowledged for sender in senders)
    refused = sum(sender.refused for sender in senders)
    print(acknowledged, took, refused, max(sender.slowest_ms for sender in senders))


if __name__ == "__main__":
    main()
