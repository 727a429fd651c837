"""Spans guessed from log lines: where each service's lines begin and end, and which span lies around which."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from webapp.analysis.inferred import infer
from webapp.model.logs import LogLine
from webapp.model.spans import Span, Status

TRACE = f"{7:032x}"


def drawn(text: str) -> list[LogLine]:
    """`gateway  x  x` are two lines of the gateway at the columns of the x."""
    lines: list[LogLine] = []
    for row in text.strip("\n").splitlines():
        service, marks = row.split()[0], row
        at = [column for column, mark in enumerate(marks) if mark == "x" and column >= 12]
        lines += [
            LogLine(trace_id=TRACE, time_ns=column * 1_000, message=service, service=service) for column in at
        ]
    return sorted(lines, key=lambda line: line.time_ns)


def parents(spans: list[Span]) -> dict[str, str]:
    names = {span.span_id: span.service for span in spans}
    return {span.service: names.get(span.parent_span_id, "") for span in spans}


def spans_of(lines: list[LogLine]) -> list[Span]:
    return [each.span for each in infer(lines)]


def test_services_nest_by_time() -> None:
    lines = drawn("""
gateway     x                   x
orders        x              x
payments          x     x
""")
    assert parents(spans_of(lines)) == {"gateway": "", "orders": "gateway", "payments": "orders"}


def test_what_nothing_lies_around_hangs_under_the_first() -> None:
    lines = drawn("""
gateway     x            x
orders         x      x
payments           x       x
mail                              x
""")
    assert parents(spans_of(lines)) == {
        "gateway": "",
        "orders": "gateway",
        "payments": "gateway",
        "mail": "gateway",
    }


def test_of_two_that_begin_together_the_longer_is_around_the_other() -> None:
    lines = drawn("""
orders      x     x
gateway     x        x
""")
    assert parents(spans_of(lines)) == {"gateway": "", "orders": "gateway"}


def test_a_span_lasts_from_its_first_line_to_its_last_and_holds_them() -> None:
    [span] = spans_of(drawn("gateway     x  x    x"))
    assert (span.start_ns, span.end_ns) == (12_000, 20_000)
    assert [event.time_ns for event in span.events] == [12_000, 15_000, 20_000]


def line(time_ns: int, message: str = "a", **fields: object) -> LogLine:
    return LogLine(trace_id=TRACE, time_ns=time_ns, message=message, **{"service": "s"} | fields)  # type: ignore[arg-type]


def test_lines_that_name_spans_make_those_spans() -> None:
    own, other = f"{1:016x}", f"{2:016x}"
    spans = spans_of([line(1, span_id=own), line(2, span_id=other, parent_span_id=own), line(9, span_id=own)])
    assert [(span.span_id, span.parent_span_id) for span in spans] == [(own, ""), (other, own)]


def test_a_parent_that_no_line_is_of_is_not_believed() -> None:
    [span] = spans_of([line(1, span_id=f"{1:016x}", parent_span_id=f"{9:016x}")])
    assert span.parent_span_id == ""


def test_the_request_names_the_span_before_what_is_said() -> None:
    said = line(1, "hello there")
    asked = line(2, attributes={"method": "GET", "path": "/cart?id=7"})
    named = line(3, attributes={"operation": "checkout"})
    assert [spans_of(lines)[0].name for lines in ([said], [said, asked], [said, asked, named])] == [
        "hello there",
        "GET /cart",
        "checkout",
    ]


def test_what_lines_agree_on_describes_the_span() -> None:
    [span] = spans_of(
        [line(1, attributes={"user": 7, "step": 1}), line(2, attributes={"user": 7, "step": 2, "host": "h"})]
    )
    assert span.attributes == {"user": 7, "host": "h", "tailrace.inferred_from": "logs"}
    assert span.resource.attributes == {"service.name": "s", "host.name": "h"}


def test_an_error_among_the_lines_fails_the_span() -> None:
    [span] = spans_of([line(1), line(2, "no stock", level="error", attributes={"err": "sold out"}), line(3)])
    assert (span.status, span.status_message) == (Status.ERROR, "no stock: sold out")


def test_the_ids_of_spans_stay_the_same_when_more_lines_come() -> None:
    few, more = spans_of([line(1)]), spans_of([line(1), line(2), line(3, service="t")])
    assert few[0].span_id == more[0].span_id


def test_lines_without_a_time_do_not_stretch_their_span() -> None:
    [span] = spans_of([line(0), line(5), line(9)])
    assert (span.start_ns, span.end_ns) == (5, 9)


def ancestors(span: Span, by_id: dict[str, Span]) -> Iterator[str]:
    while span.parent_span_id:
        span = by_id[span.parent_span_id]
        yield span.span_id


lines_of_a_trace = st.lists(
    st.builds(
        line,
        st.integers(0, 20),
        service=st.sampled_from("abcde"),
        span_id=st.sampled_from(["", f"{1:016x}", f"{2:016x}"]),
    ),
    min_size=1,
    max_size=12,
).map(lambda lines: sorted(lines, key=lambda each: each.time_ns))


@given(lines_of_a_trace)
def test_any_lines_make_one_tree_that_holds_each_of_them_once(lines: list[LogLine]) -> None:
    spans = spans_of(lines)
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == len(spans)
    assert len([span for span in spans if not span.parent_span_id]) == 1
    for span in spans:
        assert span.span_id not in list(ancestors(span, by_id))
    timed = [each for each in lines if each.time_ns]
    assert sum(len(span.events) for span in spans) >= len(timed)


def test_lines_that_are_no_events_are_counted_on_the_span() -> None:
    many = [line(k) for k in range(10_003)]
    [span] = [each.span for each in infer(many, left_out=7)]
    assert len(span.events) == 10_000
    assert span.attributes["tailrace.log_lines_left_out"] == 2 + 1  # the first says no time
    assert span.attributes["tailrace.log_lines_left_out_of_trace"] == 7
    [short] = spans_of(many[1:5])
    assert not [key for key in short.attributes if "left_out" in key]
