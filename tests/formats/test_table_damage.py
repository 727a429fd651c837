"""Damaged tables: the good rows come, the lost ones are counted, and nothing hangs, crashes or grows without bound."""

import io
import time
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp import formats
from webapp.errors import NotTraces, UnreadableFile
from webapp.formats.tables.mapping import Mapping
from webapp.model.spans import Span

CASES = Path(__file__).parents[1] / "data" / "tables"
EXAMPLES = sorted(path for path in CASES.iterdir() if "expected" not in path.name)
TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADER = "trace_id,span_id,parent_id,name,start_ns,end_ns,note"
START_NS = 1_714_979_289_123_000_000
MAPPED = Mapping.parse(["a=trace_id", "b=span_id", "c=start"])


def row(number: int, note: str = "fine") -> str:
    return f"{TRACE},{number:016x},,step,{START_NS + number},{START_NS + number + 5},{note}"


def table(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def read(content: bytes, mapping: Mapping = MAPPED) -> tuple[list[Span], formats.Reading | None]:
    """What is refused has no spans."""
    try:
        reading = formats.read(io.BytesIO(content), "table", mapping=mapping)
    except (NotTraces, UnreadableFile):
        return [], None
    return [span for batch in reading for span in batch], reading


def arrow(rows: int, *, stream: bool = False) -> bytes:
    made = pa.table({
        "trace_id": [TRACE] * rows,
        "span_id": [f"{number + 1:016x}" for number in range(rows)],
        "name": ["step"] * rows,
        "start_time": pa.array([START_NS] * rows, pa.timestamp("ns")),
        "duration_ms": [1.5] * rows,
        "attributes": pa.array([[("a", "b")]] * rows, pa.map_(pa.string(), pa.string())),
    })  # fmt: skip
    target = io.BytesIO()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(target, made.schema) as writer:
        writer.write_table(made, max_chunksize=2)
    return target.getvalue()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_a_file_cut_at_any_byte_keeps_what_is_whole(path: Path) -> None:
    content = path.read_bytes()
    whole = [span.span_id for span in read(content)[0]]
    most = 0
    for end in range(0, len(content), 1 if len(content) < 1_500 else 7):
        found, _ = read(content[:end])
        assert len(found) <= len(whole) + 1  # a span reported as pending may wait for its end
        most = max(most, len(found))
    assert most >= len(whole) - 1 or "compact" in path.name  # where names and rows are apart


def test_csv_cut_at_any_byte_loses_only_its_last_row() -> None:
    content = table(row(1), row(2, '"two\nlines"'), row(3))
    ends = [content.index(row(number).encode()) + len(row(number)) for number in (1, 3)]
    for end in range(len(HEADER) + 1, len(content)):
        found, reading = read(content[:end])
        assert reading is not None
        expected = 3 if end >= ends[1] - len("fine") else 1 if end >= ends[0] else 0
        assert len(found) >= expected, content[:end][-60:]


@pytest.mark.parametrize("stream", [True, False])
def test_arrow_cut_at_any_byte_ends_in_words(stream: bool) -> None:
    content = arrow(6, stream=stream)
    before = 0
    for end in range(8, len(content), 3):
        found, _ = read(content[:end])
        assert len(found) >= before
        before = len(found)
    assert before >= 4


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_bytes_after_a_header_are_rows_or_words(noise: bytes) -> None:
    good = table(row(1))
    found, reading = read(good + noise + b"\n")
    assert reading is not None
    assert found[0].span_id == f"{1:016x}"


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="abc,;\t|\n\"'{}[]:\\0159-NT", max_size=200))
def test_text_of_any_kind_is_read_or_refused(text: str) -> None:
    read(text.encode())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(8, 600))
def test_noise_in_arrow_ends_in_words(noise: bytes, at: int) -> None:
    content = arrow(4)
    read(content[:at] + noise + content[at + len(noise) :])
    read(b"ARROW1\0\0" + noise)


def test_a_quote_without_its_end_costs_its_line_alone() -> None:
    content = table(row(1), row(2, '"open'), *(row(number) for number in range(3, 500)))
    found, reading = read(content)
    assert reading is not None
    assert {span.span_id for span in found} == {f"{number:016x}" for number in range(1, 500) if number != 2}
    assert (reading.notes.rejected, reading.notes.warnings[0].where) == (1, "line 3")


def test_thousands_of_open_quotes_take_no_hours() -> None:
    content = table(
        *(row(number, '"open' if number % 2 else "x") for number in range(1, 20_000)), row(20_000)
    )
    began = time.process_time()
    found, reading = read(content)
    assert reading is not None
    assert len(found) + reading.notes.rejected > 0
    assert time.process_time() - began < 60


def test_rows_with_other_numbers_of_cells_are_counted() -> None:
    long, short, empty = row(2) + ",more", f"{TRACE},{3:016x}", row(4) + ",,"
    found, reading = read(table(row(1), long, short, empty, "", row(5)))
    assert reading is not None
    assert [int(span.span_id) for span in found] == [1, 4, 5]
    assert [(warning.code, warning.where) for warning in reading.notes.warnings] == [
        ("bad_record", "line 3"),
        ("bad_record", "line 4"),
    ]


def test_a_row_without_its_last_cells_is_a_span_still() -> None:
    found, reading = read(table(row(1).removesuffix(",fine"), row(2)))
    assert reading is not None
    assert [span.attributes for span in found] == [{}, {"note": "fine"}]
    assert [warning.code for warning in reading.notes.warnings] == ["bad_attribute"]


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    found, reading = read(table(row(1, "caf")).replace(b"caf", b"caf\xe9"))
    assert reading is not None
    assert found[0].attributes == {"note": "caf�"}
    assert [(warning.code, warning.where) for warning in reading.notes.warnings] == [("not_utf8", "line 2")]


def test_a_line_without_end_is_passed_over_in_bounded_memory() -> None:
    class Endless(io.RawIOBase):
        """A good row, 200 MB of one field, and another row."""

        def __init__(self) -> None:
            self.parts = iter([table(row(1)), *[b"x" * 1_000_000] * 200, b"\n" + row(2).encode() + b"\n"])
            self.rest = b""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
            self.rest = self.rest or next(self.parts, b"")
            block, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
            buffer[: len(block)] = block
            return len(block)

    tracemalloc.start()
    reading = formats.read(io.BufferedReader(Endless()), "table")
    found = [span for batch in reading for span in batch]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [int(span.span_id) for span in found] == [1, 2]
    assert [(warning.code, warning.where) for warning in reading.notes.warnings] == [("too_large", "line 3")]
    assert peak < 150_000_000


def test_a_table_of_very_many_columns_says_what_it_leaves_out() -> None:
    names = ",".join(f"c{number}" for number in range(300_000))
    cells = ",".join("1" for _ in range(300_000))
    fixed, values = "trace_id,span_id,name,start_ns,end_ns", f"{TRACE},{1:016x},a,{START_NS},{START_NS + 1}"
    found, reading = read(f"{fixed},{names}\n{values},{cells}\n".encode())
    assert reading is not None
    assert len(found[0].attributes) == 2_000
    assert [(warning.code, warning.message[:7]) for warning in reading.notes.warnings] == [
        ("too_large", "298,000")
    ]


def test_cells_nested_without_end_cost_themselves() -> None:
    deep = "[" * 100_000
    names = "trace_id;span_id;name;start_ns;end_ns;attributes;events"
    cells = f"{TRACE};{1:016x};a;{START_NS};{START_NS + 1};{deep};{deep}"
    found, reading = read(f"{names}\n{cells}\n".encode())
    assert reading is not None
    assert (found[0].attributes, found[0].events) == ({}, [])
    assert {warning.code for warning in reading.notes.warnings} == {"bad_attribute"}


def test_the_header_of_a_file_appended_to_another_is_no_span() -> None:
    whole = table(row(1), row(2))
    found, reading = read(whole + whole)
    assert [span.span_id for span in found] == [f"{number:016x}" for number in (1, 2, 1, 2)]
    assert reading is not None
    assert reading.notes.warnings == []
