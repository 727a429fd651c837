"""Columns for analysis tests, made from arrays, from spans, or from a drawing. No store needed.

    draw('''
        a    web/GET    S  |----------|
        b<a  db/query   C! |  -----   |
    ''')

One character is 10 ms. Kinds: I internal, S server, C client, P producer, K consumer, U unspecified; `!` = ERROR.
"""

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec
import numpy as np

from webapp.model.columns import Peer, SpanColumns
from webapp.model.semconv import error_text, host_of, peer_of
from webapp.model.spans import Kind, Link, Resource, Span, Status

MS = 1_000_000
TRACE = "0" * 31 + "1"
KINDS = {
    "I": Kind.INTERNAL,
    "S": Kind.SERVER,
    "C": Kind.CLIENT,
    "P": Kind.PRODUCER,
    "K": Kind.CONSUMER,
    "U": Kind.UNSPECIFIED,
}
_LINE = re.compile(r"(\w+)(?:<(\w+))?\s+([^/\s]+)/(\S+)\s+([ISCPKU])(!?)\s*\|([^|]*)\|?")


def span_id(name: str) -> str:
    """A short name as 16 hex digits; names of equal length keep their order."""
    return name.encode().hex().rjust(16, "0")


def number(name: str) -> int:
    return int(span_id(name), 16)


def span(ident: str, parent: str = "", start_ms: float = 0, end_ms: float = 0, **fields: Any) -> Span:
    """Fields of `Span`, and `host`, and `links` as names of other spans."""
    trace_id = fields.setdefault("trace_id", TRACE)
    fields["links"] = [Link(trace_id, span_id(target)) for target in fields.get("links", ())]
    if host := fields.pop("host", ""):
        fields["resource"] = Resource({"host.name": host})
    return Span(
        span_id=span_id(ident),
        parent_span_id=span_id(parent) if parent else "",
        start_ns=round(start_ms * MS),
        end_ns=round(end_ms * MS),
        **{"service": "s", "name": ident, "kind": Kind.INTERNAL, **fields},
    )


def drawn_spans(picture: str) -> list[Span]:
    spans = []
    for line in picture.strip().splitlines():
        match = _LINE.fullmatch(line.strip())
        assert match, f"not a drawn span: {line}"
        name, parent, service, operation, kind, failed, bar = match.groups()
        spans.append(
            span(
                name,
                parent or "",
                10 * bar.index("-") + 1000,
                10 * (bar.rindex("-") + 1) + 1000,
                service=service,
                name=operation,
                kind=KINDS[kind],
                status=Status.ERROR if failed else Status.UNSET,
            )
        )
    return spans


def draw(picture: str) -> SpanColumns:
    return columns_of(drawn_spans(picture))


def columns_of(spans: Sequence[Span]) -> SpanColumns:
    """As the store hands them out: rows in the given order, traces in the order in which they are first met."""
    trace_ids = list(dict.fromkeys(item.trace_id for item in spans))
    trace_of = {trace_id: number for number, trace_id in enumerate(trace_ids)}
    spans = sorted(spans, key=lambda item: trace_of[item.trace_id])
    services, names, hosts, peers = (_Codes() for _ in range(4))
    found_peers = [peer_of(item.kind, item.attributes) for item in spans]
    times_met = Counter((item.trace_id, item.span_id) for item in spans)
    links = [
        (row, int(link.span_id, 16))
        for row, item in enumerate(spans)
        for link in item.links
        if link.trace_id == item.trace_id
    ]
    texts = {row: error_text(item) for row, item in enumerate(spans)}
    return plain_columns(
        [int(item.span_id, 16) for item in spans],
        [int(item.parent_span_id or "0", 16) for item in spans],
        [item.start_ns for item in spans],
        [item.end_ns for item in spans],
        trace_ids=trace_ids,
        trace=[trace_of[item.trace_id] for item in spans],
        kind=[item.kind for item in spans],
        status=[item.status for item in spans],
        service=[services.code(item.service) for item in spans],
        name=[names.code(item.name) for item in spans],
        host=[hosts.code(host_of(item.resource.attributes) or None) for item in spans],
        peer=[peers.code(peer) for peer in found_peers],
        follows_from=[item.follows_from for item in spans],
        shared=[item.shared for item in spans],
        content=[_content(item) if times_met[item.trace_id, item.span_id] > 1 else 0 for item in spans],
        link_owner=[row for row, _ in links],
        link_span=[target for _, target in links],
        services=services.values,
        names=names.values,
        hosts=hosts.values,
        peers=peers.values,
        error_texts={row: text for row, text in texts.items() if text},
    )


def _content(item: Span) -> int:
    return int.from_bytes(blake2b(msgspec.json.encode(item), digest_size=8).digest())


class _Codes:
    def __init__(self) -> None:
        self.values: list[Any] = []
        self._codes: dict[Any, int] = {}

    def code(self, value: str | Peer | None) -> int:
        if value is None:
            return -1
        if value not in self._codes:
            self._codes[value] = len(self.values)
            self.values.append(value)
        return self._codes[value]


_TYPES = {
    "trace": np.int32,
    "kind": np.uint8,
    "status": np.uint8,
    "service": np.int32,
    "name": np.int32,
    "follows_from": np.bool_,
    "shared": np.bool_,
    "content": np.uint64,
}


def plain_columns(span_id: Any, parent_id: Any, start_ns: Any, end_ns: Any, **columns: Any) -> SpanColumns:
    """Arrays or lists; what is not given is 0, unknown hosts and peers -1, one trace, INTERNAL spans of one service."""
    count = len(span_id)
    arrays = {name: np.asarray(columns.pop(name, np.zeros(count)), kind) for name, kind in _TYPES.items()}
    unknown = {name: np.asarray(columns.pop(name, np.full(count, -1)), np.int32) for name in ("host", "peer")}
    return SpanColumns(
        trace_ids=columns.pop("trace_ids", [TRACE]),
        services=columns.pop("services", ["s"]),
        names=columns.pop("names", ["op"]),
        hosts=columns.pop("hosts", []),
        peers=columns.pop("peers", []),
        row=np.arange(count, dtype=np.int64),
        span_id=np.asarray(span_id, np.uint64),
        parent_id=np.asarray(parent_id, np.uint64),
        start_ns=np.asarray(start_ns, np.int64),
        end_ns=np.asarray(end_ns, np.int64),
        link_owner=np.asarray(columns.pop("link_owner", []), np.int32),
        link_span=np.asarray(columns.pop("link_span", []), np.uint64),
        error_texts=columns.pop("error_texts", {}),
        **arrays,
        **unknown,
        **columns,
    )
