"""The rows of a trace: their order, which are folded, found, zoomed into or named, and how the address says so."""

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.traces import ID, Opened, chain, get, names, rows, span
from webapp.model.spans import Status


def test_a_span_without_a_name_is_not_a_blank_row(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 100), span(2, 1, 10, 90, name=""))
    page = parse(get(client))
    assert names(page)[1] == "no name"
    assert text(with_class(page, "verdict")[0]).startswith("Bottleneckweb is 80% of the 100 ms")


def test_rows_stand_in_the_order_of_the_tree_and_say_so(checkout_client: FlaskClient) -> None:
    page = parse(get(checkout_client))
    assert names(page) == ["checkout", "reserve", "charge", "check", "send"]
    assert [row.get("aria-level") for row in rows(page)] == ["1", "2", "2", "3", "2"]
    assert [(row.get("aria-posinset"), row.get("aria-setsize")) for row in rows(page)] == [
        ("1", "1"), ("1", "3"), ("2", "3"), ("1", "1"), ("3", "3"),
    ]  # fmt: skip
    assert [row.get("aria-rowindex") for row in rows(page)] == ["2", "3", "4", "5", "6"]
    assert [row.get("aria-expanded") for row in rows(page)] == ["true", None, "true", None, None]
    assert (
        rows(page)[3].get("aria-label")
        == "check, fraud-service, 3.20 s, starts at 80.0 ms, on critical path, no error"
    )


def test_a_caret_folds_and_unfolds_without_script(checkout_client: FlaskClient) -> None:
    caret = with_class(parse(get(checkout_client)), "caret")[1].get("href", "")
    folded = parse(checkout_client.get(caret))
    assert names(folded) == ["checkout", "reserve", "charge", "send"]
    assert text(with_class(rows(folded)[2], "k")[0]) == "+1"
    again = with_class(folded, "caret")[1].get("href", "")
    assert names(parse(checkout_client.get(again))) == ["checkout", "reserve", "charge", "check", "send"]


def test_depth_shows_so_many_levels(opened: Opened) -> None:
    client = opened(*chain(6))
    assert len(rows(parse(get(client, depth="2")))) == 2
    assert len(rows(parse(get(client, depth="0")))) == 6


def test_a_folded_row_tells_of_errors_below(opened: Opened) -> None:
    page = parse(get(opened(span(1), span(2, 1, status=Status.ERROR)), depth="1"))
    count = with_class(page, "k")[0]
    assert "1 error among them" in count.get("title", "")


def test_errors_only_keeps_failed_spans_and_what_leads_to_them(opened: Opened) -> None:
    client = opened(span(1), span(2, 1, 1, 2), span(3, 1, 3, 8), span(4, 3, 4, 5, status=Status.ERROR))
    page = parse(get(client, errors="1"))
    assert names(page) == ["step 1", "step 3", "step 4"]
    assert "Only 1 failed span" in text(with_class(page, "note")[0])


def test_without_the_overlay_bars_are_solid(checkout_client: FlaskClient) -> None:
    page = parse(get(checkout_client, path="0"))
    solid = with_class(rows(page)[0], "c")
    assert [(mark.get("x"), mark.get("width")) for mark in solid] == [("0.0%", "100.0%")]
    assert not with_class(page, "th")


def test_a_typed_zoom_fills_the_lane(checkout_client: FlaskClient) -> None:
    page = parse(get(checkout_client, t0="80 ms", t1="3.28s"))
    bar = with_class(rows(page)[3], "b")[0]
    assert (bar.get("x"), bar.get("width")) == ("0.0%", "100.0%")
    fields = {field.get("name"): field.get("value") for field in page.iter("input")}
    assert (fields["t0"], fields["t1"]) == ("80.0 ms", "3.28 s")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("gbm-2025", ["check"]),
        ("name=check", ["check"]),
        ("duration>1s service!=order-service", ["charge", "check"]),
        ("fraud.model=gbm-2025-11", ["check"]),
    ],
)
def test_find_speaks_the_language_of_the_search(
    checkout_client: FlaskClient, query: str, found: list[str]
) -> None:
    page = parse(get(checkout_client, find=query))
    hits = [text(with_class(row, "op")[0]) for row in rows(page) if with_class(row, "hit")]
    assert hits == found
    assert sum("is-dim" in (row.get("class") or "") for row in rows(page)) == 5 - len(found)
    assert f"{len(found)} found" in text(with_class(page, "find")[0])


def test_a_broken_query_in_find_keeps_the_rows(checkout_client: FlaskClient) -> None:
    page = parse(get(checkout_client, find="duration>fast"))
    assert len(rows(page)) == 5
    assert "fast" in text(with_class(page, "note")[0])


def test_without_script_rows_come_in_pages_of_100(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 900), *(span(n, 1, n, n + 1) for n in range(2, 452)))
    page = parse(get(client))
    assert len(rows(page)) == 100
    following = next(link for link in page.iter("a") if link.get("rel") == "next")
    assert text(following) == "Next 100 rows"
    second = parse(client.get(following.get("href", "")))
    assert rows(second)[0].get("aria-rowindex") == "102"
    assert with_class(second, "waterfall")[0].get("aria-rowcount") == "452"
    assert next(link for link in second.iter("a") if link.get("rel") == "prev").get("href") == f"/trace/{ID}"


def test_a_large_trace_opens_folded_and_says_so(opened: Opened) -> None:
    batches = [span(n, 1, n, n + 10) for n in range(2, 42)]
    leaves = [span(100 + k, 2 + k % 40, k % 40 + 2, k % 40 + 3) for k in range(2400)]
    page = parse(get(opened(span(1, 0, 0, 900), *batches, *leaves)))
    assert len(rows(page)) <= 200
    assert "More than 2,000 spans: open to depth" in text(with_class(page, "note")[0])
    assert with_class(page, "waterfall")[0].get("aria-rowcount") != "2442"


def test_a_large_trace_of_which_nothing_is_folded_does_not_say_that_it_was(opened: Opened) -> None:
    kinds = [span(n, 1, n, n + 1, name="even" if n % 2 else "odd") for n in range(2, 2_100)]
    page = parse(get(opened(span(1, 0, 0, 2_200), *kinds)))
    assert with_class(page, "waterfall")[0].get("aria-rowcount") == "2100"
    assert with_class(page, "note") == []
    depth = with_class(page, "depth")[0]
    assert [text(link) for link in depth.iter("a") if link.get("aria-current")] == ["All"]


def test_a_link_to_a_span_unfolds_what_hides_it(opened: Opened) -> None:
    leaves = [span(100 + k, 2 + k % 60, k % 60, k % 60 + 1) for k in range(2_000)]
    client = opened(span(1, 0, 0, 900), *(span(n, 1, n, n + 10) for n in range(2, 62)), *leaves)
    wanted = f"{2_050:016x}"
    assert f"s{wanted}" not in [row.get("id") for row in rows(parse(get(client)))]
    page = parse(get(client, span=wanted))
    place = int(with_class(page, "wf-box")[0].get("data-focus", ""))
    row = next(row for row in rows(page) if row.get("id") == f"s{wanted}")
    assert row.get("aria-rowindex") == str(place + 2)


def test_an_address_that_says_what_is_folded_is_shown_as_it_was_left(opened: Opened) -> None:
    client = opened(*chain(6))
    deep = f"{5:016x}"
    for state, left in (({"depth": "2"}, 2), ({"fold": f"{2:016x}"}, 2), ({"errors": "1"}, 0)):
        page = parse(get(client, span=deep, **state))
        assert len(rows(page)) == left
        note = with_class(page, "note")[-1]
        assert text(note).startswith("The opened span is folded away.")
        show = next(link.get("href", "") for link in note.iter("a"))
        shown = parse(client.get(client.get(show).headers["Location"]))
        assert with_class(shown, "detail")
        assert with_class(shown, "wf-box")[0].get("data-focus") == "4"


@pytest.mark.parametrize(
    ("t0", "t1", "said"),
    [
        ("abc", "3s", "“abc” is no time"),
        ("3s", "1s", "The end must come after the start."),
        ("5s", "", "The trace ends at 4.00 s."),
        ("0", "9s", "The end must lie between 0 and 4.00 s."),
    ],
)
def test_times_that_cannot_be_shown_are_named_and_the_zoom_before_stays(
    checkout_client: FlaskClient, t0: str, t1: str, said: str
) -> None:
    page = parse(get(checkout_client, t0=t0, t1=t1, t0_was="80ms", t1_was="3280ms"))
    assert said in text(with_class(page, "hint")[0])
    bar = with_class(rows(page)[3], "b")[0]
    assert (bar.get("x"), bar.get("width")) == ("0.0%", "100.0%")
    fields = {field.get("name"): field.get("value") for field in page.iter("input")}
    assert (fields["t0"], fields["t1"] or "") == (t0, t1)


def test_a_message_stands_where_the_failure_began(opened: Opened) -> None:
    failed = {"status": Status.ERROR, "status_message": "no funds"}
    page = parse(get(opened(span(1, **failed), span(2, 1, **failed))))
    labels = [
        next(text(mark) for mark in with_class(row, "e") if mark.tag.endswith("text")) for row in rows(page)
    ]
    assert labels == ["10.0 ms", "10.0 ms · no funds"]
    assert "no funds" in with_class(rows(page)[0], "err")[0].get("title", "")


def test_a_span_that_is_not_in_the_trace_is_named(opened: Opened) -> None:
    page = parse(get(opened(span(1)), span="9" * 16))
    assert text(with_class(page, "note")[0]) == f"The trace has no span {'9' * 16}."
