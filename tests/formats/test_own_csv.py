"""Our own CSV: what is written is read back in full, a spreadsheet runs none of it, and a damaged row costs itself."""

import contextlib
import csv
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.damage import damaged
from tests.formats.test_parquet import any_span
from tests.samples import checkout
from webapp import formats
from webapp.errors import NotTraces
from webapp.formats.digest import digest_of
from webapp.formats.tables import own
from webapp.model.spans import Event, Span

SPAN = Span(
    trace_id="1" * 32, span_id="2" * 16, name="=cmd|' /C calc'!A0", service="'quoted'", start_ns=1_763_634_727_123_456_789,
    end_ns=1_763_634_730_000_000_001, attributes={"sql": 'SELECT "a"\r\nFROM b', "bytes": b"\xff", "big": 2**70},
    events=[Event("+1", 1_763_634_727_123_456_790, {"k": [1, {"n": None}]}, 3)],
)  # fmt: skip


def read(content: bytes) -> tuple[list[Span], formats.Reading]:
    reading = formats.read(io.BytesIO(content), "spans.csv")
    return [span for batch in reading for span in batch], reading


@settings(max_examples=30, deadline=None)
@given(st.lists(any_span, min_size=1, max_size=5))
def test_what_is_written_is_read_again_to_the_nanosecond(spans: list[Span]) -> None:
    found, reading = read(own.write(spans))
    assert [repr(span) for span in found] == [repr(span) for span in spans]
    assert reading.format == "csv"
    assert not reading.notes.warnings


def test_the_checkout_keeps_its_checksum() -> None:
    assert digest_of(read(own.write(checkout.spans()))[0]) == digest_of(checkout.spans())


def test_no_cell_is_a_formula() -> None:
    header, row = csv.reader(io.StringIO(own.write([SPAN]).decode(), newline=""))
    assert tuple(header) == own.COLUMNS
    assert row[header.index("name")] == "'=cmd|' /C calc'!A0"
    assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert read(own.write([SPAN]))[0] == [SPAN]


def test_the_columns_may_be_in_any_order() -> None:
    rows = list(csv.reader(io.StringIO(own.write([SPAN]).decode(), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out).writerows([row[::-1] for row in rows])
    assert read(out.getvalue().encode())[0] == [SPAN]


@pytest.mark.parametrize(
    ("column", "cell"),
    [("start_ns", "soon"), ("end_ns", "9" * 30), ("attributes", "{"), ("events", "[1]"), ("flags", "x"),
     ("weight", "?"), ("trace_id", ""), ("span_id", "0")],
)  # fmt: skip
def test_a_damaged_row_costs_itself_alone(column: str, cell: str) -> None:
    header, row = csv.reader(io.StringIO(own.write([SPAN]).decode(), newline=""))
    wrong = [cell if name == column else value for name, value in zip(header, row, strict=True)]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, row, wrong, row])
    found, reading = read(out.getvalue().encode())
    assert found == [SPAN, SPAN]
    assert reading.notes.rejected == 1


def test_changed_bytes_never_break_the_reader() -> None:
    content = own.write(checkout.spans())
    for seed in range(40):
        with contextlib.suppress(NotTraces):
            read(damaged(content, random.Random(seed)))
