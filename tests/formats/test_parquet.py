"""Parquet: ours without loss, the Collector's columns by name, foreign and damaged files with words."""

import io
import math
import random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.formats import answer_key, any_spans
from webapp import formats
from webapp.errors import NotTraces, UnreadableFile
from webapp.formats import parquet
from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.formats.parquet import schema
from webapp.model.spans import Event, Link, Resource, Scope, Span

START_NS, LENGTH_NS = 1_700_000_000_123_456_789, 4_000_000_001
TRACE, PARENT, SPAN = "0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7", "b7ad6b7169203331"

attributes = st.dictionaries(any_spans.texts | st.just("$bytes"), any_spans.values, max_size=4)
any_span = st.builds(
    Span,
    trace_id=any_spans.trace_ids,
    span_id=any_spans.span_ids,
    parent_span_id=any_spans.span_ids | st.just(""),
    name=any_spans.texts,
    service=any_spans.texts,
    start_ns=any_spans.whole_numbers,
    end_ns=any_spans.whole_numbers,
    kind=st.integers(0, 5),
    status=st.integers(0, 2),
    status_message=any_spans.texts,
    attributes=attributes,
    events=st.lists(
        st.builds(Event, any_spans.texts, any_spans.whole_numbers, attributes, st.integers(0, 2**40)),
        max_size=2,
    ),
    links=st.lists(
        st.builds(Link, any_spans.trace_ids, any_spans.span_ids, attributes, any_spans.texts), max_size=2
    ),
    resource=st.builds(Resource, attributes, any_spans.texts),
    scope=st.builds(Scope, any_spans.texts, any_spans.texts, attributes),
    trace_state=any_spans.texts,
    flags=st.integers(0, 2**32 - 1),
    follows_from=st.booleans(),
    shared=st.booleans(),
    written_trace_id=any_spans.texts,
    written_span_id=any_spans.texts,
    weight=st.floats(0, 1e9),
)


def written(spans: list[Span]) -> bytes:
    target = io.BytesIO()
    parquet.write_parquet([spans], target)
    return target.getvalue()


def read(content: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    return list(parquet.read(io.BytesIO(content), notes)), notes


def table(columns: dict[str, Any], **options: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target, **options)
    return target.getvalue()


def simple(number: int) -> Span:
    return Span(
        trace_id=TRACE,
        span_id=f"{number + 1:016x}",
        name="GET /",
        service="shop",
        start_ns=START_NS + number,
        end_ns=START_NS + number + 5,
        attributes={"n": number},
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(any_span, max_size=4))
def test_what_we_write_we_read_again_to_the_last_bit(spans: list[Span]) -> None:
    found, notes = read(written(spans))
    assert found == spans
    assert not notes.warnings


def test_types_that_look_alike_stay_apart() -> None:
    value = {"int": 1, "float": 1.0, "true": True, "text": "1", "bytes": b"1", "none": None, "inf": -math.inf}
    [found] = read(written([replace(simple(0), attributes=value)]))[0]
    assert found.attributes == value
    assert [type(one) for one in found.attributes.values()] == [type(one) for one in value.values()]


def test_not_a_number_stays_one() -> None:
    [found] = read(written([replace(simple(0), attributes={"share": math.nan})]))[0]
    share = found.attributes["share"]
    assert isinstance(share, float)
    assert math.isnan(share)


def test_spans_of_one_process_share_their_resource_again() -> None:
    resource = Resource({"service.name": "shop"})
    first, second = read(written([replace(simple(number), resource=resource) for number in range(2)]))[0]
    assert first.resource is second.resource


def test_a_file_that_another_tool_filtered_and_wrote_again_is_still_ours() -> None:
    ours = pq.read_table(io.BytesIO(written([simple(0), simple(1)])))
    kept = ours.select(["trace_id", "span_id", "name", "service", "start_ns", "end_ns", "attributes"])
    other_types = pa.schema([(one.name, _other(one.type)) for one in kept.schema])
    target = io.BytesIO()
    pq.write_table(kept.cast(other_types).slice(1), target)
    assert read(target.getvalue())[0] == [simple(1)]


def _other(kind: pa.DataType) -> pa.DataType:
    return pa.dictionary(pa.int32(), pa.string()) if kind == pa.string() else kind


def test_row_groups_hold_many_batches_and_all_come_back() -> None:
    target = io.BytesIO()
    parquet.write_parquet(([simple(number)] for number in range(25)), target)
    assert pq.ParquetFile(target).num_row_groups == 1
    assert read(target.getvalue())[0] == [simple(number) for number in range(25)]


def test_rows_of_ours_without_ids_are_counted() -> None:
    ours = pq.read_table(io.BytesIO(written([simple(0), simple(1)]))).to_pylist()
    ours[0]["span_id"] = None
    ours[1]["trace_id"] = TRACE.upper()
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ours), target)
    found, notes = read(target.getvalue())
    assert found == [simple(1)]
    assert (notes.rejected, [one.code for one in notes.warnings]) == (1, ["bad_id"])


# the Collector's otel_traces, in the forms in which ClickHouse and its relatives write it

MAP = pa.map_(pa.string(), pa.string())
NANOSECONDS = pa.timestamp("ns")
COLLECTOR: dict[str, Any] = {
    "Timestamp": pa.array([START_NS], NANOSECONDS),
    "TraceId": [TRACE],
    "SpanId": [SPAN],
    "ParentSpanId": [PARENT],
    "TraceState": ["a=b"],
    "SpanName": ["charge"],
    "SpanKind": ["Server"],
    "ServiceName": ["payment"],
    "ResourceAttributes": pa.array([[("service.name", "payment"), ("host.name", "h1")]], MAP),
    "ScopeName": ["lib"],
    "ScopeVersion": ["1.2"],
    "SpanAttributes": pa.array([[("http.method", "POST")]], MAP),
    "Duration": pa.array([LENGTH_NS], pa.uint64()),
    "StatusCode": ["Error"],
    "StatusMessage": ["no money"],
    "Events.Timestamp": pa.array([[START_NS + 5]], pa.list_(NANOSECONDS)),
    "Events.Name": [["exception"]],
    "Events.Attributes": pa.array([[[("exception.type", "Broke")]]], pa.list_(MAP)),
    "Links.TraceId": [[TRACE]],
    "Links.SpanId": [[PARENT]],
    "Links.TraceState": [[""]],
    "Links.Attributes": pa.array([[[("why", "retry")]]], pa.list_(MAP)),
}
CHARGE = Span(
    trace_id=TRACE,
    span_id=SPAN,
    parent_span_id=PARENT,
    trace_state="a=b",
    name="charge",
    kind=2,
    service="payment",
    resource=Resource({"service.name": "payment", "host.name": "h1"}),
    scope=Scope("lib", "1.2"),
    attributes={"http.method": "POST"},
    start_ns=START_NS,
    end_ns=START_NS + LENGTH_NS,
    status=2,
    status_message="no money",
    events=[Event("exception", START_NS + 5, {"exception.type": "Broke"})],
    links=[Link(TRACE, PARENT, {"why": "retry"})],
)
EVENT = pa.struct([("Timestamp", NANOSECONDS), ("Name", pa.string()), ("Attributes", MAP)])
LINK = pa.struct(
    [("TraceId", pa.string()), ("SpanId", pa.string()), ("TraceState", pa.string()), ("Attributes", MAP)]
)
SPELLINGS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "enums in long words": {"SpanKind": ["SPAN_KIND_SERVER"], "StatusCode": ["STATUS_CODE_ERROR"]},
    "time as text": {"Timestamp": ["2023-11-14 22:13:20.123456789"]},
    "time as a number": {"Timestamp": [START_NS]},
    "text as bytes": {"TraceId": [TRACE.encode()], "SpanName": [b"charge"], "SpanKind": [b"Server"]},
    "ids as bytes": {"TraceId": [bytes.fromhex(TRACE)], "SpanId": [bytes.fromhex(SPAN)]},
    "attributes as a struct": {"SpanAttributes": [{"http.method": "POST", "absent": None}]},
    "attributes as JSON": {
        "SpanAttributes": ['{"http.method": "POST"}'],
        "ResourceAttributes": ['{"host.name": "h1"}'],
        "Events.Attributes": [['{"exception.type": "Broke"}']],
        "Links.Attributes": [['{"why": "retry"}']],
    },
    "lists of structs": {
        **dict.fromkeys([name for name in COLLECTOR if name.startswith(("Events.", "Links."))]),
        "Events": pa.array(
            [[{"Timestamp": START_NS + 5, "Name": "exception", "Attributes": [("exception.type", "Broke")]}]],
            pa.list_(EVENT),
        ),
        "Links": pa.array(
            [[{"TraceId": TRACE, "SpanId": PARENT, "TraceState": "", "Attributes": [("why", "retry")]}]],
            pa.list_(LINK),
        ),
    },
    "snake case": dict.fromkeys(("SpanName", "ServiceName"))
    | {"span_name": ["charge"], "service_name": ["payment"]},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_collectors_columns_are_read_by_name(spelling: str) -> None:
    columns = {
        name: column for name, column in (COLLECTOR | SPELLINGS[spelling]).items() if column is not None
    }
    assert read(table(columns))[0] == [CHARGE]


def test_times_in_microseconds_lose_nothing_but_their_nanoseconds() -> None:
    columns = COLLECTOR | {"Timestamp": pa.array([START_NS // 1_000], pa.timestamp("us", "UTC"))}
    [found] = read(table(columns))[0]
    assert found.start_ns == START_NS // 1_000 * 1_000


def test_a_root_has_no_parent_and_a_row_without_ids_is_counted() -> None:
    columns = {
        "Timestamp": pa.array([START_NS] * 2, NANOSECONDS),
        "TraceId": [TRACE, ""],
        "SpanId": [SPAN, SPAN],
        "ParentSpanId": ["", ""],
        "SpanName": ["a", "b"],
        "Duration": [1, 1],
    }
    found, notes = read(table(columns))
    assert [(one.name, one.parent_span_id, one.service) for one in found] == [("a", "", "unknown_service")]
    assert (notes.rejected, notes.warnings[0].where) == (1, "row 2")


def test_a_cell_that_cannot_be_read_costs_only_itself() -> None:
    columns = COLLECTOR | {"SpanAttributes": ["{broken"], "Timestamp": ["yesterday"], "Duration": [5]}
    found, notes = read(table(columns))
    assert [(one.name, one.start_ns, one.attributes) for one in found] == [("charge", 0, {})]
    assert {"bad_attribute", "bad_time"} <= {one.code for one in notes.warnings}


# what is not as it should be


def test_other_tables_are_refused_with_the_columns_they_have_and_lack() -> None:
    with pytest.raises(NotTraces) as refused:
        read(table({"city": ["Bern"], "TraceId": [TRACE]}))
    assert "city, TraceId" in refused.value.message
    assert "span id, span name, start time, duration or end time" in refused.value.message


def test_columns_of_ours_with_another_type_are_refused_by_name() -> None:
    columns = {"trace_id": [TRACE], "span_id": [SPAN], "name": ["a"], "service": ["b"], "start_ns": [1]}
    with pytest.raises(NotTraces, match="end_ns is list"):
        read(table(columns | {"end_ns": [[1]]}))


def test_a_file_cut_off_is_unreadable_and_says_why() -> None:
    with pytest.raises(UnreadableFile, match="its end, where the index is"):
        read(written([simple(0)])[:-20])


def test_a_damaged_row_group_costs_no_other() -> None:
    spans = [simple(number) for number in range(40)]
    ours = pq.read_table(io.BytesIO(written(spans)))
    target = io.BytesIO()
    pq.write_table(ours, target, row_group_size=10, compression="zstd", use_dictionary=False)
    content = bytearray(target.getvalue())
    second = pq.ParquetFile(target).metadata.row_group(1).column(3)
    start = second.data_page_offset
    content[start : start + second.total_compressed_size] = b"\xff" * second.total_compressed_size
    found, notes = read(bytes(content))
    assert found == spans[:10] + spans[20:]
    assert notes.rejected == 10
    assert [(one.code, one.where) for one in notes.warnings] == [("bad_record", "row group 2, from row 11")]


@pytest.mark.parametrize("seed", range(60))
def test_changed_bytes_end_in_words(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(written([simple(number) for number in range(20)]))
    for _ in range(chance.choice((1, 4, 40))):
        content[chance.randrange(4, len(content))] = chance.randrange(256)
    try:
        found, _ = read(bytes(content))
    except (NotTraces, UnreadableFile):
        return
    assert len(found) <= 20


def test_files_from_a_pipe_are_read_too() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert list(parquet.read(Pipe(written([simple(0)])), Notes())) == [simple(0)]


def test_parquet_is_recognised_by_its_first_bytes() -> None:
    assert parquet.looks_like(Head(written([simple(0)]), []))
    assert parquet.looks_like(Head(b"PK", [])) is None


def test_the_shared_collection_is_read_as_its_index_says() -> None:
    for known in answer_key.files("otlp_parquet"):
        found, notes = read(known.path.read_bytes())
        assert len(found) + notes.rejected == known.spans, known.path.name
        assert len({span.trace_id for span in found}) == known.traces, known.path.name


def test_a_file_is_known_by_its_first_bytes_whatever_json_its_cells_hold() -> None:
    line = '{"level": "info", "message": "paid", "time": "2025-11-20T10:32:07Z"}'
    one = Span(trace_id="1" * 32, span_id="2" * 16, name=line, service="s", start_ns=1, end_ns=2)
    table = pa.Table.from_batches([schema.to_batch([one])])
    out = io.BytesIO()
    pq.write_table(table, out, compression="none")
    reading = formats.read(io.BytesIO(out.getvalue()), "spans")
    assert reading.format == "parquet"
    assert [found.name for batch in reading for found in batch] == [line]


CAMEL: dict[str, Any] = {
    "traceId": [TRACE],
    "spanId": [SPAN],
    "name": ["get"],
    "startTimeUnixNano": [str(START_NS)],
    "endTimeUnixNano": [str(START_NS + 5)],
}


def test_attributes_and_resource_as_otlp_writes_them_are_taken_out_of_their_structs() -> None:
    told = [
        {"key": "http.method", "value": {"stringValue": "GET", "intValue": None, "boolValue": None}},
        {"key": "retries", "value": {"stringValue": None, "intValue": 3, "boolValue": None}},
        {"key": "cached", "value": {"stringValue": None, "intValue": None, "boolValue": True}},
    ]
    named = [{"key": "service.name", "value": {"string_value": "shop"}}]
    [found] = read(table(CAMEL | {"attributes": [told], "resource": [{"attributes": named}]}))[0]
    assert found.attributes == {"http.method": "GET", "retries": 3, "cached": True}
    assert (found.service, found.resource.attributes) == ("shop", {"service.name": "shop"})


def test_a_struct_whose_members_are_called_otherwise_stays_one() -> None:
    [found] = read(table(CAMEL | {"attributes": [{"size": {"intValue": 5, "unit": "MB"}}]}))[0]
    assert found.attributes == {"size": {"intValue": 5, "unit": "MB"}}
