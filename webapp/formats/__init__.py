"""Readers of trace files: recognise a format by content, yield spans and notes. No storing, no repairing.

Each format is a module of the same shape (`Format`); the order of `FORMATS` is the order of detection.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from typing import BinaryIO, Protocol

from webapp.errors import NotTraces, UnreadableFile
from webapp.formats import (
    chrome,
    console,
    datadog,
    elastic,
    generic,
    honeycomb,
    jaeger,
    logs,
    otlp,
    parquet,
    sentry,
    skywalking,
    tailrace_html,
    tempo,
    xray,
    zipkin,
)
from webapp.formats.archives import contents
from webapp.formats.console import dotnet, javascript
from webapp.formats.console.wrapped import unwrapped, unwrapped_head
from webapp.formats.head import Head
from webapp.formats.notes import CUT, Notes
from webapp.formats.otlp import protobuf
from webapp.formats.reading import BATCH, Batch, Reading
from webapp.formats.refusals import what_it_is
from webapp.formats.sniff import head_of
from webapp.formats.source_code import language_of
from webapp.formats.strangers import Strangers, are_lines
from webapp.formats.tables import ipc, json_rows, text
from webapp.formats.tables.asking import UnknownTable
from webapp.formats.tables.layout import NO_MAPPING
from webapp.formats.tables.mapping import Mapping
from webapp.formats.unpack import Limits, Unpacked, unpacked
from webapp.model.logs import LogLine
from webapp.model.spans import Span

__all__ = [
    "BATCH",
    "FORMATS",
    "READS",
    "Batch",
    "Format",
    "Limits",
    "Reading",
    "contents",
    "names",
    "read",
    "read_unpacked",
]


class Format(Protocol):
    """What a format module has; one that can export also has `write(spans: Iterable[Span]) -> bytes`."""

    NAME: str
    EXAMPLE: str

    def looks_like(self, head: Head) -> str | None:
        """What it was recognised by, None if it was not."""

    def read(self, stream: BinaryIO, notes: Notes) -> Iterator[Span | LogLine]: ...


class Table(Format, Protocol):
    """A format that is a table, of which the user may say what its columns are."""

    def looks_like(self, head: Head, mapping: Mapping = NO_MAPPING) -> str | None: ...

    def read(self, stream: BinaryIO, notes: Notes, mapping: Mapping = NO_MAPPING) -> Iterator[Span]: ...


FORMATS: tuple[Format, ...] = (
    tailrace_html,
    parquet,  # these two are known by their first bytes, and their cells may hold the JSON of anything
    ipc,
    protobuf,
    otlp,
    tempo,
    jaeger,
    zipkin,
    xray,
    datadog,
    skywalking,
    console,
    javascript,
    dotnet,
    honeycomb,
    elastic,
    sentry,
    chrome,
    json_rows,
    text,
    logs,
    generic,
)
TABLES: tuple[Table, ...] = (json_rows, text, ipc, parquet)
# of which one line tells for certain what it is, so that it may stand between lines of another format
_BY_LINE: tuple[Format, ...] = (
    otlp, tempo, jaeger, zipkin, xray, datadog, skywalking, console, honeycomb, elastic, sentry,
)  # fmt: skip
_BESIDE_OTHERS: tuple[Format, ...] = (*_BY_LINE, logs, generic)
READS = (
    "OTLP JSON and protobuf, Tempo, Jaeger, Zipkin, X-Ray segments, Datadog traces, SkyWalking, "
    "console exporters of Go, Python, PHP, JavaScript and .NET, Honeycomb, Elastic APM, Sentry, Chrome trace events, "
    "structured logs with trace ids, plain span JSON, and tables of spans as Parquet, Arrow, CSV, TSV and JSON rows, "
    "also compressed and in archives (zip, tar)"
)


_BESIDE = "Those that name a trace stand beside its spans as soon as these are loaded, too."


def names() -> list[str]:
    """Of all formats, in the order of detection."""
    return list(dict.fromkeys(module.NAME for module in FORMATS))


def read(stream: BinaryIO, name: str, limits: Limits | None = None, mapping: Mapping = NO_MAPPING) -> Reading:
    """Recognise the format of `stream`, decompress it, and read its first span. `mapping` is for tables alone.

    Raises:
        NotTraces: no format that this version reads; the message says what it looks like instead.
        UnreadableFile: it cannot be opened at all.
    """
    return read_unpacked(unpacked(stream, name, Notes(), limits or Limits()), mapping)


def read_unpacked(content: Unpacked, mapping: Mapping = NO_MAPPING, chosen: str = "") -> Reading:
    """The same for one of the `contents` of a file; `chosen` is the name of the format that it is said to have."""
    notes, name = content.notes, content.name
    if content.problem:
        raise UnreadableFile(content.problem)
    if not content.start and content.layers:
        _check_unpacked(notes, name)
    head = head_of(content.start)
    found: tuple[Format, str] | None
    if chosen:
        found = _chosen(head, mapping, chosen)
    else:
        head, found = _recognised(content, head, mapping)
    if found is None:
        _check_whole(notes, name)
        raise _refusal(head, name, mapping)
    module, reason = found
    table = _as_table(module)
    records: Iterator[Span | LogLine]
    if table:
        records = table.read(content.stream, notes, mapping)
    elif not chosen and module in _BESIDE_OTHERS and are_lines(head.start):
        records = _read_lines(module, content.stream, notes)
    else:
        records = module.read(content.stream, notes)
    try:
        first = next(records, None)
    except UnknownTable as unknown:
        raise unknown.about(name) from None
    except NotTraces as refused:
        refused.where = refused.where or name
        raise
    except Exception as error:
        if not chosen:
            raise
        raise NotTraces(f"It cannot be read as {chosen}.", where=name, hint=f"{error}") from error
    if first is None and (otlp.other_signal(head) or protobuf.other_signal(head)):
        raise _refusal(head, name, mapping)
    empty = ["but there are no spans in it"] if first is None and not notes.rejected else []
    reason = ", ".join([reason, *content.layers, *empty])
    is_log = isinstance(first, LogLine) and module.NAME == otlp.NAME
    refusal = _refusal(head, name, mapping) if is_log else None
    return Reading(module.NAME, reason, notes, chain([] if first is None else [first], records), refusal)


def _read_lines(module: Format, stream: BinaryIO, notes: Notes) -> Iterator[Span | LogLine]:
    """Also the lines of another format than that of the file, each by the reader of its own."""

    def stranger(line: bytes) -> Format | None:
        head = head_of(line)
        if module.looks_like(head):
            return None
        return next((other for other in _BY_LINE if other.looks_like(head)), None)

    with closing(Strangers(stream, stranger)) as strangers:
        yield from module.read(strangers.others(), notes)
        for other, apart in strangers.apart.items():
            notes.warn("other_format", where=f"line {apart.first}, {other.NAME}", count=apart.count)
            apart.stream.seek(0)
            yield from other.read(apart.stream, notes)


def _check_unpacked(notes: Notes, name: str) -> None:
    for warning in notes.warnings:
        raise UnreadableFile("Nothing of this file can be decompressed.", where=name, hint=warning.message)


def _check_whole(notes: Notes, name: str) -> None:
    """What is left of a file that is cut may look like anything."""
    for warning in notes.warnings:
        if warning.code == CUT:
            raise UnreadableFile(
                "What is left of this file is not recognised.", where=name, hint=warning.message
            )


def _recognise(head: Head, mapping: Mapping) -> tuple[Format, str] | None:
    for module in FORMATS:
        reason = _reason(module, head, mapping)
        if reason is not None:
            return module, reason
    return None


def _recognised(content: Unpacked, head: Head, mapping: Mapping) -> tuple[Head, tuple[Format, str] | None]:
    """Also spans in what a container's log or a queue wraps around each line, which then is taken off `content`."""
    if language := language_of(head.start):
        hint = "What it prints or sends, in a file of its own, is read."
        raise NotTraces(
            f"This is a program ({language}), not what one recorded.", where=content.name, hint=hint
        )
    found = _recognise(head, mapping)
    if found is None or found[0] in (logs, generic):
        inner = unwrapped_head(head)
        reasons = ((module, module.looks_like(inner)) for module in _BY_LINE) if inner is not head else ()
        inside = next(((module, reason) for module, reason in reasons if reason), None)
        if inside:
            content.stream = unwrapped(content.stream)
            return inner, (inside[0], f"{inside[1]}, inside other lines")
    return head, found


def _reason(module: Format, head: Head, mapping: Mapping) -> str | None:
    table = _as_table(module)
    return table.looks_like(head, mapping) if table else module.looks_like(head)


def _chosen(head: Head, mapping: Mapping, name: str) -> tuple[Format, str]:
    """Of the readers of that format the one that knows such a file, else the first for bytes, the last for JSON."""
    readers = [module for module in FORMATS if name == module.NAME]
    for_json = readers[-1] if head.values else readers[0]
    reader = next((module for module in readers if _reason(module, head, mapping) is not None), for_json)
    return reader, f"Read as {name}, as you chose"


def _as_table(module: Format) -> Table | None:
    return next((table for table in TABLES if table is module), None)


def _refusal(head: Head, name: str, mapping: Mapping) -> NotTraces:
    what = what_it_is(head)
    if not what:
        return NotTraces("The file is empty.", where=name)
    if what == "OTLP logs":
        return NotTraces(f"This looks like {what}.", where=name, hint=_BESIDE)
    unnamed = what.startswith("JSON with the keys") and json_rows.unknown(head, mapping)
    if unknown := unnamed or text.unknown(head, mapping):
        return unknown.about(name)
    return NotTraces(f"This looks like {what}.", where=name, hint=f"This version reads {READS}.")
