"""The first page of an empty store, and the page of a trace that is not here (yet)."""

from io import BytesIO

import pytest
from flask.testing import FlaskClient

from tests.planted import stored
from tests.views.parsing import parse, text, with_class
from tests.views.sending import until
from tests.views.traces import span
from webapp.app import create_app

PART = {"HX-Request": "true"}
CHECKOUT = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("path", ["/", "/traces"])
def test_the_page_of_an_empty_store_opens_the_first_trace_by_itself(empty: FlaskClient, path: str) -> None:
    [welcome] = with_class(parse(empty.get(path)), "welcome")
    assert (welcome.get("hx-get"), welcome.get("hx-swap")) == ("/sources/first", "none")
    assert "opens by itself" in text(welcome)


@pytest.mark.parametrize("path", ["/services", "/graph", "/insights", "/sources/quality"])
def test_other_pages_of_an_empty_store_lead_to_it(empty: FlaskClient, path: str) -> None:
    empty.get("/sources/quality.json?wait=60")
    [main] = list(parse(empty.get(path)).iter("main"))
    assert [link.get("href") for link in main.iter("a") if "see an example" in text(link)] == ["/"]


@pytest.mark.parametrize("path", ["/", "/traces"])
def test_an_empty_store_shows_what_to_do(empty: FlaskClient, path: str) -> None:
    document = parse(empty.get(path, headers={"Host": "localhost:4318"}))
    assert [text(heading) for heading in document.iter("h3")][-3:] == [
        "See an example",
        "Open files",
        "Send traces",
    ]
    actions = {form.get("action") for form in document.iter("form") if form.get("method") == "post"}
    assert {"/sources/example", "/sources"} <= actions
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318" in text(document)


def test_a_store_with_spans_begins_with_its_traces(client: FlaskClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.location) == (302, "/traces")
    assert "See an example" not in client.get("/traces").text


def test_the_example_opens_the_slow_checkout(empty: FlaskClient) -> None:
    assert empty.post("/sources/example").status_code == 303
    until(lambda: empty.get("/sources.json").get_json()["loads"][0]["over"])
    assert empty.get("/sources/load?number=1", headers=PART).headers["HX-Redirect"] == f"/trace/{CHECKOUT}"
    assert "fraud-service · check is 80% of the 4.00 s" in text(parse(empty.get(f"/trace/{CHECKOUT}")))
    assert "Open the slow checkout" in empty.get("/sources?load=1").text
    [path] = [each["path"] for each in empty.get("/sources.json?find=otlp.json.zst").get_json()["sources"]]
    assert path == "sample_data/checkout/otlp.json.zst"


def test_the_first_page_leads_to_the_first_trace_or_to_all_of_several(empty: FlaskClient) -> None:
    assert empty.get("/sources/first", headers=PART).status_code == 204
    one, other = span(1), span(1, trace_id="5" * 32)
    with stored([one]) as store:
        client = create_app(store).test_client()
        assert client.get("/sources/first", headers=PART).headers["HX-Redirect"] == f"/trace/{one.trace_id}"
    with stored([one, other]) as store:
        client = create_app(store).test_client()
        assert client.get("/sources/first", headers=PART).headers["HX-Redirect"] == "/traces"
        asked = PART | {"HX-Current-URL": "http://localhost/traces?q=error"}
        assert client.get("/sources/first", headers=asked).headers["HX-Redirect"] == "/traces?q=error"
        client.post("/sources", data={"files": (BytesIO(b"no trace"), "notes.txt")})
        until(lambda: client.get("/sources.json").get_json()["loads"][0]["over"])
        assert client.get("/sources/first", headers=PART).headers["HX-Redirect"] == "/traces"


def test_a_trace_that_is_not_here_is_waited_for_and_looked_for(client: FlaskClient) -> None:
    asked = CHECKOUT[:-1] + "0"
    answer = client.get(f"/trace/{asked}")
    page = parse(answer)
    assert answer.status_code == 404
    assert f"The trace {asked} is not here (yet)." in text(page)
    [main] = list(page.iter("main"))
    assert main.get("hx-trigger") == "every 10s"
    assert client.get(main.get("hx-get") or "", headers=PART).status_code == 204
    [alike] = [link.get("href") or "" for link in page.iter("a") if "begins alike" in text(link)]
    assert client.get(alike.replace("/traces", "/traces.json")).get_json()["total"] == 1
    assert client.get(f"/trace/{asked}.json").get_json()["error"]["message"] == text(next(page.iter("h1")))


def test_the_page_of_a_missing_trace_opens_it_when_it_has_come(client: FlaskClient) -> None:
    found = client.get(f"/sources/arrived?trace={CHECKOUT}", headers=PART)
    assert found.headers["HX-Redirect"] == f"/trace/{CHECKOUT}"
    assert client.get("/sources/arrived").status_code == 204


@pytest.mark.parametrize("asked", ["<script>alert(1)</script>", "zzz", "4b", "a" * 3000, "4bf92f*"])
def test_whatever_is_asked_for_is_text(client: FlaskClient, asked: str) -> None:
    answer = client.get(f"/trace/{asked}")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
    parse(answer)
