"""A span opened under its row or on its own page; hostile text anywhere."""

from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.traces import CHECK, ID, MS, PART, Opened, get, rows, span, words
from webapp.model.spans import Attributes, Event, Link, Resource, Span, Status


def test_a_span_opens_under_its_row_without_script(checkout_client: FlaskClient) -> None:
    link = with_class(rows(parse(get(checkout_client)))[3], "t")[0].get("href", "")
    page = parse(checkout_client.get(link))
    detail = with_class(page, "detail")[0]
    said = words(detail)
    assert "Starts 80.0 ms into the trace Duration 3.20 s 80% of trace Self time 3.20 s 100% of span" in said
    assert "3.02 s nothing recorded: 94% of this span" in said
    assert rows(page)[3].get("aria-selected") == "true"
    assert not with_class(
        parse(checkout_client.get(with_class(rows(page)[3], "t")[0].get("href", ""))), "detail"
    )


def test_an_attribute_leads_to_a_query_that_finds_the_trace(opened: Opened) -> None:
    client = opened(span(1, attributes={"odd key": 'a "b" = c', "n": 7, "ok": True}))
    page = parse(get(client, span="1".rjust(16, "0")))
    having, others = queries(page)
    assert having == ["n=7", '"odd key"="a \\"b\\" = c"', "ok=true"]
    assert others[0] == 'service=web operation="step 1" -n=7'
    for query in having:
        assert len([row for row in rows(parse(get(client, find=query))) if with_class(row, "hit")]) == 1


def test_the_same_part_is_a_page_of_its_own(checkout_client: FlaskClient) -> None:
    page = get(checkout_client, f"/span/{CHECK}")
    part = checkout_client.get(f"/trace/{ID}/span/{CHECK}", headers=PART)
    assert "<!doctype html>" in page.get_data(as_text=True)
    assert part.get_data(as_text=True).strip().startswith('<link rel="stylesheet"')
    assert words(with_class(parse(page), "span")[0]).startswith("Timing Starts 80.0 ms")


def test_links_lead_to_their_traces(opened: Opened) -> None:
    other = "cd" * 16
    client = opened(span(1, links=[Link(other, "e" * 16), Link(ID, "2".rjust(16, "0"))]), span(2, 1))
    page = parse(get(client, span="1".rjust(16, "0")))
    links = with_class(with_class(page, "detail")[0], "linked")[0]
    targets = [link.get("href", "") for link in links.iter("a")]
    assert targets[0] == f"/trace/{other}?span={'e' * 16}"
    assert targets[1].startswith(f"/trace/{ID}/show/{'2'.rjust(16, '0')}")


def test_a_placeholder_can_be_opened(opened: Opened) -> None:
    client = opened(span(1), span(2, 9, 2, 5))
    page = parse(get(client, span="9".rjust(16, "0")))
    assert "Timing" in text(with_class(page, "detail")[0])


HOSTILE = "<script>alert(1)</script>'\"&amp;\x00\u202e"


@pytest.mark.parametrize("path", ["", "/span/" + "1".rjust(16, "0"), ".json"])
def test_hostile_text_is_only_ever_text(opened: Opened, path: str) -> None:
    bad = HOSTILE.replace("\x00", "")
    client = opened(
        span(
            1, name=bad, service=bad, status=Status.ERROR, status_message=bad,
            attributes={bad: bad, "list": [bad], "long": bad * 200, "sql": f"SELECT '{bad}' FROM a WHERE b"},
            events=[Event(bad, 1_000_001 * MS, {bad: bad * 5})],
            resource=Resource({"service.version": bad, bad: bad}), links=[Link("f" * 32, "f" * 16, {bad: bad})],
        )
    )  # fmt: skip
    response = client.get(
        f"/trace/{ID}{path}", query_string={"span": "1".rjust(16, "0"), "find": bad, "q": bad}
    )
    assert response.status_code == 200
    if path == ".json":
        assert response.get_json()["spans"][0]["name"] == bad
        return
    assert "<script>alert" not in response.get_data(as_text=True)
    page = parse(response)
    assert all(script.get("src", "").startswith("/static/") for script in page.iter("script"))
    assert not [element for element in page.iter() if element.get("style")]


@pytest.mark.parametrize(
    "attributes",
    [
        {"n": 2**70, "list": [2**70, {"x": -(2**80)}]},
        {"nan": float("nan"), "bytes": b"\xff\x00"},
        {f"key {number}": number for number in range(10_000)},
        {"long": "y" * 1_000_000},
    ],
    ids=["huge numbers", "no number", "ten thousand", "a megabyte"],
)
def test_attributes_of_any_kind_and_number_stay_within_bounds(opened: Opened, attributes: Attributes) -> None:
    client = opened(span(1, attributes=attributes))
    page = get(client, span="1".rjust(16, "0"))
    assert page.status_code == 200
    assert len(page.data) < 500_000
    assert get(client, ".json").get_json()["spans"][0]["attributes"].keys() == attributes.keys()


@pytest.mark.parametrize(
    ("start_ns", "end_ns"), [(0, 0), (10**18, 10**18 - 5), (2**63 - 10, 2**63 - 1), (10**18, 10**18), (5, 0)]
)
def test_times_of_any_kind_make_a_page(opened: Opened, start_ns: int, end_ns: int) -> None:
    client = opened(
        Span(trace_id=ID, span_id="1" * 16, name="", service="", start_ns=start_ns, end_ns=end_ns)
    )
    for part in ("", ".json", "/bars", f"/span/{'1' * 16}", "/find"):
        assert get(client, part, span="1" * 16, t1="1ms").status_code == 200


def test_many_events_and_links_are_cut_and_counted(opened: Opened) -> None:
    events = [Event(f"event {number}", (1_000_000 + number) * MS) for number in range(1_000)]
    links = [Link(f"{number:032x}", "e" * 16) for number in range(1, 301)]
    said = words(
        with_class(parse(get(opened(span(1, events=events, links=links)), span="1".rjust(16, "0"))), "span")[
            0
        ]
    )
    assert "Events 1,000" in said
    assert "and 800 more" in said
    assert "Links 300" in said
    assert "and 200 more" in said


def test_an_attribute_is_added_only_to_a_query_that_holds_on_its_span(opened: Opened) -> None:
    client = opened(span(1, attributes={"card": "visa"}), span(2, parent=1, attributes={"shard": 3}))

    def filters(number: int, query: str) -> tuple[list[str], list[str]]:
        return queries(parse(get(client, span=f"{number:016x}", q=query)))

    alike = 'service=web operation="step {}" -'
    assert filters(1, "card=visa") == (["card=visa"], [alike.format(1) + "card=visa"])
    assert filters(1, "card=visa web") == (["card=visa web"], ["web -card=visa"])
    assert filters(2, "trace.spans=2") == (["trace.spans=2 shard=3"], ["trace.spans=2 -shard=3"])
    assert filters(2, "card=visa") == (["shard=3"], [alike.format(2) + "shard=3"])


def queries(page: Element) -> tuple[list[str], list[str]]:
    """What ⊕ and ⊖ of each attribute lead to."""
    links = [[link.get("href", "") for link in cell.iter("a")] for cell in with_class(page, "act")]
    having, others = (
        [parse_qs(urlsplit(url).query)["q"][0] for url in urls] for urls in zip(*links, strict=True)
    )
    return having, others
