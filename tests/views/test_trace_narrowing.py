"""Rows hidden because they do not fit, the filters at hand, and a subtree shown alone with the way out."""

import pytest
from flask.testing import FlaskClient

from tests.samples import checkout
from tests.views.parsing import parse, text, with_class
from tests.views.test_trace_alike import shelf, written
from tests.views.test_trace_parts import parse_fragment
from tests.views.traces import CHECK, ID, PART, Opened, chain, get, names, rows, span, words
from webapp.model.spans import Status


def test_only_what_is_found_is_shown_with_what_leads_to_it(opened: Opened) -> None:
    client = opened(*shelf())
    page = parse(get(client, find="name=SELECT duration>=3ms", only="1"))
    assert len(rows(page)) == 2 + 24
    assert not with_class(page, "alike")
    note = with_class(page, "note")[0]
    assert text(note) == "12 of 27 spans, and what leads to them. Show all rows"
    back = next(note.iter("a")).get("href", "")
    assert names(parse(client.get(back))) == ["step 1", "step 2", "GET item", "step 3"]
    window = client.get(f"/trace/{ID}/rows?find=name%3DSELECT&only=1&n=50", headers=PART)
    assert window.headers["X-Rows"] == "26"
    assert len(get(client, "/bars", find="name=SELECT", only="1").data) == 26 * 8


def test_what_nothing_fits_shows_no_row_and_the_way_back(checkout_client: FlaskClient) -> None:
    for find in ("nowhere", "duration>fast"):
        page = parse(get(checkout_client, find=find, only="1"))
        assert rows(page) == []
        assert "No span fits. Show all rows" in [text(note) for note in with_class(page, "note")]


def test_hidden_and_failed_hold_together(opened: Opened) -> None:
    failed = {"status": Status.ERROR}
    client = opened(span(1), span(2, 1, **failed), span(3, 1, name="x", **failed), span(4, 1, name="x"))
    page = parse(get(client, find="name=x", only="1", errors="1"))
    assert names(page) == ["step 1", "x"]
    assert text(with_class(page, "note")[0]).startswith("1 of 4 spans, failed, and what leads to them.")


def test_only_the_path_is_shown(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 100), span(2, 1, 10, 90), span(3, 1, 20, 30), span(4, 2, 40, 80))
    page = parse(get(client, only="path"))
    assert names(page) == ["step 1", "step 2", "step 4"]
    assert "3 of 4 spans, on the path" in text(with_class(page, "note")[0])


def pills(page: object) -> dict[str, str]:
    return {text(a): a.get("href", "") for a in with_class(page, "pills")[0].iter("a")}  # type: ignore[arg-type]


def test_filters_at_hand_lead_to_their_rows_and_back(opened: Opened) -> None:
    quick = [span(10 + k, 1, k, k + 2, name=f"n{k}", service="db") for k in range(150)]
    client = opened(span(1, 0, 0, 900), span(2, 1, 200, 700, service="api"), *quick)
    offered = pills(parse(get(client)))
    assert list(offered) == ["Critical path", "Errors", "Slowest 1%", "api", "web", "db"]
    slow = parse(client.get(offered["Slowest 1%"]))
    assert names(slow) == ["step 1", "step 2"]
    assert next(a for a in slow.iter("a") if text(a) == "Slowest 1%").get("aria-current") == "true"
    whole = parse(client.get(pills(slow)["Slowest 1%"]))
    assert with_class(whole, "waterfall")[0].get("aria-rowcount") == "153"
    api = parse(client.get(offered["api"]))
    assert names(api) == ["step 1", "step 2"]
    assert pills(api)["api"] == f"/trace/{ID}"


def test_the_slowest_are_those_that_were_recorded_so(opened: Opened) -> None:
    quick = [span(10 + k, 1, k, k + 2) for k in range(150)]
    unfinished = span(2, 1, 100, -1_000_000)  # ends at 0; it is drawn to the end of its child
    offered = pills(parse(get(opened(span(1, 0, 0, 900), unfinished, span(3, 2, 100, 5000), *quick))))
    assert offered["Slowest 1%"].endswith("find=duration%3E%3D900ms")


def test_a_service_of_the_verdict_leads_to_its_spans(checkout_client: FlaskClient) -> None:
    shares = with_class(parse(get(checkout_client)), "shares")[0]
    link = next(a for a in shares.iter("a") if text(a) == "fraud-service")
    assert names(parse(checkout_client.get(link.get("href", "")))) == ["checkout", "charge", "check"]


def test_a_subtree_is_shown_alone_over_its_own_time_with_the_way_out(checkout_client: FlaskClient) -> None:
    charge = next(one.span_id for one in checkout.spans() if one.name == "charge")
    page = parse(get(checkout_client, root=charge))
    assert names(page) == ["charge", "check"]
    assert [row.get("aria-level") for row in rows(page)] == ["1", "2"]
    bar = with_class(rows(page)[0], "b")[0]
    assert (bar.get("x"), bar.get("width")) == ("0.0%", "100.0%")
    assert with_class(page, "waterfall")[0].get("aria-rowcount") == "3"
    assert not with_class(page, "th") or all(
        float(t.get("x1", "%")[:-1]) <= 100 for t in with_class(page, "th")
    )
    crumbs = with_class(page, "focus")[0]
    assert words(crumbs) == "Whole trace › payment-service charge"
    out = next(crumbs.iter("a")).get("href", "")
    assert len(rows(parse(checkout_client.get(out)))) == 5
    assert list(get(checkout_client, "/bars", root=charge).data[:2]) == [0, 1]


def test_ancestors_lead_to_their_subtrees_and_many_are_left_out(opened: Opened) -> None:
    client = opened(*chain(12))
    page = parse(get(client, root=written(11)))
    crumbs = with_class(page, "focus")[0]
    named = [f"web step {k}" for k in (2, 3, 7, 8, 9, 10, 11)]
    assert words(crumbs) == " › ".join(["Whole trace", *named[:2], "… 3 more …", *named[2:]])
    up = next(a for a in crumbs.iter("a") if text(a) == "web step 9").get("href", "")
    assert names(parse(client.get(up))) == [f"step {k}" for k in range(9, 13)]


def test_depth_and_folds_hold_in_a_subtree(opened: Opened) -> None:
    client = opened(*chain(8))
    assert names(parse(get(client, root=written(4), depth="2"))) == ["step 4", "step 5"]
    assert names(parse(get(client, root=written(4), fold=written(6)))) == ["step 4", "step 5", "step 6"]
    found = get(client, "/find", root=written(4), depth="1", find='name~"step [27]"').get_json()
    assert (found["total"], found["span_id"]) == (1, written(7))
    window = client.get(f"/trace/{ID}/rows?root={written(4)}&n=50", headers=PART)
    assert [row.get("aria-rowindex") for row in rows(parse_fragment(window))] == ["2", "3", "4", "5", "6"]


@pytest.mark.parametrize("state", [{"root": CHECK}, {"find": "name=check", "only": "1"}, {"errors": "1"}])
def test_a_link_to_a_span_that_is_left_out_shows_it_again(
    checkout_client: FlaskClient, state: dict[str, str]
) -> None:
    reserve = next(one.span_id for one in checkout.spans() if one.name == "reserve")
    shown = checkout_client.get(get(checkout_client, f"/show/{reserve}", **state).headers["Location"])
    assert with_class(parse(shown), "detail")


def test_a_root_that_is_not_there_is_named_and_all_is_shown(opened: Opened) -> None:
    page = parse(get(opened(*chain(3)), root="9" * 16))
    assert len(rows(page)) == 3
    assert text(with_class(page, "note")[0]) == f"The trace has no span {'9' * 16}."
