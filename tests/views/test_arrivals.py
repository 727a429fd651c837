"""What pages say while traces come in."""

import html
import re
import time
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.store.shop import SECOND
from tests.views.parsing import parse
from tests.views.sending import hush, traces_of, until
from webapp.app import create_app
from webapp.loading import analyse_pending
from webapp.loading.arriving import Arriving
from webapp.loading.listening import Listening
from webapp.loading.live import Live
from webapp.store import Store

MINUTE = 60 * SECOND


@pytest.fixture
def client() -> Iterator[FlaskClient]:
    with Store.open(None) as store:
        yield create_app(store).test_client()


def send(client: FlaskClient, trace: int, start_ns: int = 0, span: int = 1) -> None:
    start_ns = start_ns or time.time_ns()
    one = {
        "traceId": f"{trace:032x}",
        "spanId": f"{span:016x}",
        "name": "work",
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + SECOND),
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}
    assert client.post("/v1/traces", json=body).status_code == 200


def test_nothing_is_said_of_what_made_a_trace_slow_while_it_arrives(client: FlaskClient) -> None:
    send(client, 1)
    [trace] = traces_of(client, spans=1)
    assert trace["verdict"] is None
    assert client.get(f"/trace/{1:032x}.json").get_json()["verdict"] is None
    assert "still arriving" in client.get("/traces").text
    page = client.get(f"/trace/{1:032x}").text
    assert "Still arriving" in page
    assert "of the 1.00 s" not in page
    assert client.get("/traces.csv").text.splitlines()[1].endswith(",,,,")
    assert client.get("/traces.parquet").status_code == 200


def test_it_is_said_when_the_trace_is_quiet(client: FlaskClient) -> None:
    store = client.application.config["store"]
    client.application.config["live"] = Live(store, durable=False, quiet_seconds=0.1)
    send(client, 1)
    traces_of(client, spans=1)
    until(lambda: traces_of(client)[0]["verdict"])
    page = client.get(f"/trace/{1:032x}").text
    assert "Still arriving" not in page
    assert "still arriving" not in client.get("/traces").text


def test_a_row_that_still_arrives_asks_for_itself_until_it_is_quiet(client: FlaskClient) -> None:
    store = client.application.config["store"]
    for trace in (1, 2):
        send(client, trace)
    traces_of(client, spans=1)
    asks = [row.get("hx-get", "") for row in parse(client.get("/traces?q=work&sort=slowest")).iter("tr")]
    [first, second] = filter(None, asks)
    assert client.get(first).location == "/traces?q=work&sort=slowest"
    part = client.get(first, headers={"HX-Request": "true"}).text
    assert "still arriving" in part
    assert f'hx-get="{html.escape(first)}"' in part
    client.application.config["live"] = Live(store, durable=False, quiet_seconds=0.1)
    analyse_pending(store)
    rows = [client.get(url, headers={"HX-Request": "true"}).text for url in (first, second)]
    for row in rows:
        assert row.lstrip().startswith("<tr>")
        assert "still arriving" not in row
        assert "work" in row
        assert 'type="checkbox"' in row
    store.remove_traces([f"{1:032x}", f"{2:032x}"])
    assert client.get(first, headers={"HX-Request": "true"}).status_code == 204


def test_a_trace_without_facts_is_shown_by_its_id(client: FlaskClient) -> None:
    """Before the first look at what came in."""
    send(client, 1)
    until(lambda: client.get(f"/trace/{1:032x}").status_code == 200)
    assert client.get(f"/trace/{1:032x}.json").get_json()["verdict"] is None


def test_relative_times_count_from_now_while_spans_come_in(client: FlaskClient) -> None:
    send(client, 1, start_ns=time.time_ns() - 30 * MINUTE)
    traces_of(client, spans=1)

    def found(since: str) -> int:
        return int(client.get("/traces.json", query_string={"from": since}).get_json()["total"])

    assert (found("-15m"), found("-1h")) == (0, 1)
    client.application.config["live"].listening = Listening()
    assert found("-15m") == 1


def test_an_open_page_can_ask_for_newer_traces(client: FlaskClient) -> None:
    send(client, 1)
    traces_of(client, spans=1)
    page = client.get("/traces?q=work").text
    url = page.split('data-newer="')[1].split('"')[0].replace("&amp;", "&")
    assert client.get(url).get_json() == {"newer": 0, "words": "0 newer traces", "active": True}
    send(client, 2)
    send(client, 3)
    traces_of(client, spans=3)
    assert client.get(url).get_json()["words"] == "2 newer traces"
    client.application.config["live"].listening = Listening()
    assert "data-newer" not in client.get("/traces").text
    assert not client.get(url).get_json()["active"]


def test_an_empty_store_says_where_to_send_traces(client: FlaskClient) -> None:
    page = client.get("/traces", headers={"Host": "localhost:9999"}).text
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:9999" in page
    assert "data-newer" not in page


def test_an_open_trace_is_told_of_what_came_since_and_judged_when_it_is_quiet(client: FlaskClient) -> None:
    store = client.application.config["store"]
    live = client.application.config["live"] = Live(store, durable=False, quiet_seconds=600)
    trace = f"/trace/{1:032x}"
    send(client, 1)
    until(lambda: client.get(trace).status_code == 200)
    page = client.get(trace).text
    [asks] = re.findall(rf'hx-get="({trace}/grown[^"]*)"', page)
    asks = html.unescape(asks)

    def part(url: str) -> str:
        return client.get(url, headers={"HX-Request": "true"}).text

    assert "data-reload" not in part(asks)
    assert 'id="verdict"' not in part(asks)
    hush(live)
    until(lambda: 'id="verdict"' in part(asks))
    judged = part(asks)
    assert "Still arriving" not in judged
    assert "waiting" not in judged.split("hx-trigger")[0]
    live.arriving = Arriving(600)
    send(client, 1, span=2)
    send(client, 1, span=3)
    until(lambda: "2 spans came: show them" in part(asks))
    assert 'id="verdict"' not in part(asks)
    store.remove_traces([f"{1:032x}"])
    assert "This trace is gone" in part(asks)
