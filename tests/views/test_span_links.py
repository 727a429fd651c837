"""What an opened span is connected with: calls, links from both ends, links of the user's own, its JSON."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.traces import ID, MS, Opened, get, rows, span, words
from webapp.analysis.batch import analyse_batch
from webapp.app import create_app
from webapp.errors import TooSlow
from webapp.formats import otlp
from webapp.formats.notes import Notes
from webapp.model.spans import Link, Resource, Span
from webapp.settings import Settings
from webapp.store import Store
from webapp.store.reading.links import Links

OTHER = "cd" * 16
ONE, TWO = f"{1:016x}", f"{2:016x}"


def linked_spans() -> list[Span]:
    start_ns = 1_000_000 * MS
    return [
        span(1, kind=4, attributes={"messaging.system": "kafka"}),
        span(2, 1, links=[Link(ID, ONE, {"why": "again"})], name="retry"),
        Span(trace_id=OTHER, span_id=ONE, name="take", service="worker", kind=5, start_ns=start_ns + 500 * MS,
             end_ns=start_ns + 600 * MS, attributes={"messaging.system": "kafka"},
             links=[Link(ID, ONE), Link("ab" * 16, TWO)]),
    ]  # fmt: skip


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as opened:
        opened.append(linked_spans(), opened.start_source("test", "otlp", ""))
        for columns in opened.pending():
            opened.append_facts(columns, analyse_batch(columns))
        opened.settle()
        yield opened


@pytest.fixture
def client(store: Store) -> FlaskClient:
    return create_app(store).test_client()


def test_a_span_names_who_links_to_it_from_this_trace_and_from_others(client: FlaskClient) -> None:
    page = parse(get(client, span=ONE))
    said = words(with_class(page, "detail")[0])
    assert "Linked from 2" in said
    assert "web retry in this trace why again" in said
    assert "worker take in another trace, no date 00:16:40.500" in said
    targets = [link.get("href", "") for ends in with_class(page, "linked") for link in ends.iter("a")]
    assert f"/trace/{OTHER}?span={ONE}" in targets


def test_a_link_names_its_other_end_and_how_long_a_message_lay(client: FlaskClient) -> None:
    said = words(with_class(parse(client.get(f"/trace/{OTHER}?span={ONE}")), "detail")[0])
    assert "Links 2 web step 1 in another trace" in said
    assert f"trace {'ab' * 16} not here" in said
    assert "Lay in the queue 490 ms" in said


def test_the_head_lists_the_traces_that_a_trace_is_linked_with(client: FlaskClient) -> None:
    found = with_class(parse(get(client)), "linkedtraces")[0]
    assert words(found).startswith("Linked with 1 other trace Linked from worker take no date")
    found = with_class(parse(client.get(f"/trace/{OTHER}")), "linkedtraces")[0]
    assert "Its spans link to web step 1" in words(found)
    assert f"{'ab' * 16} not here" in words(found)


def test_a_search_for_links_that_takes_too_long_is_given_up_and_said(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> None:
        raise TooSlow("This takes too long.")

    monkeypatch.setattr(Links, "to_spans", slow)
    monkeypatch.setattr(Links, "to_trace", slow)
    page = get(client, span=ONE)
    assert page.status_code == 200
    assert text(parse(page)).count("not looked for: it takes too long here") == 2


def test_a_span_leads_to_its_parent_and_its_children(opened: Opened) -> None:
    client = opened(span(1), *(span(number, 1, number, number + 1) for number in range(2, 14)), span(20, 2))
    page = parse(get(client, span=TWO))
    calls = with_class(page, "relatives")[0]
    assert words(calls) == "by web step 1 10.0 ms to web step 20 10.0 ms"
    url = next(calls.iter("a")).get("href", "")
    assert rows(parse(client.get(url, follow_redirects=True)))[0].get("aria-selected") == "true"
    assert "and 4 more, below this row" in words(with_class(parse(get(client, span=ONE)), "relatives")[0])


def test_links_of_the_user_stand_on_spans_and_on_the_trace_if_they_speak_of_it_alone(store: Store) -> None:
    resource = Resource({"k8s.pod.name": "a/b?c"})
    store.append([span(3, 1, resource=resource)], store.start_source("more", "otlp", ""))
    templates = (
        "Wiki=https://wiki.example/{service.name}/{name}", "Pod=https://k8s.example/{k8s.pod.name}?t={start_ms}",
        "https://logs.example/?trace={trace_id}&from={trace_start_s}",
    )  # fmt: skip
    client = create_app(store, Settings(links=templates)).test_client()

    def outward(span_id: str, where: str) -> dict[str, str]:
        part = with_class(parse(get(client, span=span_id)), where)[0]
        links = [link for link in part.iter("a") if link.get("target")]
        assert all(
            link.get("target") == "_blank" and link.get("rel") == "noopener noreferrer" for link in links
        )
        return {text(link): link.get("href", "") for link in links}

    logs = f"https://logs.example/?trace={ID}&from=1000"
    assert outward(ONE, "outward") == {"logs.example ↗": logs}
    assert outward(ONE, "foot") == {"Wiki ↗": "https://wiki.example/web/step%201", "logs.example ↗": logs}
    assert outward(f"{3:016x}", "foot")["Pod ↗"] == "https://k8s.example/a%2Fb%3Fc?t=1000000"


def test_a_span_is_given_as_otlp_that_can_be_read_again(client: FlaskClient) -> None:
    from io import BytesIO

    raw = client.get(f"/trace/{OTHER}/span/{ONE}.json?as=otlp").data
    [again] = otlp.read(BytesIO(raw), Notes())
    assert (again.links, again.name, again.start_ns) == (
        linked_spans()[2].links, "take", linked_spans()[2].start_ns,
    )  # fmt: skip
    shown = with_class(parse(client.get(f"/trace/{OTHER}?span={ONE}")), "raw")[0]
    assert '"resourceSpans"' in text(shown)
    assert client.get(f"/trace/{OTHER}/span/{ONE}.json").get_json()["name"] == "take"
    assert client.get(f"/trace/{OTHER}/span/{TWO}.json").status_code == 404


def test_a_span_that_nobody_sent_has_no_otlp(opened: Opened) -> None:
    client = opened(span(1), span(2, 9, 2, 5))
    assert get(client, f"/span/{9:016x}.json").get_json()["synthetic"] is True
    assert client.get(f"/trace/{ID}/span/{9:016x}.json?as=otlp").status_code == 404
    assert not with_class(parse(get(client, span=f"{9:016x}")), "raw")


def test_attributes_are_a_list_or_a_tree_and_the_choice_is_kept(opened: Opened) -> None:
    keys = ["http.request.method", "http.request.size", "http.route", "a.b.c", "plain", "url"]
    client = opened(span(1, attributes=dict.fromkeys(keys, "x")))
    page = parse(get(client, span=ONE))
    assert not with_class(page, "tree")
    other = next(link for link in with_class(page, "span")[0].iter("a") if text(link) == "Tree")
    page = parse(client.get(other.get("href", "")))
    tree = with_class(page, "tree")[0]
    assert [text(one) for one in tree.iter("summary")] == ["http 3", "request 2"]
    assert [text(cell) for cell in tree.iter("th")] == ["a.b.c", "plain", "url", "route", "method", "size"]
    assert [cell.get("title") for cell in tree.iter("th")][-1] == "http.request.size"
    assert with_class(parse(get(client, span=ONE)), "tree")  # a cookie remembers
    own = parse(get(client, f"/span/{ONE}"))
    back = next(link for link in with_class(own, "span")[0].iter("a") if text(link) == "List")
    assert back.get("href", "").startswith(f"/trace/{ID}/span/{ONE}?")
    client.get(back.get("href", ""))
    assert not with_class(parse(get(client, span=ONE)), "tree")


@pytest.mark.parametrize("key", ["." * 500, ".".join("a" * 250), "a..b", ".a", "a."])
def test_a_tree_is_made_of_keys_of_any_form(opened: Opened, key: str) -> None:
    client = opened(span(1, attributes={key: 1, f"{key}.x": 2, f"{key}.y": 3}))
    page = parse(get(client, span=ONE, attributes="tree"))
    assert {cell.get("title") for cell in with_class(page, "tree")[0].iter("th")} == {
        key,
        f"{key}.x",
        f"{key}.y",
    }


@pytest.mark.parametrize(
    ("trace_id", "span_id"), [("", ""), ("zz", "q"), ("ab" * 16, ""), ("", ONE), (ID, "zz")]
)
def test_links_with_ids_of_any_form_are_shown(opened: Opened, trace_id: str, span_id: str) -> None:
    page = get(opened(span(1, links=[Link(trace_id, span_id)])), span=ONE)
    assert page.status_code == 200
    assert "Links 1" in words(with_class(parse(page), "detail")[0])
