"""OTLP protobuf: its framings, what lies beside spans, damage, and text and ids that are not as they should be."""

import gzip
import io
import struct
from pathlib import Path
from typing import Any

import pytest
import zstandard
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.formats import answer_key
from webapp import formats
from webapp.errors import NotTraces
from webapp.formats import otlp
from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.formats.otlp import protobuf
from webapp.formats.otlp.protobuf import reading
from webapp.model.spans import NO_RESOURCE, Span

CAPTURE = Path(__file__).parents[1] / "data" / "otlp" / "captures" / "python-checkout.pb"
START = 1_763_634_727_000_000_000


def message(*numbers: int, service: str = "shop") -> bytes:
    """A TracesData of one resource with these spans of trace 1."""
    data = TracesData()
    group = data.resource_spans.add()
    attribute(group.resource, "service.name").string_value = service
    scoped = group.scope_spans.add()
    scoped.scope.name = "tests"
    for number in numbers:
        span = scoped.spans.add()
        span.trace_id, span.span_id = bytes(15) + b"\x01", number.to_bytes(8, "big")
        span.name = f"step {number}"
        span.start_time_unix_nano, span.end_time_unix_nano = START, START + number
        attribute(span, "number").int_value = number
    return data.SerializeToString()


def attribute(holder: Any, key: str) -> Any:
    pair = holder.attributes.add()
    pair.key = key
    return pair.value


def metrics() -> bytes:
    data = MetricsData()
    metric = data.resource_metrics.add().scope_metrics.add().metrics.add()
    metric.name, metric.description = "requests.started", "requests"  # as long as the ids of a span
    metric.gauge.data_points.add().as_int = 1
    return data.SerializeToString()


def logs() -> bytes:
    data = LogsData()
    record = data.resource_logs.add().scope_logs.add().log_records.add()
    record.time_unix_nano, record.severity_number = START, 9
    record.body.string_value = "hello"
    return data.SerializeToString()


def varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def prefixed(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


FRAMED = {
    "one message": lambda raw: raw,
    "Tempo's answer with one trace": lambda raw: b"\x0a" + varint(len(raw)) + raw,
    "messages, each with its length in 4 bytes before it": prefixed,
    "gRPC messages": lambda raw: b"\x00" + prefixed(raw),
    "messages, each with its length as a varint before it": lambda raw: varint(len(raw)) + raw,
}


def read(text: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    return list(protobuf.read(io.BytesIO(text), notes)), notes


def opened(text: bytes) -> tuple[list[Span], formats.Reading]:
    found = formats.read(io.BytesIO(text), "some.file")
    return [span for batch in found for span in batch], found


def names(spans: list[Span]) -> list[str]:
    return [span.name for span in spans]


def codes(notes: Notes) -> list[str]:
    return [warning.code for warning in notes.warnings]


@pytest.mark.parametrize("framing", FRAMED)
def test_messages_are_read_however_they_are_framed(framing: str) -> None:
    text = b"".join(FRAMED[framing](message(number, number + 1)) for number in (1, 3, 5))
    spans, found = opened(text)
    assert (found.format, found.reason) == ("otlp", f"OTLP protobuf: {framing}")
    assert names(spans) == [f"step {number}" for number in range(1, 7)]
    assert not found.notes.warnings


def test_tempo_says_that_a_trace_is_not_all_here() -> None:
    text = FRAMED["Tempo's answer with one trace"](message(1)) + b"\x18\x01\x22\x0btoo large: "
    spans, found = opened(text)
    assert names(spans) == ["step 1"]
    assert [(one.code, one.message) for one in found.notes.warnings] == [
        ("partial", "Tempo says: too large: ")
    ]


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_compressed_file_of_messages_is_read(compress: Any) -> None:
    text = b"".join(prefixed(message(number)) for number in range(1, 300))
    assert len(opened(compress(text))[0]) == 299


@pytest.mark.parametrize("written", [message, lambda *numbers: otlp.write(read(message(*numbers))[0])])
def test_messages_that_the_collector_compressed_one_by_one_are_read(written: Any) -> None:
    text = b"".join(prefixed(zstandard.compress(written(number, number + 1))) for number in (1, 3))
    spans, found = opened(text)
    assert len(spans) == 4
    assert found.reason.endswith(", the Collector's messages")


def test_json_messages_with_their_length_before_each_are_read() -> None:
    line = otlp.write(read(message(1))[0])
    spans, found = opened(prefixed(line) * 3)
    assert len(spans) == 3
    assert not found.notes.warnings


def test_a_message_that_is_broken_among_compressed_ones_costs_itself() -> None:
    good = [zstandard.compress(message(number)) for number in (1, 2, 3)]
    broken = bytearray(good[1])
    broken[10:30] = bytes(20)
    text = prefixed(good[0]) + prefixed(bytes(broken)) + prefixed(good[2])
    spans, found = opened(text)
    assert names(spans) == ["step 1", "step 3"]
    assert found.notes.rejected == 1


@pytest.mark.parametrize("framing", FRAMED)
@pytest.mark.parametrize(("other", "name"), [(metrics, "OTLP metrics"), (logs, "OTLP logs")])
def test_metrics_and_logs_alone_are_refused_by_name(framing: str, other: Any, name: str) -> None:
    with pytest.raises(NotTraces, match=f"looks like {name}"):
        opened(FRAMED[framing](other()) * 3)


@pytest.mark.parametrize("framing", [name for name in FRAMED if "Tempo" not in name])
def test_metrics_and_logs_among_spans_are_counted(framing: str) -> None:
    frame = FRAMED[framing]
    spans, found = opened(frame(metrics()) + frame(message(1)) + frame(logs()) + frame(message(2)))
    assert names(spans) == ["step 1", "step 2"]
    assert "other_signal" in codes(found.notes)
    assert found.notes.rejected == 0


def test_spans_after_many_metrics_are_found() -> None:
    spans, found = opened(prefixed(metrics()) * 20_000 + prefixed(message(1)))
    assert names(spans) == ["step 1"]
    assert sum(warning.count for warning in found.notes.warnings) == 20_000


def test_other_protobuf_that_begins_with_the_same_byte_is_not_taken() -> None:
    zipkin = (
        b"\x0a\x10"
        + bytes(range(16))
        + b"\x12\x08"
        + bytes(8)
        + b"\x1a\x08"
        + bytes(range(8))
        + b"\x2a\x03get"
    )
    jaeger = b"\x0a\x10" + bytes(range(16)) + b"\x12\x08" + bytes(range(8)) + b"\x1a\x03get"
    for span in (zipkin, jaeger):
        assert protobuf.looks_like(Head((b"\x0a" + varint(len(span)) + span) * 50, [])) is None


def test_the_shared_collection_is_read_in_full() -> None:
    for known in answer_key.files("otlp_pb"):
        spans, found = opened(known.path.read_bytes())
        assert len(spans) == known.spans
        assert len({span.trace_id for span in spans}) == known.traces
        assert not found.notes.warnings


def test_every_type_of_value_is_kept() -> None:
    data = TracesData.FromString(message(1))
    span = data.resource_spans[0].scope_spans[0].spans[0]
    attribute(span, "text").string_value = ""
    attribute(span, "truth").bool_value = False
    attribute(span, "fraction").double_value = 0.0
    attribute(span, "bytes").bytes_value = b"\x00\xff"
    attribute(span, "empty")
    attribute(span, "no list").array_value.SetInParent()
    inner = attribute(span, "list").array_value.values
    inner.add().int_value = -(2**63)
    inner.add().kvlist_value.values.add(key="deep").value.string_value = "é"
    attributes = read(data.SerializeToString())[0][0].attributes
    assert attributes == {
        "number": 1, "text": "", "truth": False, "fraction": 0.0, "bytes": b"\x00\xff", "empty": None,
        "no list": [], "list": [-(2**63), {"deep": "é"}],
    }  # fmt: skip


def test_the_service_of_a_span_wins_over_that_of_its_resource() -> None:
    data = TracesData.FromString(message(1, 2))
    attribute(data.resource_spans[0].scope_spans[0].spans[0], "service.name").string_value = "payments"
    assert [span.service for span in read(data.SerializeToString())[0]] == ["payments", "shop"]


def test_spans_of_one_resource_share_it_and_without_one_it_is_unknown() -> None:
    assert len({id(span.resource) for span in read(message(1, 2) + message(3))[0]}) == 1
    data = TracesData.FromString(message(1))
    data.resource_spans[0].ClearField("resource")
    [span] = read(data.SerializeToString())[0]
    assert (span.service, span.resource) == ("unknown_service", NO_RESOURCE)


@pytest.mark.parametrize(
    ("trace_id", "span_id", "expected", "written"),
    [
        (b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7", "4bf92f3577b34da6a3ce929d0e0e4736", False),
        (bytes.fromhex("a3ce929d0e0e4736"), b"\x01" * 8, "0" * 16 + "a3ce929d0e0e4736", True),
        (
            bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736"),
            b"\x01" * 8,
            "4bf92f3577b34da6a3ce929d0e0e4736",
            False,
        ),
    ],
)
def test_ids_of_other_lengths_are_understood(
    trace_id: bytes, span_id: bytes, expected: str, written: bool
) -> None:
    data = TracesData.FromString(message(1))
    span = data.resource_spans[0].scope_spans[0].spans[0]
    span.trace_id, span.span_id = trace_id, span_id
    [found] = read(data.SerializeToString())[0]
    assert (found.trace_id, bool(found.written_trace_id)) == (expected, written)
    assert len(found.span_id) == 16


@pytest.mark.parametrize("missing", ["trace_id", "span_id"])
@pytest.mark.parametrize("zeros", [0, 8, 16])
def test_a_span_without_ids_is_rejected_alone(missing: str, zeros: int) -> None:
    data = TracesData.FromString(message(1, 2, 3))
    setattr(data.resource_spans[0].scope_spans[0].spans[1], missing, bytes(zeros))
    spans, notes = read(data.SerializeToString())
    assert names(spans) == ["step 1", "step 3"]
    assert (notes.rejected, codes(notes)) == (1, ["bad_id"])


def test_a_time_beyond_every_clock_is_unknown_with_a_warning() -> None:
    data = TracesData.FromString(message(1))
    data.resource_spans[0].scope_spans[0].spans[0].end_time_unix_nano = 2**64 - 1
    spans, notes = read(data.SerializeToString())
    assert (spans[0].start_ns, spans[0].end_ns) == (START, 0)
    assert codes(notes) == ["bad_time"]


def test_kinds_and_states_that_nobody_knows_are_unknown() -> None:
    data = TracesData.FromString(message(1))
    span = data.resource_spans[0].scope_spans[0].spans[0]
    span.kind, span.status.code = 77, 9
    [found] = read(data.SerializeToString())[0]
    assert (found.kind, found.status) == (0, 0)


def test_text_that_is_not_utf8_is_replaced() -> None:
    spans, notes = read(message(1, 2, 3).replace(b"step 2", b"st\xff\xfe 2"))
    assert names(spans) == ["step 1", "st\ufffd\ufffd 2", "step 3"]
    assert codes(notes) == ["not_utf8"]
    assert spans[1].attributes == {"number": 2}
    assert {span.service for span in spans} == {"shop"}
    assert read(message(1).replace(b"shop", b"sh\xffp"))[0][0].service == "sh\ufffdp"


def test_a_group_that_is_too_long_for_one_go_is_read_span_by_span(monkeypatch: pytest.MonkeyPatch) -> None:
    text = message(*range(1, 500)) + message(*range(500, 600), service="other")
    expected, _ = read(text)
    monkeypatch.setattr(reading, "WHOLE_UP_TO", 1_000)
    assert read(text)[0] == expected


@pytest.mark.parametrize("framing", FRAMED)
def test_a_file_cut_anywhere_keeps_every_whole_span(framing: str) -> None:
    text = b"".join(FRAMED[framing](message(number, number + 1)) for number in (1, 3))
    ends = [text.index(f"step {number}".encode()) for number in range(1, 5)]
    for stop in range(len(text)):
        spans, notes = read(text[:stop])
        whole = names(spans)
        assert whole == [f"step {number + 1}" for number in range(len(whole))]
        assert sum(end + 45 <= stop for end in ends) <= len(whole) <= sum(end + 30 <= stop for end in ends)
        assert set(codes(notes)) <= {"truncated", "bad_record"}


@pytest.mark.parametrize("framing", [name for name in FRAMED if "Tempo" not in name])
def test_damage_to_one_span_costs_that_span(framing: str) -> None:
    messages = [FRAMED[framing](message(*range(start, start + 10))) for start in (1, 11, 21)]
    broken = bytearray(messages[1])
    at = broken.index(b"step 15") - 1  # the length of the name
    broken[at] = 0x7E
    spans, notes = read(messages[0] + bytes(broken) + messages[2])
    assert names(spans) == [f"step {number}" for number in range(1, 31) if number != 15]
    assert notes.rejected == 1
    assert notes.warnings[0].where.startswith("byte ")


def test_reading_goes_on_after_damage_to_the_length_of_a_span() -> None:
    text = bytearray(message(*range(1, 21)))
    at = text.index(b"step 7")
    text[text.rindex(b"\x12", 0, at - 30) + 1] ^= 0x40
    spans, notes = read(bytes(text))
    assert set(names(spans)) >= {f"step {number}" for number in range(1, 21) if number not in (7, 8)}
    assert notes.rejected


@pytest.mark.parametrize("framing", ["messages, each with its length in 4 bytes before it", "one message"])
def test_reading_goes_on_after_bytes_that_belong_nowhere(framing: str) -> None:
    frame = FRAMED[framing]
    text = frame(message(1, 2)) + b"\xff" * 50 + frame(message(3, service="other")) + frame(message(4))
    spans, notes = read(text)
    assert names(spans) == ["step 1", "step 2", "step 3", "step 4"]
    assert [span.service for span in spans] == ["shop", "shop", "other", "shop"]
    assert notes.rejected


def test_an_empty_body_holds_no_spans() -> None:
    spans, notes = read(b"")
    assert (spans, notes.warnings) == ([], [])


def test_a_length_beyond_everything_is_not_waited_for() -> None:
    for start in (
        b"\xff\xff\xff\xff\x0a",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x0a\xff\xff\xff\xff\x0f",
    ):
        spans, notes = read(start + message(1))
        assert len(spans) <= 1
        assert notes.warnings


def test_of_a_message_that_is_cut_after_its_spans_no_record_is_lost() -> None:
    text = message(1, 2)
    kept, notes = read(text + b"\x1a\x10https")
    assert (names(kept), notes.rejected) == (["step 1", "step 2"], 0)
    assert codes(notes) == ["truncated"]
    kept, notes = read(text[:-5])
    assert (names(kept), notes.rejected, codes(notes)) == (["step 1"], 1, ["truncated"])
