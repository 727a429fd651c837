"""The views of a trace beside its waterfall: they share one state, lead to spans and say what they leave out."""

from xml.etree.ElementTree import Element

import pytest
from flask.testing import FlaskClient

from tests.samples import checkout
from tests.views.parsing import parse, text, with_class
from tests.views.traces import CHECK, ID, MS, Opened, chain, get, span, words
from webapp.model.spans import Event, Kind, Span, Status


def lines(page: Element) -> list[list[str]]:
    """The cells of the table's body."""
    body = next(element for element in page.iter("tbody"))
    return [[words(cell) for cell in row] for row in body.iter("tr")]


def links(page: Element, name: str) -> list[str]:
    return [a.get("href", "") for a in page.iter("a") if text(a) == name]


def tabs(page: Element) -> dict[str, Element]:
    return {words(tab): tab for tab in with_class(page, "tabs")[0]}  # a count stands behind the name


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
def test_a_view_is_a_page_and_a_part_of_it(opened: Opened, view: str) -> None:
    client = opened(*checkout.spans())
    whole = parse(get(client, view=view))
    assert len(with_class(whole, "tracehead")) == 1
    part = client.get(f"/trace/{ID}?view={view}", headers={"HX-Request": "true"}).get_data(as_text=True)
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


def test_all_columns_can_be_asked_for_and_unknown_ones_are_the_first(opened: Opened) -> None:
    client = opened(*checkout.spans())
    for by in ("", "span"):
        page = parse(get(client, view="spans", by=by))
        for head in page.iter("th"):
            if head.get("scope") == "col" and (link := next(head.iter("a"), None)) is not None:
                assert len(lines(parse(client.get(link.get("href", ""))))) == 5
        assert lines(parse(get(client, view="spans", by=by, order="nothing"))) == lines(page)


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


def frames(page: Element) -> list[str]:
    return [frame.get("title", "") for frame in with_class(page, "fr")]


def test_the_flame_graph_sums_calls_by_path(client: FlaskClient, opened: Opened) -> None:
    client = opened(
        span(1, 0, 0, 100, name="home"),
        *(span(n, 1, 20 * n, 20 * n + 10, name=f"GET /items/{n}", service="shop") for n in range(2, 5)),
    )
    page = parse(get(client, view="flame"))
    assert frames(page) == [
        "web · home: 100 ms, 100%, 1 span",
        "shop · GET /items/{id}: 30.0 ms, 30%, 3 spans",
    ]
    assert [row[:5] for row in lines(page)] == [
        ["web home", "100 ms", "100%", "70.0 ms", "1"],
        ["shop GET /items/{id}", "30.0 ms", "30%", "30.0 ms", "3"],
    ]
    spans = parse(client.get(links(page, "spans")[1]))
    assert [row[0] for row in lines(spans)] == ["shop GET /items/2", "shop GET /items/3", "shop GET /items/4"]


def test_a_frame_alone_fills_the_width_and_names_what_leads_to_it(opened: Opened) -> None:
    client = opened(*chain(12))
    page = parse(get(client, view="flame", frame=f"{10:016x}"))
    assert with_class(page, "fr")[0].get("title", "").startswith("web · step 10: ")
    outer = next(element for element in page.iter() if element.tag.endswith("foreignObject"))
    assert (outer.get("x"), outer.get("y"), outer.get("width")) == ("0.0%", "0", "100.0%")
    path = with_class(page, "crumbs")[-1]
    assert words(path) == "All › web step 1 › web step 2 › web step 3 › 1 frame between › " + " › ".join(
        f"web step {n}" for n in range(5, 10)
    )
    assert "has no span" in text(parse(get(client, view="flame", frame="9" * 16)))


def test_thin_frames_are_one_and_are_counted(opened: Opened) -> None:
    spans = [span(1, 0, 0, 100_000), span(2, 1, 0, 50_000, name="long")]
    spans += [span(n, 1, 50_000 + 10 * n, 50_010 + 10 * n, name=f"thin {n:x}x") for n in range(10, 48)]
    page = parse(get(opened(*spans), view="flame"))
    assert len(frames(page)) == 2
    assert "38 thinner frames not drawn, 380 ms in all" in text(with_class(page, "note")[0])
    rest = with_class(page, "rest")
    assert len(rest) == 1


def test_what_nobody_waited_for_is_seen_in_busy_time(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 100), span(2, 1, 10, 90, name="long"), span(3, 1, 20, 30, name="beside"))
    critical = parse(get(client, view="flame"))
    assert "1 call path took no part in critical time" in text(with_class(critical, "note")[0])
    busy = parse(client.get(links(critical, "Busy time shows them.")[0]))
    assert any("beside" in title for title in frames(busy))
    alone = parse(get(client, view="flame", frame=f"{3:016x}"))
    assert "No critical time here" in text(alone)


def test_frames_show_errors_and_what_is_looked_for(opened: Opened) -> None:
    spans = [span(1, 0, 0, 100, status=Status.ERROR), span(2, 1, 0, 90, name="deep", status=Status.ERROR)]
    page = parse(get(opened(*spans), view="flame", find="deep"))
    outer, inner = with_class(page, "fr")
    assert {"e", "is-dim"} <= set((outer.get("class") or "").split())
    assert {"e", "hit"} <= set((inner.get("class") or "").split())
    assert "passed" in (next(outer.iter("i")).get("class") or "")
    assert "cause" in (next(inner.iter("i")).get("class") or "")


def test_ten_thousand_levels_of_frames_are_a_page(opened: Opened) -> None:
    spans = [span(level, level - 1, 0, 10) for level in range(1, 10_001)]
    page = parse(get(opened(*spans), view="flame", frame=f"{9_900:016x}"))
    assert len(frames(page)) == 101
    whole = parse(get(opened(*spans), view="flame"))
    assert len(frames(whole)) == 400
    assert "The 400 widest frames are drawn, 9,600 more are not." in text(with_class(whole, "note")[0])


CALLS = [
    span(1, 0, 0, 100, service="gate", kind=Kind.SERVER, attributes={"http.request.method": "GET"}),
    span(2, 1, 5, 60, service="gate", kind=Kind.CLIENT, attributes={"rpc.system": "grpc"}),
    span(3, 2, 10, 50, service="shop", kind=Kind.SERVER, name="Shop/Buy", status=Status.ERROR),
    span(4, 3, 15, 40, service="shop", kind=Kind.CLIENT, attributes={"db.system": "mysql", "db.name": "stock"}),
    span(5, 1, 60, 70, service="gate", kind=Kind.PRODUCER,
         attributes={"messaging.system": "kafka", "messaging.destination.name": "mail"}),
    span(6, 1, 70, 90, service="gate", kind=Kind.CLIENT,
         attributes={"http.request.method": "POST", "server.address": "api.example.com"}),
]  # fmt: skip


def test_the_map_names_the_protocol_of_each_connection(opened: Opened) -> None:
    page = parse(get(opened(*CALLS), view="map"))
    assert {tuple(row[:4]) for row in lines(page)} == {
        ("user", "gate", "HTTP", "1"),
        ("gate", "shop", "gRPC", "1"),
        ("shop", "mysql:stock", "mysql", "1"),
        ("gate", "kafka:mail", "kafka", "1"),
        ("gate", "api.example.com", "HTTP", "1"),
    }
    kinds = {group.get("data-kind") for group in with_class(page, "node")}
    assert kinds == {"user", "service", "db", "messaging", "external"}
    assert {text(label) for label in with_class(page, "lab")} == {"HTTP", "gRPC failed", "mysql", "kafka"}


def test_the_map_leads_to_the_spans_of_a_connection_in_the_waterfall(opened: Opened) -> None:
    client = opened(*CALLS)
    page = parse(get(client, view="map"))
    body = next(element for element in page.iter("tbody"))
    found = {}
    for row in body.iter("tr"):
        link = list(row.iter("a"))[-1].get("href", "")
        assert "view=" not in link
        hits = [
            hit
            for hit in with_class(parse(client.get(link)), "hit")
            if "t" in (hit.get("class") or "").split()
        ]
        found[words(row[1])] = [words(hit) for hit in hits]
    assert found == {
        "gate": ["gate step 1"],
        "shop": ["shop Shop/Buy"],
        "mysql:stock": ["step 4"],
        "kafka:mail": ["step 5"],
        "api.example.com": ["step 6"],
    }
    for link in with_class(page, "mapbox")[0].iter():
        if link.tag.endswith("}a") or link.tag == "a":
            assert client.get(link.get("href", "")).status_code == 200


def test_a_party_without_a_match_is_dim(opened: Opened) -> None:
    page = parse(get(opened(*CALLS), view="map", find="service=shop kind=client"))
    dim = {
        node.get("data-kind") for node in with_class(page, "node") if "is-dim" in (node.get("class") or "")
    }
    assert dim == {"user", "service", "messaging", "external"}
    assert len([node for node in with_class(page, "node") if "is-dim" not in (node.get("class") or "")]) == 2


def test_a_trace_of_one_service_has_a_map_of_one_party(opened: Opened) -> None:
    page = parse(get(opened(*chain(3)), view="map"))
    assert len(with_class(page, "node")) == 1
    assert "No span of this trace calls another party" in text(page)


def at(start_ms: int, name: str, **attributes: str) -> Event:
    return Event(name, (1_000_000 + start_ms) * MS, dict(attributes))


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
