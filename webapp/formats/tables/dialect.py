"""How a table is written as text: what separates its cells, whether they are quoted, and the names of its columns."""

import csv
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from webapp.formats.tables.layout import unique
from webapp.formats.units import iso_ns

# the columns of the OpenTelemetry Collector's ClickHouse table, in their order, for exports without a header
OTEL_TRACES = (
    "Timestamp", "TraceId", "SpanId", "ParentSpanId", "TraceState", "SpanName", "SpanKind", "ServiceName",
    "ResourceAttributes", "ScopeName", "ScopeVersion", "SpanAttributes", "Duration", "StatusCode", "StatusMessage",
    "Events.Timestamp", "Events.Name", "Events.Attributes",
    "Links.TraceId", "Links.SpanId", "Links.TraceState", "Links.Attributes",
)  # fmt: skip

_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE_ROWS = 20
_HEX_ID = re.compile(r"(?=.*\d)(?:[0-9a-fA-F]{16}|[0-9a-fA-F]{32})")
_TRACE_ID = re.compile(r"[0-9a-fA-F]{32}|(?=0)0*")
_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_TYPE = re.compile(r"(?:Nullable\(|LowCardinality\()*(?:Fixed)?String(?:\(\d+\))?\)*")
_NO_NAME = re.compile(r'[{}"<>\n]')
_SEPARATOR_LINE = re.compile(rb"sep=(.)\r?\n", re.IGNORECASE)
_RULE = re.compile(r"[-+|=: ]+|\(\d+ rows?\)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}

csv.field_size_limit(2**31 - 1)  # records are limited where their lines are read


@dataclass(frozen=True, slots=True)
class Dialect:
    """`columns` as the head of the file shows them. `skipped`: rows before the first of data."""

    delimiter: str
    quoted: bool
    columns: tuple[str, ...]
    skipped: int
    is_regular: bool  # whether most rows have as many cells as the first
    sample: tuple[str, ...] = ()

    @property
    def has_header(self) -> bool:
        return self.skipped > 0

    def cells(self, row: Sequence[str]) -> list[str]:
        """As they are meant: without blanks around a `|`, and without ClickHouse's escapes."""
        if self.delimiter == "|":
            return [cell.strip() for cell in row]
        if self.quoted or self.delimiter != "\t":
            return list(row)
        return [unescaped(cell) if "\\" in cell else cell for cell in row]

    def is_rule(self, row: Sequence[str]) -> bool:
        """The line that databases draw below a header, and their count of rows at the end."""
        return self.delimiter == "|" and all(_RULE.fullmatch(cell.strip()) for cell in row)


def dialect_of(start: bytes) -> Dialect | None:
    """None when these bytes are no table."""
    if is_of_old_mac(start):
        start = start.replace(b"\r", b"\n")
    if start[:1] in b"{[<" or b"\0" in start.partition(b"\n")[0]:
        return None
    if told := _SEPARATOR_LINE.match(start):  # Excel's own line
        found = _dialect(start[told.end() :], told[1].decode("latin-1"))
        return found and Dialect(
            found.delimiter, found.quoted, found.columns, found.skipped + 1, found.is_regular, found.sample
        )
    found_all = [found for delimiter in _DELIMITERS if (found := _dialect(start, delimiter))]
    return max(found_all, key=lambda one: (one.is_regular, len(one.columns)), default=None)


def is_of_old_mac(start: bytes) -> bool:
    """Excel still writes lines that end like that, if asked to."""
    return b"\r" in start and b"\n" not in start


def _dialect(start: bytes, delimiter: str) -> Dialect | None:
    lines = start.decode("utf-8", "replace").split("\n")
    quoted = delimiter != "\t" or _is_quoted(lines[:_SAMPLE_ROWS])
    rows = _rows(lines, delimiter, quoted=quoted)
    if not rows or len(rows[0]) < 2:
        return None
    first = [cell.strip() for cell in rows[0]]
    counts = [len(row) for row in rows]
    is_regular = len(rows) > 1 and counts.count(counts[0]) * 2 > len(counts)
    if not _is_header(first):
        known = (
            len(first) == len(OTEL_TRACES) and _TRACE_ID.fullmatch(first[1]) and iso_ns(first[0]) is not None
        )
        columns = OTEL_TRACES if known else tuple(str(number) for number in range(1, len(first) + 1))
        return Dialect(delimiter, quoted, columns, 0, is_regular, tuple(first))
    second = rows[1] if len(rows) > 1 else []
    typed = len(second) == len(first) and any(_TYPE.fullmatch(cell) for cell in second)
    sample = rows[1 + typed] if len(rows) > 1 + typed else []
    return Dialect(delimiter, quoted, tuple(unique(first)), 1 + typed, is_regular, tuple(sample))


def _rows(lines: Iterable[str], delimiter: str, *, quoted: bool) -> list[list[str]]:
    source = (f"{line}\n" for line in lines)
    reader = (
        csv.reader(source, delimiter=delimiter) if quoted else (_split(line, delimiter) for line in source)
    )
    found: list[list[str]] = []
    with suppress(csv.Error):  # what comes before it is enough
        for row in reader:
            if any(cell.strip() for cell in row):
                found.append(row)
            if len(found) == _SAMPLE_ROWS:
                break
    return found


def _split(line: str, delimiter: str) -> list[str]:
    return line.rstrip("\r\n").split(delimiter)


def _is_quoted(lines: Iterable[str]) -> bool:
    """ClickHouse quotes nothing between tabs, others as elsewhere."""
    cells = [cell.strip() for line in lines for cell in line.split("\t")]
    begun = [cell for cell in cells if cell.startswith('"')]
    return bool(begun) and all(cell.endswith('"') and len(cell) > 1 for cell in begun)


def _is_header(cells: Sequence[str]) -> bool:
    """Names, where data would show an id, a number or a time."""
    return not any(_is_value(cell) for cell in cells) and not _NO_NAME.search("".join(cells))


def _is_value(cell: str) -> bool:
    return bool(
        _NUMBER.fullmatch(cell) or _HEX_ID.fullmatch(cell) or cell == "\\N" or iso_ns(cell) is not None
    )


def unescaped(cell: str) -> str:
    return cell if cell == "\\N" else _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), cell)
