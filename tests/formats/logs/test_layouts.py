"""Text lines as Spring and others lay them out: ids and service in brackets, the words behind level and logger."""

import io

import pytest

from tests.formats.logs.reading import read
from webapp import formats

TRACE, SPAN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
TIME = "2026-01-02 03:04:05.678"
SLEUTH = f"{TIME}  INFO [shop,{{}}] 4711 --- [nio-8080-exec-1] c.e.shop.Checkout : paid order 42"
BOOT = f"{TIME}Z  INFO 1 --- [shop] [nio-8080-exec-1] [{{}}] c.e.shop.Checkout : paid order 42"


@pytest.mark.parametrize(
    ("text", "parent"),
    [
        (SLEUTH.format(f"{TRACE},{SPAN}"), ""),
        (SLEUTH.format(f"{TRACE},{SPAN},true"), ""),
        (SLEUTH.format(f"{TRACE},{SPAN},false"), ""),
        (SLEUTH.format(f"{TRACE},{SPAN},"), ""),
        (SLEUTH.format(f" {TRACE.upper()}, {SPAN}"), ""),
        (SLEUTH.format(f"{TRACE},{SPAN},{PARENT},true"), PARENT),
        (BOOT.format(f"{TRACE}-{SPAN}"), ""),
        (f"{TIME} [shop,{TRACE},{SPAN}] INFO 1 --- [main] Checkout : paid order 42", ""),
        (f"{TIME} INFO [shop,{TRACE},{SPAN}] paid order 42", ""),
        (f"{TIME} [INFO] [shop,{TRACE},{SPAN}] - paid order 42", ""),
    ],
)
def test_ids_service_and_words_are_read(text: str, parent: str) -> None:
    _, [line], _ = read(text)
    assert (line.trace_id, line.span_id, line.parent_span_id) == (TRACE, SPAN, parent)
    assert (line.service, line.level, line.message.lstrip("- ")) == ("shop", "info", "paid order 42")
    assert line.time_ns % 10**9 == 678_000_000


def test_the_64_bits_of_older_ones_are_a_trace_id() -> None:
    _, [line], _ = read(SLEUTH.format(f"{SPAN},{PARENT},true"))
    assert (line.trace_id, line.span_id) == ("0" * 16 + SPAN, PARENT)


def test_thread_logger_and_process_are_kept() -> None:
    _, [line], _ = read(SLEUTH.format(f"{TRACE},{SPAN},true"))
    assert {
        "thread": "nio-8080-exec-1",
        "logger": "c.e.shop.Checkout",
        "pid": "4711",
        "exportable": True,
    }.items() <= (line.attributes.items())


def test_lines_outside_of_requests_are_passed_over_and_counted() -> None:
    text = "\n".join(
        [
            "  .   ____",
            SLEUTH.format(","),
            SLEUTH.format(",,"),
            BOOT.format(" " * 49),
            SLEUTH.format(f"{TRACE},{SPAN}"),
        ]
    )
    _, lines, notes = read(text)
    assert [line.message for line in lines] == ["paid order 42"]
    assert [(warning.code, warning.count) for warning in notes.warnings] == [("other_signal", 4)]


def test_such_a_file_is_recognised() -> None:
    text = "\n".join([SLEUTH.format(",")] * 60 + [SLEUTH.format(f"{TRACE},{SPAN}")])
    reading = formats.read(io.BytesIO(text.encode()), "app.log")
    assert reading.format == "logs"
    assert reading.reason.startswith("Log lines: text with")


@pytest.mark.parametrize("words", ["[a,b,c] done", "list [1,2,3]", "[] --- [x", "--- [a] b : c", "[,,,,]"])
def test_other_brackets_are_words(words: str) -> None:
    _, [line], _ = read(f"{TIME} INFO {words} trace_id={TRACE}")
    assert line.trace_id == TRACE
    assert line.span_id == ""
