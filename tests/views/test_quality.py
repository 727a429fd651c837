"""`/sources/quality`: sentences that are true, numbers that are those of their links, and no secret anywhere."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.planted import stored
from tests.planted_faults import COUNTS, SECRETS, faulty_spans, healthy_spans
from tests.views.parsing import parse, text, with_class
from webapp.app import create_app
from webapp.loading import analyse_pending
from webapp.model.quality import CODES, Line
from webapp.store import Ended, Store
from webapp.views.sources import quality_words

WHOLE = "/sources/quality.json?wait=60"


@pytest.fixture(scope="module")
def faulty() -> Iterator[FlaskClient]:
    with stored(faulty_spans()) as store:
        client = create_app(store).test_client()
        report(client)
        yield client


def report(client: FlaskClient, url: str = WHOLE) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(url).get_json()
    assert (answer["working"], answer["failed"]) == (False, False)
    return answer["report"]  # type: ignore[no-any-return]


def test_the_twin_tells_each_line_with_its_numbers(faulty: FlaskClient) -> None:
    lines = report(faulty)["lines"]
    assert {(line["code"], line["key"] or ""): line["count"] for line in lines} == {
        planted: spans for planted, (spans, _) in COUNTS.items()
    }
    assert lines[0]["severity"] == "high"
    skew = next(line for line in lines if line["code"] == "clock_skew")
    assert skew["sentence"] == (
        "4 traces show clocks that disagree: 2 pairs of clocks, by up to 130 ms. Their times were shifted to fit."
    )
    assert skew["places"][0]["name"] == "web-1 → db-2"
    assert all(line["fix"].count(". ") <= 1 for line in lines)


def test_the_links_ask_what_was_counted_and_open_lists_of_as_many(faulty: FlaskClient) -> None:
    queries = {(line["code"], line["key"] or ""): line["query"] for line in report(faulty)["lines"]}
    rows = with_class(parse(faulty.get("/sources/quality")), "remark-row")
    assert len(rows) == len(COUNTS)
    opened = {"clock_skew", "silent_errors", "context_lost", "many_spans", "card", "unnamed_calls"}
    for row in rows:
        code = row.get("data-code", "")
        for link in with_class(row, "sentence")[0].iter("a"):
            url = link.get("href", "")
            asked = parse_qs(urlsplit(url).query)
            number, noun = text(link).split()[0], text(link).split()[-1].rstrip("s")
            assert (noun == "span") == (asked.get("show") == ["spans"])
            assert asked["q"][0] in [query for (of, _), query in queries.items() if of == code]
            if code in opened:
                assert re.search(rf"(?<![\d,]){number} {noun}s?\b", text(parse(faulty.get(url)))), text(link)
        opened.discard(code)


def test_no_secret_is_on_the_page_nor_in_its_twin(faulty: FlaskClient) -> None:
    for url in ("/sources/quality", WHOLE):
        answer = faulty.get(url).get_data(as_text=True)
        assert not [secret for secret in SECRETS if secret in answer]
        assert "•••• 1111" in answer or "\\u2022 1111" in answer


def test_what_was_looked_for_and_not_found_is_told(faulty: FlaskClient) -> None:
    clean = set(report(faulty)["clean"])
    assert clean == set(CODES) - {code for code, _ in COUNTS}
    looked = text(with_class(parse(faulty.get("/sources/quality")), "lookedfor")[0])
    assert "What else was looked for, and not found" in looked
    assert "Times in the future" in looked
    assert f"Values of all {len(faulty_spans()):,} spans were looked at" in looked


def test_nothing_wrong_says_what_was_looked_for() -> None:
    with stored(healthy_spans()) as store:
        client = create_app(store).test_client()
        report(client)
        page = text(parse(client.get("/sources/quality")))
        assert "No faults found in 24 spans of 12 traces." in page
        assert all(words.label in page for words in quality_words.WORDS.values())


def test_an_empty_store_has_nothing_to_look_at() -> None:
    with Store.open(None) as store:
        client = create_app(store).test_client()
        report(client)
        assert "No spans to look at yet" in text(parse(client.get("/sources/quality")))


def test_the_first_spans_are_looked_at_before_anything_is_said_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("webapp.views.sources.quality._WAIT_SECONDS", 0.0)
    with Store.open(None) as store:
        client = create_app(store).test_client()
        report(client)
        store.append(healthy_spans(), store.start_source("web", "otlp", ""))
        for _ in range(2):
            page = client.get("/sources/quality").get_data(as_text=True)
            assert "No spans to look at" not in page
            assert "Looking again" not in page
            assert "came since" not in page
            assert "Looking at" in page
            assert report(client)["spans"] == 0
        analyse_pending(store)
        assert report(client)["spans"] == 24
        assert "No faults found in 24 spans" in client.get("/sources/quality").get_data(as_text=True).replace(
            "</b>", ""
        )


def test_one_source_is_reported_alone() -> None:
    with stored(faulty_spans()) as store:
        store.start_source("nothing.json", "otlp", "")
        client = create_app(store).test_client()
        first = report(client, f"{WHOLE}&source=1")
        assert first["source"] == 1
        assert all("source=1" in line["query"] for line in first["lines"])
        assert report(client, f"{WHOLE}&source=2")["lines"] == []
        assert "test" in text(with_class(parse(client.get("/sources/quality?source=1")), "qualitybar")[0])


def test_the_pages_of_sources_fetch_it_once_they_stand_and_their_twins_hold_it(faulty: FlaskClient) -> None:
    for page, address in (("/sources", "/sources/quality"), ("/source?id=1", "/sources/quality?source=1")):
        late = with_class(parse(faulty.get(page)), "quality")[0]
        assert (late.get("hx-get"), late.get("hx-trigger")) == (address, "load")
        assert [link.get("href") for link in late.iter("a")] == [address]
    whole = faulty.get("/sources.json?wait=60").get_json()["quality"]["report"]
    alone = faulty.get("/source.json?id=1&wait=60").get_json()["quality"]["report"]
    assert (whole["source"], alone["source"]) == (None, 1)
    assert len(whole["lines"]) == len(alone["lines"]) == len(COUNTS)


@pytest.mark.parametrize("source", ["7", "-1", "x", "1 OR 1=1", "١", "99999999999999999999"])
def test_a_source_that_is_not_there_is_said_to_be_none(faulty: FlaskClient, source: str) -> None:
    for path in ("/sources/quality", "/sources/quality.json"):
        answer = faulty.get(path, query_string={"source": source})
        assert answer.status_code == 404
        assert "There is no such source" in answer.get_data(as_text=True)


def test_while_it_is_made_the_page_says_so_and_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.views.sources.quality._WAIT_SECONDS", 0.0)
    with stored(faulty_spans()) as store:
        client = create_app(store).test_client()
        page = client.get("/sources/quality").get_data(as_text=True)
        assert "Looking at" in page
        assert 'hx-trigger="every 700ms"' in page
        assert "See whether it is done" in page
        report(client)
        assert "hx-trigger" not in client.get("/sources/quality", headers={"HX-Request": "true"}).get_data(
            as_text=True
        )


def test_a_report_stands_while_spans_come_in_and_is_made_anew_when_it_is_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stored(healthy_spans()) as store:
        client = create_app(store).test_client()
        assert report(client)["current"]
        store.append(faulty_spans()[:3], 1)
        stands = report(client)
        assert not stands["current"]
        assert "3 spans came since this was counted" in text(parse(client.get("/sources/quality")))
        monkeypatch.setattr("webapp.loading.quality._REST_SECONDS", 0.0)
        monkeypatch.setattr("webapp.loading.quality._REST_TIMES", 0)
        assert report(client)["current"]


def test_a_report_that_fails_says_so_and_is_not_tried_again_and_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with stored(healthy_spans()) as store:
        client = create_app(store).test_client()

        def broken(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(store.quality, "report", broken)
        for _ in range(2):
            assert client.get(WHOLE).get_json() == {
                "working": False,
                "looking_at": "",
                "failed": True,
                "report": None,
            }
        assert "could not be made" in client.get("/sources/quality").get_data(as_text=True)
        assert len(caplog.records) == 1


def test_words_of_traces_are_text_on_the_page() -> None:
    hostile = "<script>alert(1)</script>"
    spans = [
        type(span)(
            **{name: getattr(span, name) for name in span.__struct_fields__}
            | {
                "service": hostile,
                "attributes": {f"{hostile} password": hostile + "secret", '"': "a@b.example.com"},
            }
        )
        for span in healthy_spans()
    ]
    with stored(spans) as store:
        client = create_app(store).test_client()
        lines = report(client)["lines"]
        assert {line["code"] for line in lines} == {"email"}
        page = client.get("/sources/quality").get_data(as_text=True)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
        for line in lines:
            found = client.get("/traces.json", query_string={"q": line["query"]}).get_json()
            assert found["total"] == line["traces"]


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_words_that_read_well_for_one_and_for_many(code: str) -> None:
    facts: dict[str, int | str] = {
        "spans": 1, "services": 2, "pairs": 1, "largest_ns": 5, "least": 9, "most": 9, "times": 3, "more": 1,
        "caller": "a", "service": "b", "example": "•••",
    }  # fmt: skip
    one, many = (
        quality_words.sentence(Line(code, "traces", count, 10, facts=facts, subject="key"))
        for count in (1, 1200)
    )
    assert many.startswith("1,200 ")
    assert one.endswith(".")
    assert " have " not in f" {one} ".split(":")[0] or code == "context_lost"
    assert "{" not in one + quality_words.fix(Line(code, "traces", 1, 10, facts=facts))


def test_the_sample_data_are_told_of_truly(client: FlaskClient) -> None:
    lines = {line["code"]: line for line in report(client)["lines"]}
    assert {code: (line["count"], line["unit"]) for code, line in lines.items()} == {
        "clock_skew": (348, "traces"),
        "missing_parents": (11, "traces"),
        "many_spans": (1, "traces"),
        "vague_queries": (1204, "spans"),
        "whole_us": (17_821, "spans"),
    }
    assert {place["name"].split("-")[0] for place in lines["clock_skew"]["places"]} == {"order", "gateway"}
    assert round(lines["clock_skew"]["facts"]["largest_ns"] / 1e6) == -412
    assert [place["name"] for place in lines["vague_queries"]["places"]] == ["catalogue-service"]
    for line in lines.values():
        found = client.get("/traces.json", query_string={"q": line["query"], "limit": 1}).get_json()
        assert found["total"] == line["traces"], line["code"]


def test_records_that_were_left_out_lead_to_the_sources_that_held_them() -> None:
    with stored(faulty_spans()) as store:
        ended = [Ended(store.start_source(name, "otlp", ""), 1, []) for name in ("a", "b")]
        store.finish_sources(ended)
        client = create_app(store).test_client()
        report(client, WHOLE)
        page = parse(client.get("/sources/quality"))
        [row] = [row for row in with_class(page, "remark-row") if row.get("data-code") == "rejected"]
        assert "2 records could not be read and had to be left out." in text(row)
        assert next(row.iter("a")).get("href") == "/sources?show=remarks"
