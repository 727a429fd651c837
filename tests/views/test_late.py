"""Lists and the page of a trace say the same of it, where work went on after the response and where clocks were shifted."""

from tests.views.parsing import parse, text, with_class
from tests.views.traces import ID, Opened, analysed, get, span, words
from webapp.model.spans import Kind


def test_a_row_says_what_the_page_of_a_trace_opens_with_that_goes_on_after_its_response(
    opened: Opened,
) -> None:
    client = analysed(
        opened,
        span(1, 0, 0, 20, kind=Kind.SERVER, name="order"),
        span(2, 1, 10, 15, kind=Kind.PRODUCER, name="send"),
        span(3, 2, 100, 400, service="mail", kind=Kind.CONSUMER, name="deliver"),
    )
    sentence = "mail · deliver is 75% of the 400 ms until the last span ended"
    assert sentence in text(with_class(parse(get(client)), "verdict")[0])
    assert sentence in text(with_class(parse(client.get("/traces")), "mixnote")[0])
    [listed] = client.get("/traces.json").get_json()["traces"]
    assert (listed["opens_on"], listed["completion_verdict"]["sentence"]) == ("completion", sentence)
    assert listed["verdict"]["sentence"] == "web · order is 75% of the 20.0 ms"
    assert client.get(f"/trace/{ID}.json").get_json()["opens_on"] == "completion"


def test_work_that_ends_soon_after_the_response_leaves_the_row_to_the_response(opened: Opened) -> None:
    client = analysed(opened, span(1, 0, 0, 100, kind=Kind.SERVER), span(2, 1, 90, 150, kind=Kind.CONSUMER))
    [listed] = client.get("/traces.json").get_json()["traces"]
    assert (listed["opens_on"], listed["completion_verdict"]) == ("response", None)
    assert text(with_class(parse(client.get("/traces")), "mixnote")[0]).startswith("100% web")


def test_the_duration_that_lists_show_stands_on_the_page_where_clocks_were_shifted(opened: Opened) -> None:
    client = analysed(
        opened,
        span(1, 0, 0, 100, kind=Kind.CLIENT, attributes={"host.name": "a"}),
        span(2, 1, 205, 300, service="db", kind=Kind.SERVER, attributes={"host.name": "b"}),
    )
    page = words(with_class(parse(get(client)), "facts")[0])
    assert page.startswith("100 ms recorded as 300 ms 2 spans")
    assert "300 ms" in text(with_class(parse(client.get("/traces")), "dur")[0])
    assert "recorded as" not in words(with_class(parse(get(opened(span(1, 0, 0, 100)))), "facts")[0])
