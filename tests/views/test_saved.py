"""Saved queries: kept under a name, opened by it, dropped."""

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse

SEARCH = {"q": "{error} >> {root}", "from": "-1h", "sort": "slowest", "page": "3", "nonsense": "1"}
URL = "/traces?q=%7Berror%7D+%3E%3E+%7Broot%7D&from=-1h&sort=slowest"


@pytest.fixture(autouse=True)
def _none_stay(client: FlaskClient) -> None:
    for each in client.get("/saved.json").get_json()["saved"]:
        client.post("/saved/drop", data={"name": each["name"]})


def test_a_search_is_saved_under_a_name_and_opened_by_it(client: FlaskClient) -> None:
    kept = client.post("/saved", data={"name": "  a/b  “c” ", **SEARCH})
    assert (kept.status_code, kept.location) == (303, URL)
    opened = client.get("/traces?saved=" + quote("a/b “c”"))
    assert (opened.status_code, opened.location) == (302, URL)
    links = [a.get("href") for a in parse(client.get("/saved")).iter("a")]
    assert URL in links
    assert "/traces?saved=a/b%20%E2%80%9Cc%E2%80%9D" in links
    assert "a/b “c”" in client.get("/traces").get_data(as_text=True)
    assert client.get("/saved.json").get_json() == {
        "saved": [{"name": "a/b “c”", "url": URL, "q": SEARCH["q"], "from": "-1h", "sort": "slowest"}]
    }


def test_a_name_is_given_once(client: FlaskClient) -> None:
    client.post("/saved", data={"name": "x", "q": "error"})
    client.post("/saved", data={"name": "x", "q": "root"})
    assert client.get("/traces?saved=x").location == "/traces?q=root"
    client.post("/saved/drop", data={"name": "x"})
    assert client.get("/traces?saved=x").status_code == 404


@pytest.mark.parametrize("data", [{"name": " "}, {"name": "x" * 101}, {"name": "x", "q": "a" * 9_000}, {}])
def test_what_cannot_be_kept_is_refused(client: FlaskClient, data: dict[str, str]) -> None:
    assert client.post("/saved", data=data).status_code == 400
    assert client.get("/saved.json").get_json() == {"saved": []}


def test_other_sites_save_and_drop_nothing(client: FlaskClient) -> None:
    for path in ("/saved", "/saved/drop"):
        answer = client.post(path, data={"name": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403


def test_a_name_is_never_markup(client: FlaskClient) -> None:
    client.post("/saved", data={"name": "<img src=x>", "q": "error"})
    for path in ("/saved", "/traces"):
        assert "<img src=x" not in client.get(path).get_data(as_text=True)
