"""Siblings that are alike as the trace page shows them: one row, its sums, and the way to their own rows."""

from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.test_trace_parts import parse_fragment
from tests.views.traces import ID, PART, Opened, get, names, rows, span
from webapp.model.spans import Kind, Span, Status


def shelf(count: int = 12) -> list[Span]:
    """Under step 2 a number of calls of 5 ms, 10 ms apart, each with a query below it."""
    calls = [
        span(100 + k, 2, 20 + 10 * k, 25 + 10 * k, service="catalog", name="GET item") for k in range(count)
    ]
    queries = [
        span(200 + k, 100 + k, 21 + 10 * k, 24 + 10 * k, service="catalog", name="SELECT")
        for k in range(count)
    ]
    return [span(1, 0, 0, 900, kind=Kind.SERVER), span(2, 1, 10, 800), *calls, *queries, span(3, 1, 810, 820)]


def written(number: int) -> str:
    return f"{number:016x}"


def test_alike_siblings_are_one_row_with_number_sum_median_and_where_they_ran(opened: Opened) -> None:
    page = parse(get(opened(*shelf())))
    assert names(page) == ["step 1", "step 2", "GET item", "step 3"]
    row = rows(page)[2]
    assert text(with_class(row, "alike")[0]) == "12 alike"
    assert "for 60.0 ms one or more of them ran" in with_class(row, "alike")[0].get("title", "")
    assert text(with_class(row, "num")[0]) == "60.0 ms"
    assert text(with_class(row, "after")[0]) == "60.0 ms, median 5.00 ms"
    assert len(with_class(row, "b")) == 12
    assert text(with_class(row, "k")[0]) == "+24"
    assert row.get("aria-expanded") == "false"
    assert row.get("aria-label", "").startswith(
        "12 alike: GET item, catalog, 60.0 ms, median 5.00 ms, starts at 20.0"
    )
    assert with_class(page, "waterfall")[0].get("aria-rowcount") == "5"


def test_they_unfold_and_fold_again_by_links(opened: Opened) -> None:
    client = opened(*shelf())
    caret = with_class(rows(parse(get(client)))[2], "caret")[0].get("href", "")
    assert caret == f"/trace/{ID}?fold={written(100)}-#s{written(100)}"
    page = parse(client.get(caret))
    assert len(rows(page)) == 3 + 24
    again = with_class(rows(page)[2], "alike")[0]
    assert (again.tag, text(again)) == ("a", "12 alike")
    assert not any(with_class(row, "alike") for row in rows(page)[3:])
    assert len(rows(parse(client.get(again.get("href", ""))))) == 4


def test_all_of_them_are_shown_when_that_is_asked_and_single_runs_fold_then(opened: Opened) -> None:
    client = opened(*shelf())
    assert len(rows(parse(get(client, alike="0")))) == 27
    assert len(rows(parse(get(client, alike="0", fold=written(100) + "-")))) == 4
    switch = next(a for a in parse(get(client)).iter("a") if text(a) == "Alike siblings as one row")
    assert (switch.get("href"), switch.get("aria-checked")) == (f"/trace/{ID}?alike=0", "true")


def test_the_worst_of_them_is_said(opened: Opened) -> None:
    spans = shelf()
    spans[5] = span(
        103, 2, 50, 55, service="catalog", name="GET item", status=Status.ERROR, status_message="gone"
    )
    row = rows(parse(get(opened(*spans))))[2]
    assert "cause" in with_class(row, "err")[0].get("class", "")
    label = next(text(mark) for mark in with_class(row, "e") if mark.tag.endswith("text"))
    assert label == "60.0 ms, median 5.00 ms · 1 failed"
    assert "1 error among them" in with_class(row, "k")[0].get("title", "")


def test_find_marks_the_row_that_stands_for_a_match_and_opens_it_on_the_way(opened: Opened) -> None:
    client = opened(*shelf(), span(300, 105, 71, 72, name="needle"))
    page = parse(get(client, find="needle"))
    assert with_class(rows(page)[2], "hit")
    assert "is-dim" in (rows(page)[1].get("class") or "")
    found = get(client, "/find", find="needle").get_json()
    assert found["unfolds"] is True
    shown = parse(client.get(found["url"]))
    assert names(shown)[found["row"]] == "needle"


def test_a_find_from_the_folded_row_begins_with_its_first_member(opened: Opened) -> None:
    client = opened(*shelf())
    at = {"find": 'name="GET item"', "at": written(100)}
    assert get(client, "/find", **at).get_json()["span_id"] == written(100)
    unfolded = get(client, "/find", fold=written(100) + "-", **at).get_json()
    assert unfolded["span_id"] == written(101)


def test_an_opened_span_among_them_is_shown(opened: Opened) -> None:
    client = opened(*shelf())
    page = parse(get(client, span=written(107)))
    assert with_class(page, "detail")
    away = parse(get(client, span=written(100), depth="0"))
    assert not with_class(away, "detail")
    assert text(with_class(away, "note")[-1]).startswith("The opened span is folded away.")


def test_errors_only_shows_each_that_failed(opened: Opened) -> None:
    failed = [span(100 + k, 1, k, k + 1, name="get", status=Status.ERROR) for k in range(8)]
    assert len(rows(parse(get(opened(span(1, 0, 0, 90), *failed), errors="1")))) == 9


def test_a_picture_names_how_many_they_are_and_a_file_holds_each(opened: Opened) -> None:
    client = opened(*shelf())
    picture = client.get(f"/trace/{ID}.svg").get_data(as_text=True)
    assert "12 alike" in picture
    assert "60.0 ms, median 5.00 ms" in picture
    assert len(rows(parse(client.get(f"/trace/{ID}.html")))) == 27


def wide(opened: Opened, count: int) -> FlaskClient:
    return opened(span(1, 0, 0, 90_000), *(span(10 + k, 1, k, k + 1, name="row") for k in range(count)))


def test_ten_thousand_alike_children_are_one_row_in_window_and_preview(opened: Opened) -> None:
    client = wide(opened, 10_000)
    page = parse(get(client))
    assert len(rows(page)) == 2
    assert "10,000 alike" in text(rows(page)[1])
    window = client.get(f"/trace/{ID}/rows?row=0&n=50", headers=PART)
    assert window.headers["X-Rows"] == "2"
    assert len(rows(parse_fragment(window))) == 2
    bars = get(client, "/bars").data
    assert len(bars) == 2 * 8
    assert bars[7] & 32
    assert int.from_bytes(bars[14:16], "little") > 7_000  # the second bar is as wide as all of them
    opened_run = client.get(f"/trace/{ID}/rows?row=9950&n=50&fold={written(10)}-", headers=PART)
    assert opened_run.headers["X-Rows"] == "10001"


def test_a_few_of_many_spans_each_are_shown_and_may_be_folded(opened: Opened) -> None:
    """Each is worth a look; a row for all would hide the trace."""
    calls = [span(10 + k, 1, 100 * k, 100 * k + 90, name="suite") for k in range(5)]
    below = [
        span(100 * (k + 1) + n, 10 + k, 100 * k + n, 100 * k + n + 1, name=f"step {n}")
        for k in range(5)
        for n in range(12)
    ]
    client = opened(span(1, 0, 0, 900), *calls, *below)
    page = parse(get(client))
    assert len(rows(page)) == 66
    link = next(a for a in with_class(page, "alike") if text(a) == "5 alike")
    assert names(parse(client.get(link.get("href", "")))) == ["step 1", "suite"]
    assert len(rows(parse(get(client, alike="0")))) == 66
