"""Columns beside the total: chosen in the address, by links and by a form; the same in page, window and opened span."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.views.parsing import parse, text, with_class
from tests.views.test_trace_alike import shelf
from tests.views.test_trace_parts import parse_fragment
from tests.views.traces import ID, PART, Opened, get, rows, span
from webapp.model.spans import Resource
from webapp.views.trace.columns import ATTRIBUTE, MOST_COLUMNS, OWN, read_columns, write_columns


def heads(page: object) -> list[str]:
    return [text(th) for th in page.iter("th") if th.get("role") == "columnheader"]  # type: ignore[attr-defined]


def cells(row: object) -> list[str]:
    return [text(td) for td in row.iter("td")][1:-1]  # type: ignore[attr-defined]


def test_self_time_stands_beside_the_total_until_others_are_chosen(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 100), span(2, 1, 10, 90), span(3, 1, 20, 30))
    assert heads(parse(get(client)))[:-1] == ["Service and operation", "Total", "Self"]
    page = parse(get(client, cols="start end slack critical"))
    assert heads(page)[1:-1] == ["Total", "Start", "End", "Slack", "Critical"]
    assert [cells(row) for row in rows(page)] == [
        ["100 ms", "0", "100 ms", "0", "20.0 ms"],
        ["80.0 ms", "10.0 ms", "90.0 ms", "0", "80.0 ms"],
        ["10.0 ms", "20.0 ms", "30.0 ms", "60.0 ms", "0"],
    ]
    assert with_class(page, "waterfall")[0].get("aria-colcount") == "7"
    assert heads(parse(get(client, cols="none")))[1:-1] == ["Total"]


def test_an_attribute_is_that_of_the_span_or_else_of_its_resource(opened: Opened) -> None:
    client = opened(
        span(1, 0, 0, 100, attributes={"http.route": "/a <b>", "code": 200}),
        span(2, 1, 10, 90, attributes={"code": 404}, resource=Resource({"http.route": "of the host"})),
        span(3, 1, 20, 30),
    )
    page = parse(get(client, cols="http.route code"))
    assert heads(page)[2:-1] == ["http.route", "code"]
    assert [cells(row)[1:] for row in rows(page)] == [["/a <b>", "200"], ["of the host", "404"], ["", ""]]
    numbers = [td.get("class") for td in rows(page)[0].iter("td")]
    assert numbers == ["n", "num", "own val", "num own val", "lane"]
    window = client.get(f"/trace/{ID}/rows?cols=code&row=1&n=1", headers=PART)
    assert cells(rows(parse_fragment(window))[0])[1:] == ["404"]


def test_an_opened_span_lies_below_all_columns(opened: Opened) -> None:
    page = parse(get(opened(span(1)), cols="start slack code", span="0000000000000001"))
    assert [td.get("colspan") for td in page.iter("td") if td.get("colspan")] == ["6"]


def test_siblings_that_are_alike_have_sums_and_no_attribute_of_one_of_them(opened: Opened) -> None:
    page = parse(get(opened(*shelf()), cols="self start end critical x"))
    assert cells(rows(page)[2]) == ["60.0 ms", "24.0 ms", "20.0 ms", "135 ms", "24.0 ms", "…"]


def test_what_was_not_received_has_nothing_in_them(opened: Opened) -> None:
    page = parse(get(opened(span(2, 1, 10, 90)), cols="slack code"))
    assert cells(rows(page)[0])[1:] == ["", ""]


def test_links_and_a_form_choose_them_without_script(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 100, attributes={"http.route": "/a"}))
    page = parse(get(client))
    links = {text(a): a.get("href", "") for a in with_class(page, "columns")[0].iter("a")}
    assert list(links) == ["Self", "Start", "End", "Slack", "Critical"]
    assert heads(parse(client.get(links["Start"])))[1:-1] == ["Total", "Self", "Start"]
    assert heads(parse(client.get(links["Self"])))[1:-1] == ["Total"]
    form = next(with_class(page, "columns")[0].iter("form"))
    fields = [(i.get("name"), i.get("value", "")) for i in form.iter("input")]
    assert fields == [("cols", "self"), ("cols", "")]
    assert "http.route" in [text(option) for option in form.iter("option")]
    chosen = parse(client.get(form.get("action", "") + "?cols=self&cols=http.route"))
    assert heads(chosen)[1:-1] == ["Total", "Self", "http.route"]
    assert with_class(chosen, "copy")  # the page is whole
    again = {text(a): a.get("href", "") for a in with_class(chosen, "columns")[0].iter("a")}
    assert heads(parse(client.get(again["http.route"])))[1:-1] == ["Total", "Self"]


def test_more_than_the_most_are_not_shown_and_that_is_said(opened: Opened) -> None:
    page = parse(get(opened(span(1)), cols="a b c d e f g h"))
    assert len(heads(page)) == 3 + MOST_COLUMNS
    assert f"{MOST_COLUMNS} are the most." in text(with_class(page, "columns")[0])
    assert not list(with_class(page, "columns")[0].iter("form"))


@pytest.mark.parametrize(
    ("written", "columns"),
    [
        ("", ("self",)),
        ("none", ()),
        ("self, start http.route", ("self", "start", ".http.route")),
        (".self a%20b", (".self", ".a b")),
        ("start start", ("start",)),
    ],
)
def test_columns_are_written_as_one_would_type_them(written: str, columns: tuple[str, ...]) -> None:
    assert read_columns({"cols": written}) == columns


@given(
    st.lists(
        st.sampled_from([*OWN, *(ATTRIBUTE + name for name in OWN)]) | st.text(min_size=1).map("".join),
        max_size=6,
    )
)
def test_any_columns_survive_the_way_through_the_address(columns: list[str]) -> None:
    wanted = [one if one in OWN else ATTRIBUTE + one.removeprefix(ATTRIBUTE) for one in columns]
    wanted = list(dict.fromkeys(one for one in wanted if one != ATTRIBUTE))
    assert read_columns({"cols": write_columns(wanted)}) == tuple(wanted)
