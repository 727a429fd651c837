"""The flame graph of a trace: which frames it draws, what they say, and what it leaves out."""

from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.traces import Opened, chain, frames, get, lines, links, span, words
from webapp.model.spans import Status


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
