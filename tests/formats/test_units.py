"""Ids, times, durations and enums from every spelling."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.formats import units

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.mark.parametrize(
    "written",
    [
        TRACE,
        TRACE.upper(),
        "0x" + TRACE,
        "0af76519-16cd-43dd-8448-eb211c80319c",
        f"  {TRACE}\n",
        base64.b64encode(bytes.fromhex(TRACE)).decode(),
        base64.b64encode(bytes.fromhex(TRACE)).decode().rstrip("="),
        base64.urlsafe_b64encode(bytes.fromhex(TRACE)).decode(),
        base64.b64encode(TRACE.encode()).decode(),
        int(TRACE, 16),
        "00000000" + TRACE,
    ],
)
def test_a_trace_id_is_the_same_in_every_spelling(written: object) -> None:
    assert units.read_id(written, 32) == units.Id(TRACE)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("b7ad6b7169203331", units.Id(SPAN)),
        (base64.b64encode(bytes.fromhex(SPAN)).decode(), units.Id(SPAN)),
        (base64.b64encode(SPAN.encode()).decode(), units.Id(SPAN)),
        ("7", units.Id("0000000000000007", unusual=True)),
        ("1" + SPAN, units.Id(SPAN, unusual=True)),
        (2**64 - 1, units.Id("f" * 16)),
    ],
)
def test_span_ids_are_padded_on_the_left_and_keep_their_right_end(
    written: object, expected: units.Id
) -> None:
    assert units.read_id(written, 16) == expected


def test_a_64_bit_trace_id_is_padded_without_being_unusual() -> None:
    assert units.read_id(SPAN, 32) == units.Id("0" * 16 + SPAN)


@pytest.mark.parametrize(
    "written", ["", "0", "0" * 32, "AAAAAAAAAAA=", None, 0, -5, True, 1.5, [], "order-1", "zz"]
)
def test_what_is_no_id_is_none(written: object) -> None:
    assert units.read_id(written, 16) is None


@pytest.mark.parametrize("written", [2**64, "1" + "0" * 16, "0" * 40, 0])
def test_what_ends_in_zeros_alone_is_no_id(written: object) -> None:
    assert units.read_id(written, 16) is None


def test_text_whose_neighbour_would_decode_alike_is_not_taken_for_base64() -> None:
    assert units.read_id("checkout-01", 16) is None


def test_hashed_ids_are_equal_for_equal_text_only() -> None:
    assert units.hashed_id("order-1", 16) == units.hashed_id("order-1", 16) != units.hashed_id("order-2", 16)
    assert len(units.hashed_id("order-1", 32)) == 32


@example(b"\xd1p" + bytes(14))  # 0XAA… in base64
@given(st.binary(min_size=16, max_size=16).filter(any))
def test_hex_and_base64_of_any_id_agree(raw: bytes) -> None:
    assert (
        units.read_id(base64.b64encode(raw).decode(), 32)
        == units.read_id(raw.hex(), 32)
        == units.Id(raw.hex())
    )


@given(st.text() | st.integers() | st.floats() | st.none())
def test_ids_times_and_enums_never_raise(written: object) -> None:
    found = units.read_id(written, 16)
    assert found is None or (len(found.hex) == 16 and int(found.hex, 16) > 0)
    units.time_ns(written, "us")
    units.duration_ns(written, "ms")
    units.whole_number(written)
    assert units.kind_number(written) in range(6)
    assert units.status_number(written) in range(3)
    assert units.unit_by_size(written) in units.NS_PER_UNIT


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-02T03:04:05.123456789+01:00", 1_767_319_445_123_456_789),
        ("2026-01-02T03:04:05.1234567891Z", 1_767_323_045_123_456_789),
        ("2026-01-02 03:04:05,5", 1_767_323_045_500_000_000),
        ("2026-01-02T03:04Z", 1_767_323_040_000_000_000),
        ("2026-01-02", 1_767_312_000_000_000_000),
        ("2026-01-02T03:04:05-0330", 1_767_335_645_000_000_000),
        ("2262-04-11T23:47:16.854775807Z", units.INT64_MAX),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000_000),
    ],
)
def test_iso_times_keep_every_nanosecond(text: str, ns: int) -> None:
    assert units.iso_ns(text) == ns


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-02T03:04:05 nine"])
def test_text_that_is_no_time_is_none(text: str) -> None:
    assert units.iso_ns(text) is None


@given(st.integers(-(2**62), 2**62))
def test_numbers_of_nanoseconds_are_exact(ns: int) -> None:
    assert units.time_ns(ns, "ns") == units.time_ns(str(ns), "ns") == ns


def test_fractions_of_large_units_lose_no_digit_that_was_written() -> None:
    assert units.time_ns(1478293361.449, "s") == 1_478_293_361_449_000_000
    assert units.time_ns("1684778327699.392724", "ms") == 1_684_778_327_699_392_724


def test_years_that_fit_no_clock_are_told_from_those_that_do() -> None:
    assert not units.is_clock_time(units.iso_ns("0001-01-01T00:00:00Z") or 0)
    assert not units.is_clock_time(units.iso_ns("9999-12-31T00:00:00Z") or 0)
    assert units.is_clock_time(units.iso_ns("2262-01-01T00:00:00Z") or -1)


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (1_700_000_000, "s"),
        (1_700_000_000_000, "ms"),
        (1_700_000_000_000_000, "us"),
        (1.7e18, "ns"),
        ("17e8", "s"),
    ],
)
def test_the_unit_of_an_epoch_follows_from_its_size(value: object, unit: str) -> None:
    assert units.unit_by_size(value) == unit


@pytest.mark.parametrize(
    ("value", "unit", "ns"),
    [
        (5, "us", 5_000),
        ("5", "ms", 5_000_000),
        (0.5, "us", 500),
        ("12.5ms", "us", 12_500_000),
        ("1h2m3.5s", "us", 3_723_500_000_000),
        ("3 apples", "us", None),
        ("nan", "us", None),
        (None, "us", None),
        (-2, "ns", -2),
    ],
)
def test_durations_are_numbers_or_words(value: object, unit: str, ns: int | None) -> None:
    assert units.duration_ns(value, unit) == ns


@pytest.mark.parametrize("written", [3, "3", "CLIENT", "client", "SPAN_KIND_CLIENT", "SpanKind.CLIENT", 3.0])
def test_a_kind_is_a_number_or_any_of_its_names(written: object) -> None:
    assert units.kind_number(written) == 3


@pytest.mark.parametrize("written", [2, "2", "Error", "STATUS_CODE_ERROR", "StatusCode.ERROR"])
def test_a_status_is_a_number_or_any_of_its_names(written: object) -> None:
    assert units.status_number(written) == 2


@pytest.mark.parametrize("written", [9, -1, "", "BANANA", None, [], {}])
def test_an_unknown_kind_is_unspecified(written: object) -> None:
    assert units.kind_number(written) == 0


def test_whole_numbers_come_from_text_and_are_clamped_on_request() -> None:
    assert units.whole_number("9223372036854775808") == 2**63
    assert units.clamp(2**63) == units.INT64_MAX
    assert units.clamp(-(2**70)) == units.INT64_MIN
    assert units.whole_number(float("inf")) is None
