"""Links that users describe: what is accepted, when they show, and that no value chooses where they lead."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.errors import BadSetting
from webapp.model.link_templates import filled, moments, parse_links, split_links


def links(*texts: str, **values: object) -> list[tuple[str, str]]:
    return [(link.label, link.url) for link in filled(parse_links(texts), values)]


def test_a_link_is_called_by_its_label_or_by_its_host() -> None:
    given_links = links("https://wiki.example/{name}", "Pod logs=https://logs.example/?q={name}", name="a b")
    assert given_links == [
        ("wiki.example", "https://wiki.example/a%20b"),
        ("Pod logs", "https://logs.example/?q=a%20b"),
    ]


def test_a_label_may_name_what_the_address_names() -> None:
    assert links("Order {order}=https://shop.example/{order}", order="7/b") == [
        ("Order 7/b", "https://shop.example/7%2Fb")
    ]


@pytest.mark.parametrize("value", [None, "", "  ", "..", ".", [1], {"a": 1}, b"x", "y" * 1001])
def test_a_link_without_all_of_its_values_is_not_shown(value: object) -> None:
    assert links("https://a.example/{x}/{name}", x=value, name="n") == []


def test_values_of_other_plain_types_are_written_as_text() -> None:
    assert links("https://a.example/{b}/{n}/{f}", b=True, n=7, f=1.5) == [
        ("a.example", "https://a.example/true/7/1.5")
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("javascript:alert(1)//{name}", "http"),
        ("Wiki=javascript:alert(1)", "http"),
        ("ftp://files.example/{name}", "http"),
        ("//wiki.example/{name}", "http"),
        ("", "http"),
        ("{name}://wiki.example/", "http"),
        ("https://{name}/", "host"),
        ("https://{name}.example/", "host"),
        ("https://user@wiki.example/", "host"),
        ("https:///{name}", "host"),
        ("https://wiki.example/{name", "brace"),
        ("https://wiki.example/name}", "brace"),
        ("https://wiki.example/{}", "empty"),
        ("https://wiki.example/a b", "space"),
        ("https://wiki.example:port/", "no address"),
        ("{order}=https://wiki.example/", "label"),
    ],
)
def test_what_is_no_link_to_a_web_page_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(BadSetting) as problem:
        parse_links((text,))
    assert said in problem.value.message
    assert problem.value.where == "links"


@given(st.text(st.characters(), max_size=40), st.text(st.characters(), max_size=40))
def test_no_value_changes_host_or_path_or_adds_markup(service: str, name: str) -> None:
    for _, url in links("https://wiki.example/s/{service}?n={name}", service=service, name=name):
        parts = urlsplit(url)
        assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "wiki.example", "")
        assert parts.path.count("/") == 2
        assert parts.query.startswith("n=")
        assert "&" not in parts.query
        assert not set(url) & set(" \"'<>\\")


def test_several_links_in_one_text_may_hold_commas() -> None:
    text = "https://a.example/?q=1,2&x={name}, Pod logs=https://b.example/{k8s.pod.name},https://c.example/"
    assert split_links(text) == (
        "https://a.example/?q=1,2&x={name}", "Pod logs=https://b.example/{k8s.pod.name}", "https://c.example/",
    )  # fmt: skip
    assert split_links(" ") == ()


def test_a_link_of_the_trace_alone_is_known_as_such() -> None:
    of_trace, of_span = parse_links(
        ("https://a.example/{trace_id}?t={trace_start_ms}", "https://a.example/{trace_id}/{name}")
    )
    assert (of_trace.of_trace, of_span.of_trace) == (True, False)


def test_times_are_there_in_all_units_unless_unknown() -> None:
    assert moments("start", 1_234_567_890_123_456_789)["start_ms"] == 1_234_567_890_123
    assert moments("start", 0) == {}
