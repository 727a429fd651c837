"""Traces with faults that were planted, each so many times: what the data-quality report must count, exactly."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from webapp.model.spans import Event, Kind, Resource, Span, Status

MS = 1_000_000
START_NS = 1_763_634_727_123_456_789
CARD, OTHER_CARD = "4111 1111 1111 1111", 5555555555554444
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
SECRETS = (CARD, str(OTHER_CARD), JWT, "hunter2", "s3cret", "jo@example.com", "kim@example.org", "MIIEow")

# code of the line, and what it is about -> count, and how many traces it says beside spans
COUNTS: dict[tuple[str, str], tuple[int, int]] = {
    ("missing_parents", ""): (3, 0),
    ("duplicate_ids", ""): (2, 0),
    ("cycles", ""): (2, 0),
    ("clock_skew", ""): (4, 0),
    ("skew_too_large", ""): (1, 0),
    ("negative_duration", ""): (1, 0),
    ("zero_duration", ""): (3, 2),  # of which one ends before it starts
    ("unfinished", ""): (1, 0),
    ("from_zero", ""): (2, 1),
    ("early_times", ""): (2, 2),
    ("day_long", ""): (1, 1),
    ("whole_ms", ""): (12, 12),
    ("no_service", ""): (5, 5),
    ("short_ids", ""): (2, 0),
    ("several_roots", ""): (2, 0),  # one of them since a cycle was cut
    ("silent_errors", ""): (3, 3),
    ("vague_queries", ""): (2, 2),
    ("unnamed_calls", ""): (2, 0),
    ("many_spans", ""): (1, 0),
    ("context_lost", "web → stock"): (25, 25),
    ("longer_than_call", ""): (20, 20),
    ("shorter_than_call", ""): (20, 20),
    ("card", "span.payment.note"): (4, 4),
    ("card", "span.pan"): (2, 2),
    ("token", "span.http.url"): (3, 3),
    ("secret", "event.db.password"): (1, 1),
    ("password", "resource.dsn"): (6, 6),
    ("private_key", "status_message"): (1, 1),
    ("email", "event.body"): (2, 2),
    ("email", "name"): (1, 1),
    ("email", "event.name"): (1, 1),
}


@dataclass
class _Traces:
    """Makes traces one after the other, a second apart."""

    spans: list[Span] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def add(self, *drawn: tuple[Any, ...], trace_id: str = "", **shared: Any) -> None:
        """`drawn`: id, parent (0: root), start and end in ms, and fields, of each span."""
        number = next(self.numbers)
        for ident, parent, start_ms, end_ms, *fields in drawn:
            known: dict[str, Any] = {
                "trace_id": trace_id or f"{0xABC << 64 | number:032x}",
                "span_id": f"{number << 16 | ident:016x}",
                "parent_span_id": f"{number << 16 | parent:016x}" if parent else "",
                "name": "work", "service": "web",
                "start_ns": START_NS + number * 1000 * MS + round(start_ms * MS) + ident,
                "end_ns": START_NS + number * 1000 * MS + round(end_ms * MS) + 7,
                "kind": Kind.INTERNAL,
            }  # fmt: skip
            self.spans.append(Span(**{**known, **shared, **(fields[0] if fields else {})}))


def faulty_spans() -> list[Span]:
    made = _Traces()
    for number in range(30):  # nothing is wrong with these, though they look like it
        made.add(
            (1, 0, 0, 50, {"attributes": {"order.id": 10**15 + 7919 * number, "note": "4111111111111112"}})
        )
    _ids(made)
    _times(made)
    _practice(made)
    _sensitive(made)
    return made.spans


def _ids(made: _Traces) -> None:
    for _ in range(3):
        made.add((1, 0, 0, 50), (2, 9, 10, 20), (3, 8, 20, 30))
    for _ in range(2):
        made.add((1, 0, 0, 50), (2, 1, 10, 20, {"name": "one"}), (2, 1, 20, 30, {"name": "other"}))
    made.add((1, 0, 0, 50), (2, 3, 10, 20), (3, 2, 12, 18))
    made.add((1, 1, 0, 50))
    made.add((1, 0, 0, 50), (2, 0, 10, 20))
    for number in (1, 2):
        made.add((1, 0, 0, 50), trace_id=f"{number:032x}")
    for service in (
        "unknown_service",
        "unknown_service:java",
        "unknown_service",
        "unknown_service",
        "unknown_service",
    ):
        made.add((1, 0, 0, 50), service=service)


def _times(made: _Traces) -> None:
    for shift in (40, 40, 90):
        _call(made, shift, "db-2")
    _call(made, -30, "db-3")
    _call(made, 90_000, "db-2")
    made.add((1, 0, 0, 50), (2, 1, 10, 10, {"start_ns": START_NS + 500_000_000_000, "end_ns": START_NS}))
    moment = {"start_ns": START_NS + 600 * 1000 * MS, "end_ns": START_NS + 600 * 1000 * MS}
    made.add(
        (1, 0, 0, 50, {"start_ns": moment["start_ns"] - 1, "end_ns": moment["end_ns"] + 1}),
        (2, 1, 0, 0, moment),
        (3, 1, 0, 0, moment),
    )
    made.add((1, 0, 0, 50), (2, 1, 10, 0, {"end_ns": 0}))
    for _ in range(2):
        made.add((1, 0, 0, 0, {"start_ns": 1_763_634_727_123_457, "end_ns": 1_763_634_727_133_461}))
    counted = {"start_ns": 1_000_007, "end_ns": 5_000_009}
    made.add((1, 0, 0, 0, counted), (2, 1, 0, 0, counted))
    made.add((1, 0, 0, 86_400_001))
    for number in range(12):
        start_ns = (START_NS // MS + number * 1000) * MS
        made.add((1, 0, 0, 0, {"service": "coarse", "start_ns": start_ns, "end_ns": start_ns + 5 * MS}))
    for _ in range(20):
        made.add((1, 0, 0, 10, _CLIENT), (2, 1, 1, 2001, {"service": "units", "kind": Kind.SERVER}))
        made.add((1, 0, 0, 2000, _CLIENT), (2, 1, 1, 3, {"service": "parts", "kind": Kind.SERVER}))


_CLIENT: dict[str, Any] = {"kind": Kind.CLIENT, "attributes": {"server.address": "units"}}


def _call(made: _Traces, shift_ms: int, host: str) -> None:
    """A call of 100 ms, answered for 60; the clock that answers is behind by so much (before: negative)."""
    at = {"resource": Resource({"host.name": "web-1"})}
    made.add(
        (1, 0, 0, 100, {"kind": Kind.CLIENT, "attributes": {"peer.service": "db"}, **at}),
        (2, 1, 20 - shift_ms - (40 if shift_ms > 0 else -40), 80 - shift_ms - (40 if shift_ms > 0 else -40),
         {"kind": Kind.SERVER, "service": "db", "resource": Resource({"host.name": host})}),
    )  # fmt: skip


def _practice(made: _Traces) -> None:
    failed = {"status": Status.ERROR}
    for _ in range(3):
        made.add((1, 0, 0, 50, failed))
    made.add((1, 0, 0, 50, {**failed, "status_message": "no route"}))
    made.add((1, 0, 0, 50, {**failed, "events": [Event("exception", START_NS, {"exception.type": "E"})]}))
    made.add((1, 0, 0, 50, {**failed, "events": [Event("gone", START_NS, {"level": "error"})]}))
    made.add((1, 0, 0, 50, {**failed, "attributes": {"http.response.status_code": 503}}))
    made.add((1, 0, 0, 50, {**failed, "attributes": {"rpc.grpc.status_code": 13}}))
    asks = {"kind": Kind.CLIENT}
    made.add((1, 0, 0, 50, {**asks, "name": "POST http://payment/charge"}))
    told = {"db.system": "postgresql", "server.address": "db"}
    for name, attributes in (
        ("query", told), ("ask", told), ("query", {**told, "db.statement": "SELECT 1"}), ("pool.connect", told),
        ("SELECT * FROM orders", told), ("SELECT 1", told), ("SELECT unlock();", told),
        ("GET", {**told, "db.system": "redis"}),
    ):  # fmt: skip
        made.add((1, 0, 0, 50, {**asks, "name": name, "attributes": attributes}))
    for _ in range(2):
        made.add((1, 0, 0, 50, asks))
    made.add((1, 0, 0, 50, asks), (2, 1, 10, 40, {"kind": Kind.SERVER, "service": "answers"}))
    made.add(
        (1, 0, 0, 5000), *((ident, 1, 1 + ident, 2 + ident, {"name": "row"}) for ident in range(2, 2006))
    )
    for _ in range(25):
        made.add((1, 0, 0, 100, {**asks, "attributes": {"server.address": "stock"}}))
        last = made.spans[-1]
        made.add(
            (
                1,
                0,
                0,
                0,
                {
                    "kind": Kind.SERVER,
                    "service": "stock",
                    "start_ns": last.start_ns + 20 * MS,
                    "end_ns": last.end_ns - 20 * MS,
                },
            )
        )


def _sensitive(made: _Traces) -> None:
    for _ in range(4):
        made.add((1, 0, 0, 50, {"attributes": {"payment.note": f"paid with {CARD}."}}))
    for _ in range(2):
        made.add((1, 0, 0, 50, {"attributes": {"pan": OTHER_CARD}}))
    for _ in range(3):
        made.add((1, 0, 0, 50, {"attributes": {"http.url": f"https://x.example/?token={JWT}"}}))
    dsn = Resource({"dsn": "postgresql://app:s3cret@db/shop"})
    for _ in range(6):
        made.add((1, 0, 0, 50, {"resource": dsn}))
    made.add((1, 0, 0, 50, {"events": [Event("log", START_NS, {"db.password": "hunter2"})]}))
    made.add((1, 0, 0, 50, {"events": [Event("log", START_NS, {"db.password": "[Filtered]"})]}))
    made.add((1, 0, 0, 50, {"status_message": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow"}))
    for _ in range(2):
        made.add((1, 0, 0, 50, {"events": [Event("log", START_NS, {"body": "to jo@example.com"})]}))
    made.add((1, 0, 0, 50, {"name": "mail kim@example.org"}))
    made.add((1, 0, 0, 50, {"events": [Event("sent to jo@example.com", START_NS)]}))


def healthy_spans() -> list[Span]:
    made = _Traces()
    for _ in range(12):
        made.add((1, 0, 0, 50), (2, 1, 10, 40))
    return made.spans
