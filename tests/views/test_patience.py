"""Pages that take long say how far they are, can be stopped, and are in the end what they are for who simply waits."""

import re
from collections.abc import Iterator

import pytest
from flask import Response
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.views.parsing import parse, text
from tests.views.sending import until
from webapp.app import create_app
from webapp.store import Store
from webapp.views import patience
from webapp.views.patience import Pages, patient
from webapp.working import step

READS = {  # as Chromium says it
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
}
FOLLOWS = READS | {"HX-Request": "true", "HX-Boosted": "true"}
ENDLESS = "SELECT sum(hash(range)) FROM range(1_000_000_000_000)"


@pytest.fixture
def impatient(sample_store: Store) -> FlaskClient:
    app = create_app(sample_store)
    app.config["pages"] = Pages(sample_store, patience_seconds=0)
    return app.test_client()


@pytest.fixture
def endless(impatient: FlaskClient, sample_store: Store) -> Iterator[FlaskClient]:
    """With a page at /endless that counts for ever."""

    def count() -> Response:
        step("Counting for ever", 2, 3)
        with sample_store.reading() as cursor:
            return Response(str(cursor.execute(ENDLESS).fetchall()))

    impatient.application.add_url_rule("/endless", view_func=patient(count))
    yield impatient
    impatient.application.config["pages"].close()
    assert impatient.application.config["pages"].under_way() == []


def number(response: TestResponse) -> str:
    found = re.search(r'name="number" value="(\d+)"', response.text)
    assert found
    return found[1]


def test_a_page_that_takes_long_says_how_far_it_is(endless: FlaskClient) -> None:
    until(lambda: "Counting for ever" in endless.get("/endless", headers=READS).text)
    waiting = endless.get("/endless", headers=READS)
    assert waiting.status_code == 202
    assert "Step 2 of 3" in text(parse(waiting))
    part = endless.get("/waiting", query_string={"number": number(waiting)}, headers={"HX-Request": "true"})
    assert part.text.startswith("<section")
    assert "Step 2 of 3" in part.text
    plain = endless.get("/waiting", query_string={"number": number(waiting)})
    assert plain.location == "/endless"


def test_what_is_stopped_ends_at_once_and_can_be_started_again(endless: FlaskClient) -> None:
    waiting = endless.get("/endless", headers=READS)
    answer = endless.post("/waiting/stop", data={"number": number(waiting)})
    assert (answer.status_code, answer.location) == (303, "/endless")
    [page] = endless.application.config["pages"].under_way()
    assert page.over.wait(60)  # the read itself would be ended after 5 s
    stopped = endless.get("/endless", headers=READS)
    assert stopped.status_code == 200
    assert "Stopped after" in text(parse(stopped))
    assert endless.get("/endless", headers=READS).status_code == 202


def test_stopping_what_is_over_says_so(endless: FlaskClient) -> None:
    for given in ("0", "x", "9" * 40, ""):
        assert endless.post("/waiting/stop", data={"number": given}).status_code == 404
    over = endless.get("/waiting?number=0", headers={"HX-Request": "true"})
    assert over.headers["HX-Refresh"] == "true"
    assert endless.get("/waiting?number=0").location == "/traces"


def test_a_link_within_a_page_leads_to_the_page_that_waits(endless: FlaskClient) -> None:
    answer = endless.get("/endless?x=1", headers=FOLLOWS)
    assert answer.headers["HX-Redirect"] == "/endless?x=1"
    [page] = endless.application.config["pages"].under_way()
    assert page.work.stopped


def test_a_page_that_nobody_asks_for_any_more_is_stopped(
    endless: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless.get("/endless", headers=READS)
    [page] = endless.application.config["pages"].under_way()
    monkeypatch.setattr(patience, "_FORGOTTEN_SECONDS", 0)
    endless.get("/keys", headers=READS)
    endless.get("/services", headers=READS)
    assert page.over.wait(60)
    assert page.work.stopped


PAGES = [
    "/traces",
    "/services",
    "/service?name=payment-service",
    "/graph?focus=payment-service",
    "/insights?kind=n_plus_one",
    "/compare?a=rest&b=error&attributes=now",
    "/service?name=nobody",
    "/compare?a=rest&b=error%3E%3E",
]


@pytest.mark.parametrize("url", PAGES)
def test_the_page_is_the_same_for_who_waits_and_for_who_is_told(
    client: FlaskClient, impatient: FlaskClient, url: str
) -> None:
    plain = until(lambda: at_rest(client.get(url)), seconds=120)
    answers: list[TestResponse] = []

    def is_there() -> bool:
        answers.append(impatient.get(url, headers=READS))
        return answers[-1].status_code != 202

    until(is_there)
    assert answers[-1].status_code == plain.status_code
    assert ages(answers[-1].text) == ages(plain.text)
    assert {answer.status_code for answer in answers[:-1]} <= {202}


def at_rest(answer: TestResponse) -> TestResponse | None:
    """A page that shows all that is looked for beside it."""
    return answer if "Traces looked at" not in answer.text else None


def ages(html: str) -> str:
    """Without what is said of the time that went by."""
    return re.sub(r"\d+ (s|min|h|d|days?) ago", "", html)


def test_who_asks_for_no_html_waits(impatient: FlaskClient) -> None:
    for accepted in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, READS | {"HX-Request": "true"}):
        assert impatient.get("/services", headers=accepted).status_code == 200
