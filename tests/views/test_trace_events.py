"""The events of a trace in order of time, and which of them are looked for."""

from xml.etree.ElementTree import Element

import pytest

from tests.views.parsing import parse, text, with_class
from tests.views.traces import Opened, at, get, lines, links, span, tabs, words
from webapp.model.spans import Status

EVENTFUL = [
    span(1, 0, 0, 100, events=[at(90, "done"), at(5, "begun", level="info")]),
    span(2, 1, 10, 50, service="db", events=[at(20, "slow query", rows="412"), at(20, "slow query", rows="7")]),
    span(3, 1, 50, 80, service="pay", status=Status.ERROR,
         events=[at(70, "exception", **{"exception.type": "Timeout", "exception.message": "no answer",
                                        "exception.stacktrace": "at pay.py:1\nat pay.py:2"})]),
]  # fmt: skip


def whats(page: Element) -> list[str]:
    return [row[2] for row in lines(page)]


def test_events_of_all_spans_stand_in_time_with_their_spans(opened: Opened) -> None:
    client = opened(*EVENTFUL)
    page = parse(get(client, view="events"))
    assert [row[0] for row in lines(page)] == ["+5.00 ms", "+20.0 ms", "+20.0 ms", "+70.0 ms", "+90.0 ms"]
    assert whats(page) == ["info begun", "slow query", "slow query", "exception Timeout: no answer", "done"]
    assert [row[1] for row in lines(page)][:2] == ["web step 1", "db step 2"]
    assert sorted(row[3] for row in lines(page)[1:3]) == ["rows=412", "rows=7"]
    assert "at pay.py:1 at pay.py:2" in lines(page)[3][3]
    assert words(tabs(page)["Events 5"]) == "Events 5"
    link = next(a.get("href", "") for a in page.iter("a") if words(a) == "pay step 3")
    assert f"span={3:016x}" in client.get(link).headers["Location"]


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        ("412", ["slow query"]),
        ("SLOW", ["slow query", "slow query"]),
        ("service=pay", ["exception Timeout: no answer"]),
        ("service=db 7", ["slow query"]),
        ('"no answer"', ["exception Timeout: no answer"]),
        ("-service=db -service=pay", ["info begun", "done"]),
    ],
)
def test_words_are_looked_for_in_events_and_all_else_in_their_spans(
    opened: Opened, find: str, expected: list[str]
) -> None:
    page = parse(get(opened(*EVENTFUL), view="events", find=find))
    assert whats(page) == expected
    assert f"{len(expected)} found" in text(with_class(page, "find")[0])


def test_of_events_at_the_same_time_the_one_that_fits_is_shown(opened: Opened) -> None:
    page = parse(get(opened(*EVENTFUL), view="events", find="412"))
    assert [row[3] for row in lines(page)] == ["rows=412"]


def test_only_failures_are_shown_and_the_zoom_holds(opened: Opened) -> None:
    client = opened(*EVENTFUL)
    assert whats(parse(get(client, view="events", errors="1"))) == ["exception Timeout: no answer"]
    assert whats(parse(get(client, view="events", t0="0ms", t1="6ms"))) == ["info begun"]
    assert "Nothing to show" in text(parse(get(client, view="events", find="elsewhere")))
    assert "No events." in text(parse(get(opened(span(1)), view="events")))


def test_events_are_paged(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 900, events=[at(n, f"tick {n}x") for n in range(450)]))
    page, seen = parse(get(client, view="events")), []
    while True:
        seen += whats(page)
        following = links(page, "Next")
        if not following:
            break
        page = parse(client.get(following[0]))
    assert seen == [f"tick {n}x" for n in range(450)]
