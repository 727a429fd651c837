"""`/sources`: the list of what was read and received, and files that a page sends, of any name and size."""

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.sending import until
from tests.views.uploading import CHECKOUT, OTLP, kept_files, loaded, send
from webapp.app import create_app
from webapp.loading import load
from webapp.loading.kept import clean_name
from webapp.progress import Progress
from webapp.settings import Settings
from webapp.store import Store


def test_each_file_is_listed_with_what_it_was_recognised_as_and_why(client: FlaskClient) -> None:
    page = client.get("/sources?find=checkout/zipkin.json")
    document = parse(page)
    [row] = [
        row for row in document.iter("tr") if row.find("th/a") is not None and "zipkin.json" in text(row)
    ]
    assert "zipkin" in [text(tag) for tag in with_class(row, "tag")]
    assert text(with_class(row, "why")[0])
    [traces] = [link for link in row.iter("a") if (link.get("href") or "").startswith("/traces?")]
    found = client.get((traces.get("href") or "").replace("/traces", "/traces.json")).get_json()
    assert text(traces) == str(found["total"]) == "1"


def test_the_twin_lists_all_that_the_page_pages(client: FlaskClient) -> None:
    listed = client.get("/sources.json").get_json()["sources"]
    assert len(listed) > 3
    report = next(each for each in listed if each["path"].endswith("otlp.json"))
    assert (report["format"], report["is_receiver"]) == ("otlp", False)
    assert 0 < report["first_ns"] < report["last_ns"]
    assert (
        client.get("/traces.json", query_string={"q": report["query"]}).get_json()["total"]
        == report["traces"]
    )


@pytest.mark.parametrize("sort", ["name", "traces", "spans", "first", "rejected", "duplicates", "nonsense"])
def test_every_column_sorts_both_ways(client: FlaskClient, sort: str) -> None:
    paths = [
        [
            each["path"]
            for each in client.get(f"/sources.json?sort={sort}&order={order}").get_json()["sources"]
        ]
        for order in ("", "back")
    ]
    assert sorted(paths[0]) == sorted(paths[1])
    assert (paths[0] != paths[1]) == (sort in ("name", "traces", "spans", "first"))


def test_a_thousand_files_come_in_pages_that_can_be_searched(tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f"{number:03}.json").write_text("{}" if number % 2 else OTLP.decode())
    with Store.open(None) as store:
        load([str(tmp_path)], store, Progress())
        client = create_app(store).test_client()
        assert "1–50 of 120 sources" in text(parse(client.get("/sources")))
        assert "101–120 of 120 sources" in text(parse(client.get("/sources?page=3")))
        assert "1–50 of 60 sources" in text(parse(client.get("/sources?show=not")))
        found = client.get("/sources?find=007.JSON")
        assert len(list(parse(found).iter("th"))) > 6
        assert "No source is like that." in client.get("/sources?find=nothing").text
        assert client.get("/sources?page=99999999&show=x&sort=y&load=z").status_code == 200
        assert len(client.get("/sources.json?show=not").get_json()["sources"]) == 60


def test_what_a_page_sends_is_loaded_and_said_to_be_what_it_is(empty: FlaskClient) -> None:
    [source] = loaded(empty, ("mine.json", OTLP))
    assert (source["path"], source["format"], source["traces"]) == ("mine.json", "otlp", 1)
    page = text(parse(empty.get("/sources?load=1")))
    assert f"1 file: {source['spans']} spans read" in page
    assert "Not right? Choose" in page


def test_the_form_works_without_a_script(empty: FlaskClient) -> None:
    [form] = [form for form in parse(empty.get("/sources")).iter("form") if form.get("enctype")]
    assert (form.get("method"), form.get("action"), form.get("enctype")) == (
        "post",
        "/sources",
        "multipart/form-data",
    )
    inputs = [field for field in form.iter("input") if field.get("type") == "file"]
    assert [field.get("multiple") is not None for field in inputs] == [True, True]
    assert any(field.get("webkitdirectory") is not None for field in inputs)
    assert any(text(button) == "Open" for button in form.iter("button"))


def test_several_files_of_a_folder_keep_their_paths_and_hidden_ones_stay_out(empty: FlaskClient) -> None:
    sources = loaded(
        empty,
        ("exports/a.json", OTLP),
        ("exports/deep/b.json", b"{}"),
        ("exports/.git/config", b"x"),
        ("exports/.DS_Store", b"x"),
        ("", b""),
    )
    assert [source["path"] for source in sources] == ["exports/a.json", "exports/deep/b.json"]
    assert len(kept_files(empty)) == 2


def test_files_of_one_name_are_told_apart(empty: FlaskClient) -> None:
    loaded(empty, ("a.json", OTLP), ("a.json", b"{}"))
    sources = loaded(empty, ("a.json", OTLP))
    assert [source["path"] for source in sources] == ["a.json", "a.json (2)", "a.json (3)"]
    assert sources[2]["duplicates"] == sources[0]["spans"]
    assert "Nothing new" in empty.get("/sources?load=2").text


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\exports\\..\\a.json", "C:/exports/a.json"),
        ("<script>alert(1)</script>.json", "<script>alert(1)</script>.json"),
        ("a\u202egnp.json", "a\ufffdgnp.json"),
        ("a\nb\x00.json", "a\ufffdb\ufffd.json"),
        ("..", "file"),
        ("x" * 5_000, "x" * 300),
        ("~", "~"),
    ],
)
def test_names_are_shown_and_never_opened(sent: str, shown: str) -> None:
    assert clean_name(sent) == shown


def test_a_name_is_text_and_leads_nowhere_on_disk(empty: FlaskClient, tmp_path: Path) -> None:
    target = tmp_path / "secret.json"
    target.write_bytes(OTLP)
    name = "../" * 30 + str(target).lstrip("/") + '"><img src=x onerror=alert(1)>'
    [source] = loaded(empty, (name, b'{"not": "traces"}'))
    assert source["spans"] == 0
    assert "<img src=x" not in empty.get("/sources?load=1").text
    assert all(place.name.isdigit() for place in kept_files(empty))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "The file is empty."),
        (b"import os\nprint(1)\n" * 40, "program"),
        (b"\x00\x01\xff" * 999, "looks like"),
    ],
)
def test_what_is_no_trace_file_is_said_not_to_be_one(empty: FlaskClient, content: bytes, why: str) -> None:
    [source] = loaded(empty, ("a", content))
    assert source["format"] == ""
    assert why in str(source["reason"])
    assert "not read" in text(parse(empty.get("/sources?load=1")))


@pytest.mark.parametrize(
    "body",
    [
        {"data": {}, "content_type": "multipart/form-data"},
        {"data": {"files": [(io.BytesIO(b""), "")]}, "content_type": "multipart/form-data"},
        {"data": b"a=b", "content_type": "application/x-www-form-urlencoded"},
        {"data": b"nothing", "content_type": "multipart/form-data; boundary=x"},
        {"data": b"nothing", "content_type": "multipart/form-data"},
        {"data": b""},
    ],
)
def test_a_form_without_files_is_answered_with_what_to_do(
    empty: FlaskClient, body: dict[str, object]
) -> None:
    answer = empty.post("/sources", **body)  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert "file" in text(parse(answer))
    assert empty.get("/sources.json").get_json()["loads"] == []


def test_what_is_too_much_is_refused_and_nothing_of_it_is_kept() -> None:
    with Store.open(None) as store:
        client = create_app(store, Settings(max_upload_mb=1)).test_client()
        answer = send(client, ("a.json", OTLP), ("b", b"x" * 1_000_000))
        assert answer.status_code == 400
        assert "More than 1 MB" in text(parse(answer))
        assert kept_files(client) == []
        asked = send(client, ("b", b"x" * 1_000_001), Accept="application/json")
        assert "--max-upload-mb" in asked.get_json()["error"]["hint"]


def test_files_may_be_larger_than_other_bodies() -> None:
    with Store.open(None) as store:
        client = create_app(store, Settings(max_body_bytes=10_000)).test_client()
        [source] = loaded(client, ("a.json", OTLP))
        assert len(OTLP) > 10_000
        assert source["traces"] == 1
        headers = {"Content-Type": "application/json"}
        assert client.post("/v1/traces", data=OTLP, headers=headers).status_code == 413


def test_other_sites_cannot_send_stop_or_remove(empty: FlaskClient) -> None:
    for address in ("/sources", "/sources/stop", "/source/again", "/source/remove"):
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            assert empty.post(address, headers=headers).status_code == 403


def test_only_as_much_is_kept_as_may_be_sent_the_oldest_go_first() -> None:
    with Store.open(None) as store:
        client = create_app(store, Settings(max_upload_mb=1)).test_client()
        for name in "abc":
            loaded(client, (name, b" " * 400_000))
        assert [place.name for place in kept_files(client)] == ["2", "3"]


def test_what_was_sent_is_deleted_when_the_store_is_closed() -> None:
    with Store.open(None) as store:
        client = create_app(store).test_client()
        loaded(client, ("a.json", OTLP))
        [place] = kept_files(client)
        assert os.stat(place.parent).st_mode & 0o077 == 0  # noqa: PTH116
    assert not place.parent.exists()


@pytest.fixture
def held() -> Iterator[tuple[FlaskClient, Callable[[], None]]]:
    """A client whose loads wait for others that have traces analysed, and what lets them go on."""
    with Store.open(None) as store:
        store.analysing.acquire()
        released = []

        def release() -> None:
            if not released:
                released.append(True)
                store.analysing.release()

        yield create_app(store).test_client(), release
        release()


def test_a_load_under_way_shows_how_far_it_is_and_pages_answer(
    held: tuple[FlaskClient, Callable[[], None]],
) -> None:
    client, release = held
    assert send(client, ("a.json", OTLP)).status_code == 303
    until(lambda: "where the time went" in client.get("/sources/load?number=1").text)
    assert send(client, ("b.json", OTLP)).status_code == 303
    part = client.get("/sources/load?number=1", headers={"HX-Request": "true"})
    assert 'hx-trigger="every 500ms"' in part.text
    assert "<html" not in part.text
    said = text(parse(client.get("/sources")))
    assert "1 of 1 file" in said
    assert "Waiting for what was asked before" in said
    assert 'http-equiv="refresh"' in client.get("/sources").text
    [first, second] = client.get("/sources.json").get_json()["loads"]
    assert (first["over"], second["over"], second["spans"]) == (False, False, 0)
    assert client.get("/traces").status_code == 200
    release()
    until(lambda: client.get("/sources.json").get_json()["loads"][1]["over"])


def test_a_load_that_waits_can_be_stopped_before_it_begins(
    held: tuple[FlaskClient, Callable[[], None]],
) -> None:
    client, release = held
    send(client, ("a.json", OTLP))
    send(client, ("b.json", (CHECKOUT / "zipkin.json").read_bytes()))
    answer = client.post("/sources/stop", data={"number": "2"})
    assert answer.location.endswith("/sources?load=2")
    release()
    until(lambda: client.get("/sources.json").get_json()["loads"][1]["over"])
    assert [source["path"] for source in client.get("/sources.json").get_json()["sources"]] == ["a.json"]


@pytest.mark.parametrize("number", ["", "7", "x", "9" * 40, "-1", "١"])
def test_a_load_that_nobody_knows_is_not_found(empty: FlaskClient, number: str) -> None:
    assert empty.get("/sources/load", query_string={"number": number}).status_code == 404
    assert empty.post("/sources/stop", data={"number": number}).status_code == 404


def test_receivers_say_where_they_listen_and_what_came(empty: FlaskClient) -> None:
    body = json.loads(OTLP)
    empty.post("/v1/traces", data=json.dumps(body), headers={"Content-Type": "application/json"})
    until(lambda: empty.get("/sources.json").get_json()["receivers"][0]["spans"])
    document = parse(empty.get("/sources", headers={"Host": "localhost:9999"}))
    section = next(each for each in document.iter("section") if "receivers" in (each.get("class") or ""))
    assert "OTLP over HTTP" in text(section)
    assert "ago" in text(section)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:9999" in text(section)
    assert "What is sent here" in text(document)
    part = empty.get("/sources/receivers", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "OTLP over HTTP" in text(parse(empty.get("/sources/receivers")))


def test_the_address_of_a_host_that_is_not_known_is_never_shown(empty: FlaskClient) -> None:
    assert empty.get("/sources", headers={"Host": "evil.example"}).status_code == 403
