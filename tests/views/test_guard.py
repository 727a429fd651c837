"""What every request must pass and every response must carry."""

import gzip

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    "path", ["/traces", "/graph", "/keys", "/syntax", "/nowhere", "/static/css/base.css", "/traces.json"]
)
def test_every_answer_carries_the_strict_policy(client: FlaskClient, path: str) -> None:
    response = client.get(path, buffered=True)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8080"])
def test_a_foreign_host_name_is_refused(client: FlaskClient, host: str) -> None:
    assert client.get("/traces", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080"])
def test_loopback_names_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/keys", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_cannot_change_anything(client: FlaskClient, headers: dict[str, str]) -> None:
    response = client.post("/theme", data={"theme": "dark"}, headers=headers)
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, {}])
def test_our_own_pages_and_command_lines_can(client: FlaskClient, headers: dict[str, str]) -> None:
    response = client.post("/theme", data={"theme": "dark", "back": "/traces?q=error"}, headers=headers)
    assert response.status_code == 303
    assert response.headers["Location"] == "/traces?q=error"
    assert "theme=dark" in response.headers["Set-Cookie"]


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example", ""])
def test_the_way_back_never_leaves_the_site(client: FlaskClient, back: str) -> None:
    assert client.post("/zone", data={"zone": "UTC", "back": back}).headers["Location"] == "/"


def test_text_is_compressed_when_the_browser_wants_it(client: FlaskClient) -> None:
    plain = client.get("/keys")
    packed = client.get("/keys", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data


def test_unknown_pages_say_so_in_html_and_in_json(client: FlaskClient) -> None:
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert b"There is no such page here." in page.data
    answer = client.get("/nowhere.json")
    assert answer.status_code == 404
    assert answer.get_json()["error"]["message"] == "There is no such page here."


def test_static_files_named_by_content_are_kept_for_ever(client: FlaskClient) -> None:
    assert "immutable" in client.get("/static/css/base.css?v=1", buffered=True).headers["Cache-Control"]
    assert client.get("/static/../pyproject.toml").status_code == 404
