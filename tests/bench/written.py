"""Generated blocks as spans and as OTLP JSON lines of about 1.2 kB a span, joined from ready pieces."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.bench import vocabulary as words
from tests.bench.blocks import BIG_TRACES, Block, blocks
from webapp.model.spans import Attributes, Event, Resource, Scope, Span, Status, Value

LINE_SPANS = 200
ERROR_MESSAGE = "connection reset by peer"
LOST_PARENT = "00000000deadbeef"
EVENT_AFTER = 3  # the event lies after a third of the span
PAYMENTS = ("settled", "failed")
RESOURCES = tuple(
    Resource(
        attributes={
            "service.name": name,
            "service.version": "1.4.2",
            "host.name": f"{name}-1",
            "cloud.region": "eu-west-1",
            "telemetry.sdk.language": "java",
        }
    )
    for name in words.SERVICES
)


def cached_file(folder: Path, spans: int, seed: int = 1) -> Path:
    """The file of this size and seed; written if it is not there yet."""
    path = folder / f"spans-{spans}-{seed}.jsonl"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            for block in blocks(spans, seed):
                file.writelines(lines(block))
        part.rename(path)
    return path


def generated_spans(count: int, seed: int = 1, big: tuple[int, ...] = BIG_TRACES) -> Iterator[list[Span]]:
    """The same spans without a file, about 100,000 at a time."""
    for block in blocks(count, seed, big):
        yield spans_of(block)


def spans_of(block: Block) -> list[Span]:
    table = _Table.of(block)
    return [table.span(row) for row in range(len(block))]


def lines(block: Block) -> Iterator[bytes]:
    """One OTLP request a line, as the collector's file exporter writes them."""
    table = _Table.of(block)
    for first in range(0, len(block), LINE_SPANS):
        rows = sorted(range(first, min(first + LINE_SPANS, len(block))), key=table.service)
        groups = [
            f'{{"resource":{_RESOURCE_TEXTS[service]},"scopeSpans":[{{"scope":{{"name":"bench"}},"spans":['
            + ",".join([table.text(row) for row in group])
            + "]}]}"
            for service, group in groupby(rows, key=table.service)
        ]
        yield f'{{"resourceSpans":[{",".join(groups)}]}}\n'.encode()


@dataclass(frozen=True, slots=True)
class _Table:
    """The columns of a block as lists: one value at a time is read faster from these."""

    block: Block
    trace: list[int]
    parent: list[int]
    operation: list[int]
    start_ns: list[int]
    end_ns: list[int]
    failed: list[bool]
    noted: list[bool]
    order: list[int]
    payment: list[int]
    draws: list[list[int]]

    @classmethod
    def of(cls, block: Block) -> "_Table":
        columns = (
            block.trace, block.parent, block.operation, block.start_ns, block.end_ns,
            block.failed, block.noted, block.order, block.payment, block.draws,
        )  # fmt: skip
        return cls(block, *[column.tolist() for column in columns])

    def service(self, row: int) -> int:
        return words.OPERATIONS[self.operation[row]].service

    def parent_id(self, row: int) -> str:
        parent = self.parent[row]
        if parent == -1:
            return ""
        return self.block.span_ids[parent] if parent >= 0 else LOST_PARENT

    def event_ns(self, row: int) -> int:
        return self.start_ns[row] + (self.end_ns[row] - self.start_ns[row]) // EVENT_AFTER

    def business(self, row: int) -> Attributes:
        """What few spans carry: the order and the payment."""
        attributes: Attributes = {}
        if self.order[row] >= 0:
            attributes["order.id"] = words.ORDER_ID[self.order[row]]
        if self.payment[row] >= 0:
            attributes["payment.status"] = PAYMENTS[self.payment[row]]
            attributes["payment.amount"] = self.draws[row][0] + 0.5
        return attributes

    def span(self, row: int) -> Span:
        operation = words.OPERATIONS[self.operation[row]]
        values = zip(
            words.KEYS[operation.profile], words.VALUES[operation.profile], self.draws[row], strict=False
        )
        failed = self.failed[row]
        return Span(
            trace_id=self.block.trace_ids[self.trace[row]],
            span_id=self.block.span_ids[row],
            parent_span_id=self.parent_id(row),
            name=operation.name,
            service=words.SERVICES[operation.service],
            kind=int(words.KINDS[operation.profile]),
            start_ns=self.start_ns[row],
            end_ns=self.end_ns[row],
            status=int(Status.ERROR if failed else Status.UNSET),
            status_message=ERROR_MESSAGE if failed else "",
            attributes={key: pool[draw] for key, pool, draw in values} | self.business(row),
            events=[Event("cache.miss", self.event_ns(row), {"key": "card"})] if self.noted[row] else [],
            resource=RESOURCES[operation.service],
            scope=_SCOPE,
        )

    def text(self, row: int) -> str:
        """The span as OTLP JSON."""
        operation = words.OPERATIONS[self.operation[row]]
        parts = [
            piece[draw] for piece, draw in zip(_PIECES[operation.profile], self.draws[row], strict=False)
        ]
        parts += [_attribute(key, value) for key, value in self.business(row).items()]
        events = f',"events":[{{"timeUnixNano":"{self.event_ns(row)}",{_EVENT}}}]' if self.noted[row] else ""
        return (
            f'{{"traceId":"{self.block.trace_ids[self.trace[row]]}","spanId":"{self.block.span_ids[row]}",'
            f'"parentSpanId":"{self.parent_id(row)}","name":"{operation.name}",'
            f'"kind":{words.KINDS[operation.profile]:d},"startTimeUnixNano":"{self.start_ns[row]}",'
            f'"endTimeUnixNano":"{self.end_ns[row]}","attributes":[{",".join(parts)}]{events}'
            f"{_FAILED if self.failed[row] else _FINE}}}"
        )


class _NumberedPiece:
    """The attribute text around a number, for `Numbered` values."""

    def __init__(self, key: str, values: words.Numbered) -> None:
        sample = _attribute(key, values[0])
        at = sample.rindex("0")
        self._before, self._after = sample[:at], sample[at + 1 :]

    def __getitem__(self, number: int) -> str:
        return f"{self._before}{number}{self._after}"


def _attribute(key: str, value: Value) -> str:
    kind = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}[type(value)]
    written = str(value) if kind == "intValue" else value
    return json.dumps({"key": key, "value": {kind: written}}, separators=(",", ":"))


def _piece(key: str, values: words.Values) -> Sequence[str] | _NumberedPiece:
    if isinstance(values, words.Numbered):
        return _NumberedPiece(key, values)
    return [_attribute(key, value) for value in values]


_PIECES = tuple(
    tuple(_piece(key, values) for key, values in zip(keys, pools, strict=True))
    for keys, pools in zip(words.KEYS, words.VALUES, strict=True)
)
_SCOPE = Scope(name="bench")
_RESOURCE_TEXTS = tuple(
    '{"attributes":[' + ",".join(_attribute(*pair) for pair in resource.attributes.items()) + "]}"
    for resource in RESOURCES
)
_EVENT = f'"name":"cache.miss","attributes":[{_attribute("key", "card")}]'
_FAILED = f',"status":{{"code":2,"message":"{ERROR_MESSAGE}"}}'
_FINE = ',"status":{}'
