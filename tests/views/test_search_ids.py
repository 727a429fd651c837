"""A pasted id that means several traces: the search lists them and says why."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from webapp.app import create_app
from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store

FIRST, SECOND = "4bf92f35" + "0" * 23 + "1", "4bf92f35" + "0" * 23 + "2"


def span(trace_id: str, span_id: str) -> dict[str, object]:
    endpoint = {"serviceName": "shop"}
    return {
        "traceId": trace_id, "id": span_id, "name": "get", "timestamp": 1_700_000_000_000_000, "duration": 5,
        "localEndpoint": endpoint,
    }  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    path = tmp_path / "zipkin.json"
    path.write_text(json.dumps([span(FIRST, "ab" * 8), span(SECOND, "ab" * 8), span("c" * 32, "cd" * 8)]))
    with Store.open(None) as store:
        load([str(path)], store, Progress())
        yield create_app(store).test_client()


@pytest.mark.parametrize(
    ("pasted", "words", "query"),
    [
        ("4bf92f35", "an id that begins with “4bf92f35”", "trace.id=4bf92f35*"),
        ("0x4BF92F35", "an id that begins with “0x4BF92F35”", "trace.id=4bf92f35*"),
        ("ab" * 8, "a span with the id “abababababababab”", "id=abababababababab"),
    ],
)
def test_several_traces_are_listed(client: FlaskClient, pasted: str, words: str, query: str) -> None:
    page = parse(client.get("/traces", query_string={"q": pasted}))
    hrefs = [a.get("href", "") for a in with_class(page, "title")]
    assert sorted(href.split("/")[2][:32] for href in hrefs) == [FIRST, SECOND]
    [note] = with_class(page, "note")
    assert words in text(note)
    assert query in text(note)
    offered = client.get("/traces.json", query_string={"q": query}).get_json()
    assert offered["total"] == 2
    assert client.get("/traces.json", query_string={"q": pasted}).get_json()["total"] == 2
    assert client.get("/traces/chart.json", query_string={"q": pasted}).status_code == 200


@pytest.mark.parametrize(
    "pasted", ["cd" * 8, "c" * 32, "c" * 8, f"traceID={'c' * 32}", f"00-{'c' * 32}-{'cd' * 8}-01"]
)
def test_one_trace_still_opens_and_machines_get_just_it(client: FlaskClient, pasted: str) -> None:
    response = client.get("/traces", query_string={"q": pasted})
    assert response.headers["Location"].startswith(f"/trace/{'c' * 32}")
    found = client.get("/traces.json", query_string={"q": pasted}).get_json()
    assert [trace["trace_id"] for trace in found["traces"]] == ["c" * 32]
    assert ("c" * 32) in client.get("/traces.csv", query_string={"q": pasted}).text
    assert client.get("/graph.json", query_string={"q": pasted}).get_json()["traces"] == 1
