"""What rows say beside their span: waits nobody explains, work after the end, and whom a call went to."""

from tests.views.parsing import parse, text, with_class
from tests.views.traces import Opened, get, rows, span
from webapp.model.spans import Kind


def test_time_that_no_span_explains_is_hatched_and_named(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 1000), span(2, 1, 0, 200), span(3, 1, 700, 1000))
    page = parse(get(client))
    mark = with_class(rows(page)[0], "gap")[0]
    assert (mark.get("x"), mark.get("width")) == ("20.0%", "50.0%")
    assert text(mark) == "For 500 ms it was waited for, and no span below it explains why."
    assert "no span explains 500 ms" in text(rows(page)[0])
    assert "no span explains 500 ms" in rows(page)[0].get("aria-label", "")
    assert not with_class(rows(page)[1], "gap")
    assert not with_class(parse(get(client, path="0")), "gap")


def test_a_line_leads_to_the_end_of_what_goes_on_below(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 1000), span(2, 1, 100, 200), span(3, 2, 150, 700))
    page = parse(get(client))
    late = with_class(rows(page)[1], "late")[0]
    assert (late.get("x"), late.get("width")) == ("20.0%", "50.0%")
    assert not with_class(rows(page)[0], "late")
    assert not with_class(rows(page)[2], "late")


def test_a_call_that_nobody_answered_names_whom_it_went_to(opened: Opened) -> None:
    asked = {"db.system.name": "postgresql", "db.namespace": "<shop>"}
    client = opened(
        span(1, 0, 0, 1000),
        span(2, 1, 100, 200, kind=Kind.CLIENT, attributes=asked),
        span(3, 1, 300, 400, kind=Kind.CLIENT, attributes={"server.address": "pay"}),
        span(4, 3, 310, 390, kind=Kind.SERVER, service="pay"),
    )
    peers = [text(mark) for mark in with_class(parse(get(client)), "peer")]
    assert peers == ["→ postgresql:<shop>"]


def test_a_label_that_has_no_room_in_a_narrow_window_stands_elsewhere_there(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 1000), span(2, 1, 600, 850), span(3, 1, 10, 20))
    page = parse(get(client))
    wide, narrow = (with_class(rows(page)[2], name)[-1] for name in ("wide", "narrow"))
    assert (wide.get("class"), wide.get("x")) == ("after wide", "85.0%")
    assert (narrow.get("class"), narrow.get("x"), text(narrow)) == ("before narrow", "60.0%", "250 ms")
    assert not with_class(rows(page)[1], "narrow")
