"""The views of a trace beside its waterfall: they share one state, lead to spans and say what they leave out."""

import pytest
from flask.testing import FlaskClient

from tests.samples import checkout
from tests.views.parsing import parse, text, with_class
from tests.views.traces import CHECK, ID, Opened, at, chain, frames, get, lines, links, span, tabs, words
from webapp.model.spans import Kind, Span, Status


def test_tabs_keep_find_zoom_and_opened_spans(opened: Opened) -> None:
    client = opened(*checkout.spans())
    page = parse(get(client, find="check", t0="1s", t1="2s", span=CHECK))
    flame = tabs(page)["Flame graph"].get("href", "")
    assert flame == f"/trace/{ID}?span={CHECK}&find=check&t0=1s&t1=2s&view=flame"
    there = parse(client.get(flame))
    assert tabs(there)["Flame graph"].get("aria-current") == "true"
    assert tabs(there)["Waterfall"].get("href") == f"/trace/{ID}?span={CHECK}&find=check&t0=1s&t1=2s"
    assert tabs(there)["JSON ↗"].get("href") == f"/trace/{ID}.json"


@pytest.mark.parametrize("view", ["flame", "spans", "map", "events"])
def test_a_view_is_a_page_and_a_part_of_it(checkout_client: FlaskClient, view: str) -> None:
    whole = parse(get(checkout_client, view=view))
    assert len(with_class(whole, "tracehead")) == 1
    part = checkout_client.get(f"/trace/{ID}?view={view}", headers={"HX-Request": "true"}).get_data(
        as_text=True
    )
    assert part.lstrip().startswith('<section id="view"')
    assert f'data-url="/trace/{ID}?view={view}"' in part


def test_the_spans_are_summed_by_operation_and_lead_to_their_list(opened: Opened) -> None:
    client = opened(
        span(1, 0, 0, 100, name="home"), *(span(n, 1, n, n + 10, name="ask", service="db") for n in range(2, 6)),
        span(9, 1, 60, 70, name="ask", service="db", status=Status.ERROR),
    )  # fmt: skip
    page = parse(get(client, view="spans", order="spans"))
    assert lines(page)[0][:4] == ["db ask", "5", "1", "50.0 ms"]
    listed = next(a.get("href", "") for a in page.iter("a") if words(a) == "db ask")
    single = parse(client.get(listed))
    assert [row[0] for row in lines(single)] == ["db ask"] * 5
    assert [row[2] for row in lines(single)] == ["2.00 ms", "3.00 ms", "4.00 ms", "5.00 ms", "60.0 ms"]
    assert lines(single)[-1][1] == "error"


@pytest.mark.parametrize(
    ("order", "expected"),
    [("duration", ["100 ms", "10.0 ms", "1.00 ms"]), ("-duration", ["1.00 ms", "10.0 ms", "100 ms"])],
)
def test_every_column_sorts_both_ways(opened: Opened, order: str, expected: list[str]) -> None:
    client = opened(span(1, 0, 0, 100), span(2, 1, 5, 15), span(3, 1, 20, 21))
    page = parse(get(client, view="spans", by="span", order=order))
    assert [row[3] for row in lines(page)] == expected
    heads = {text(head): head for head in page.iter("th") if head.get("scope") == "col"}
    assert heads["Duration"].get("aria-sort") == ("ascending" if order.startswith("-") else "descending")


def test_all_columns_can_be_asked_for_and_unknown_ones_are_the_first(checkout_client: FlaskClient) -> None:
    for by in ("", "span"):
        page = parse(get(checkout_client, view="spans", by=by))
        for head in page.iter("th"):
            if head.get("scope") == "col" and (link := next(head.iter("a"), None)) is not None:
                assert len(lines(parse(checkout_client.get(link.get("href", ""))))) == 5
        assert lines(parse(get(checkout_client, view="spans", by=by, order="nothing"))) == lines(page)


def test_lists_are_paged_and_the_pages_hold_every_span_once(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 900), *(span(n, 1, n, n + 1, name=f"s{n}") for n in range(2, 452)))
    page, seen = parse(get(client, view="spans", by="span")), []
    assert "1–200 of 451 spans" in text(with_class(page, "pager")[0])
    while True:
        seen += [row[0] for row in lines(page)]
        following = links(page, "Next")
        if not following:
            break
        page = parse(client.get(following[0]))
    assert len(seen) == len(set(seen)) == 451
    assert [row[0] for row in lines(parse(get(client, view="spans", by="span", page="99")))] == seen[400:]


def test_lists_hold_what_is_looked_for_what_failed_and_what_the_zoom_shows(opened: Opened) -> None:
    spans = [span(1, 0, 0, 100), span(2, 1, 10, 20, status=Status.ERROR), span(3, 1, 80, 90, service="db")]
    client = opened(*spans)

    def names(**state: str) -> list[str]:
        return [row[0] for row in lines(parse(get(client, view="spans", by="span", **state)))]

    assert names(find="service=db") == ["db step 3"]
    assert names(errors="1") == ["web step 2"]
    assert names(t0="0ms", t1="30ms") == ["web step 1", "web step 2"]
    page = parse(get(client, view="spans", t0="0ms", t1="30ms"))
    assert text(with_class(page, "note")[0]).startswith("2 of 3 spans: between 0 and 30.0 ms, as zoomed.")
    assert "Nothing to show" in text(parse(get(client, view="spans", find="nowhere")))
    assert "not understood" in text(parse(get(client, view="spans", find="duration>fast")))


def test_lists_hold_the_part_that_is_shown(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 100), span(2, 1, 10, 50), span(3, 2, 20, 30), span(4, 1, 60, 90))
    page = parse(get(client, view="spans", by="span", root=f"{2:016x}"))
    assert [row[0] for row in lines(page)] == ["web step 2", "web step 3"]
    assert text(with_class(page, "note")[0]) == "2 of 4 spans: those of web step 2 and below. Show all"
    assert len(lines(parse(client.get(links(page, "Show all")[0])))) == 4


def four() -> list[Span]:
    """web step 1 of 100 ms calls db step 2 (10 to 50, of which step 3 has 20 to 30) and mail step 4 (60 to 90, failed)."""
    return [
        span(1, 0, 0, 100, kind=Kind.SERVER),
        span(2, 1, 10, 50, service="db"),
        span(3, 2, 20, 30, service="db"),
        span(4, 1, 60, 90, service="mail", status=Status.ERROR),
    ]


@pytest.mark.parametrize(
    ("state", "said", "frame", "parties"),
    [
        (
            {"root": f"{2:016x}"},
            "2 of 4 spans: those of db step 2 and below.",
            "db · step 2: 40.0 ms, 100%",
            2,
        ),
        ({"errors": "1"}, "1 of 4 spans: failed.", "mail · step 4: 30.0 ms, 100%", 2),
        ({"find": "service=db", "only": "1"}, "2 of 4 spans: that fit.", "db · step 2: 40.0 ms, 100%", 2),
        ({"only": "path", "path": "response"}, "", "web · step 1: 100 ms, 100%", 4),
        ({"find": "service=db"}, "", "web · step 1: 100 ms, 100%", 4),
        ({"t0": "0", "t1": "20ms"}, "this is of all the time", "web · step 1: 100 ms, 100%", 4),
    ],
)
def test_pictures_are_of_the_part_that_is_shown(
    opened: Opened, state: dict[str, str], said: str, frame: str, parties: int
) -> None:
    client = opened(*four())
    flame = parse(get(client, view="flame", **state))
    assert frame in " / ".join(frames(flame))
    calls = parse(get(client, view="map", **state))
    for page in (flame, calls):
        assert said in " ".join(map(text, with_class(page, "note")))
    assert f"{parties} parties" in words(with_class(calls, "mapbox")[0])


def test_a_line_leads_to_its_row_in_the_waterfall(opened: Opened) -> None:
    client = opened(*chain(6))
    page = parse(get(client, view="spans", by="span", find="name~6"))
    link = next(a.get("href", "") for a in page.iter("a") if words(a) == "web step 6")
    answer = client.get(link)
    assert answer.headers["Location"] == f"/trace/{ID}?span={6:016x}&find=name~6#s{6:016x}".replace("~", "%7E") or (
        "view=" not in answer.headers["Location"] and f"span={6:016x}" in answer.headers["Location"]
    )  # fmt: skip


def test_markup_in_names_and_values_is_text(opened: Opened) -> None:
    bad = '<img src="x">'
    client = opened(
        span(1, 0, 0, 100, name=bad, service=bad, kind=Kind.SERVER, events=[at(1, bad, key=bad)]),
        span(2, 1, 10, 90, name=bad, service="b", kind=Kind.CLIENT, status=Status.ERROR, status_message=bad,
             attributes={"peer.service": bad + "2"}),
    )  # fmt: skip
    for state in (
        {"view": "flame"},
        {"view": "spans"},
        {"view": "spans", "by": "span"},
        {"view": "map"},
        {"view": "events"},
    ):
        page = parse(get(client, **state))
        assert not list(page.iter("img"))
        assert bad in "".join(page.itertext())
