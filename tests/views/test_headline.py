"""The first sentences of the search page: true of the traces behind their links, and silent when nothing stands out."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.traces import Opened, analysed, span
from webapp.model.spans import Attributes, Status
from webapp.store import Store


def test_the_page_opens_with_what_is_slow_and_what_failed_in_the_sample(client: FlaskClient) -> None:
    slow, was_slow, failing = (text(said) for said in with_class(parse(client.get("/traces")), "said"))
    assert slow.startswith(
        "web-storefront · POST /checkout: p95 is 5.08 s since 10:08, 3.6× its p95 otherwise (1.41 s)"
    )
    assert "of the slow ones’ time is in fraud-service." in slow
    assert "New at that time: fraud-service 2.14.0 (first seen 10:08:18)." in slow
    assert "it goes on to the last trace" in slow
    assert "p95 was 26.1 s from 10:00 to 10:05" in was_slow
    assert "most of it after the response" in was_slow
    assert failing.startswith("order-service · checkout: 31% failed from 09:43 to 09:56, 0.7% otherwise.")
    assert "9 of them: Failed in payment-service · POST /v1/charges: Stripe API timeout" in failing
    assert "it is over" in failing


def test_each_link_shows_as_many_traces_as_it_says(client: FlaskClient) -> None:
    said = client.get("/traces/headline.json").json
    assert said
    assert len(said["sentences"]) == 3
    for sentence in said["sentences"]:
        found = client.get(f"/traces.json?{urlsplit(sentence['url']).query}").json
        assert found
        assert found["total"] == sentence["shown"] > 0


@pytest.mark.parametrize("attributes", [{}, {"tailsampling.policy": "errors"}])
def test_of_traces_that_were_kept_no_part_is_said_to_have_failed(
    opened: Opened, attributes: Attributes
) -> None:
    traces = [
        span(1, 0, 1_000 * number, 1_000 * number + 50, trace_id=f"{number + 1:032x}", attributes=attributes,
             status=Status.ERROR if 100 <= number < 140 else Status.UNSET)
        for number in range(300)
    ]  # fmt: skip
    [said] = with_class(parse(analysed(opened, *traces).get("/traces")), "said")
    assert "40 of 40 requests" in text(said)
    assert ("40 failures from" in text(said)) == ("that were kept" in text(said)) == bool(attributes)
    assert ("% failed" in text(said)) == (not attributes)


def test_too_few_failures_for_sets_are_compared_one_with_one(client: FlaskClient) -> None:
    failing = client.get("/traces/headline.json").get_json()["sentences"][2]
    assert failing["shown"] < 20
    assert failing["why"] == "Compare the last one with a usual one that succeeded"
    page = client.get(failing["why_url"])
    assert page.status_code == 200
    ids = [ids[0] for ids in parse_qs(urlsplit(failing["why_url"]).query).values()]
    found = [client.get(f"/traces.json?q=trace.id={each}").get_json()["traces"][0] for each in ids]
    assert [trace["failed"] for trace in found] == [False, True]
    assert [trace["root"]["name"] for trace in found] == ["checkout", "checkout"]


def test_what_was_slow_after_the_response_is_not_explained_by_responses(client: FlaskClient) -> None:
    sentences = {
        bool(each["why_url"]): each["rest"]
        for each in client.get("/traces/headline.json").get_json()["sentences"]
        if each["kind"] == "slow"
    }
    assert "after the response" in sentences[False]
    assert "after the response" not in sentences[True]
    page = parse(client.get("/traces"))
    [said] = with_class(page, "headline")
    assert sum(text(link) == "What makes these slow?" for link in said.iter("a")) == 1


def test_the_p95_is_that_of_the_summary_line_in_that_time(client: FlaskClient) -> None:
    query = {"q": 'trace.root="web-storefront · POST /checkout"', "from": "2025-11-20T10:08:23.555Z"}
    summary = text(with_class(parse(client.get("/traces", query_string=query)), "summary")[0])
    assert "116 traces" in summary
    assert "p95 5.08 s" in summary


def test_a_query_that_chose_the_slow_or_failed_ones_gets_no_sentence(client: FlaskClient) -> None:
    for query in (
        "duration>1s",
        "trace.duration>1s",
        "error",
        "trace.failed",
        "service=payment-service status=error",
    ):
        assert not with_class(parse(client.get("/traces", query_string={"q": query})), "said"), query
    assert with_class(parse(client.get("/traces", query_string={"q": "service=payment-service"})), "said")


def test_a_time_in_which_nothing_changed_gets_no_sentence(client: FlaskClient) -> None:
    query = {"from": "2025-11-20T10:15:00Z"}
    assert not with_class(parse(client.get("/traces", query_string=query)), "said")


def test_new_versions_stand_in_the_chart_and_in_its_table(client: FlaskClient) -> None:
    figure = client.get("/traces/chart.json?chart=heat").json
    assert figure
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["fraud-service 2.14.0"]
    assert len(figure["layout"]["shapes"]) == 1
    table = text(parse(client.get("/traces/table")))
    assert "New versions 10:08:18.006 fraud-service 2.14.0" in table


def test_a_version_is_new_when_another_was_seen_before(sample_store: Store) -> None:
    """Against a query of its own over the spans."""
    with sample_store.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT service, text, min(start_ns)
            FROM spans JOIN services USING (service_id) JOIN resource_attributes USING (resource_id)
            WHERE key = 'service.version' AND service = 'fraud-service'
            GROUP BY ALL ORDER BY 3
            """
        ).fetchall()
    assert [(service, version) for service, version, _ in rows][-1] == ("fraud-service", "2.14.0")
    assert len(rows) == 2
