"""`/source`: one of them in full, read again as something else, and removed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.conftest import ROOT
from tests.views.parsing import parse, text
from tests.views.sending import until
from tests.views.uploading import CHECKOUT, OTLP, kept_files, loaded
from webapp.app import create_app
from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store

UNKNOWN = (ROOT / "tests/data/tables/unknown.csv").read_bytes()
COLUMNS = "TID=trace_id\r\nsid=span_id\npsid=parent_span_id\nop=name\nsvc=service\nts=start\ntook=duration\n"


def ask(client: FlaskClient, address: str, **form: str) -> list[dict[str, object]]:
    """The sources, the oldest first, when what was asked is done."""
    answer = client.post(address, data=form)
    assert answer.status_code == 303, answer.text
    until(lambda: all(load["over"] for load in client.get("/sources.json").get_json()["loads"]))
    listed: list[dict[str, object]] = client.get("/sources.json").get_json()["sources"]
    return listed[::-1]


def test_one_source_is_told_of_in_full(empty: FlaskClient) -> None:
    lines = b'{"traceId":"11111111111111111111111111111111","spanId":"2222222222222222","parentSpanId":"3333333333333333",'
    lines += b'"name":"a","timestamp":1700000000000000,"duration":5}\n{"traceId":7}\n'
    [source] = loaded(empty, ("<b>.jsonl", lines))
    page = empty.get("/source?id=1")
    said = text(parse(page))
    assert str(source["reason"]).replace("`", "") in said
    assert "What its reader says" in said
    assert any(f"{warning['where']}" in said for warning in source["warnings"] if warning["where"])  # type: ignore[attr-defined]
    assert "orphan" in said
    [link] = [each.get("href") or "" for each in parse(page).iter("a") if text(each) == "Its traces"]
    assert empty.get(link.replace("/traces", "/traces.json")).get_json()["total"] == 1
    told = empty.get("/source.json?id=1").get_json()
    assert told.pop("quality") == {"failed": False, "looking_at": "", "report": None, "working": False}
    assert told == source


@pytest.mark.parametrize("number", ["", "2", "x", "9" * 50, "-1", "1 "])
def test_a_source_that_is_not_here_is_not_found(empty: FlaskClient, number: str) -> None:
    loaded(empty, ("a", b"{}"))
    assert empty.get("/source", query_string={"id": number}).status_code == 404
    assert empty.get("/source.json", query_string={"id": number}).status_code == 404
    for address in ("/source/again", "/source/remove"):
        assert empty.post(address, data={"id": number}).status_code == 404


def test_a_table_that_nobody_knows_is_read_when_its_columns_are_named(empty: FlaskClient) -> None:
    [refused] = loaded(empty, ("unknown.csv", UNKNOWN))
    assert refused["format"] == ""
    [read] = ask(empty, "/source/again", id="1", map=COLUMNS)
    assert (read["format"], read["path"]) == ("csv", "unknown.csv")
    assert read["traces"]
    assert read["id"] != refused["id"]


def test_a_file_is_read_as_what_the_user_says_in_place_of_what_it_was(empty: FlaskClient) -> None:
    line = json.dumps(
        {"traceId": "1" * 32, "spanId": "2" * 16, "name": "a", "timestamp": 1_700_000_000_000_000}
    )
    [before] = loaded(empty, ("a.json", line.encode()))
    other = "zipkin" if before["format"] == "generic" else "generic"
    [after] = ask(empty, "/source/again", id="1", format=other)
    assert (after["format"], after["traces"], after["duplicates"]) == (other, 1, 0)
    assert after["reason"] == f"Read as {other}, as you chose"
    [again] = ask(empty, "/source/again", id=str(after["id"]))
    assert again["reason"] == before["reason"]


@pytest.mark.parametrize(
    "form", [{"format": "otlp2"}, {"map": "nonsense"}, {"map": "a=b=c"}, {"map": "TID=what"}]
)
def test_a_choice_that_cannot_be_is_refused_before_anything_goes(
    empty: FlaskClient, form: dict[str, str]
) -> None:
    loaded(empty, ("a.json", OTLP))
    assert empty.post("/source/again", data={"id": "1", **form}).status_code == 400
    assert len(empty.get("/sources.json").get_json()["sources"]) == 1


def test_a_column_that_the_table_does_not_have_is_said(empty: FlaskClient) -> None:
    loaded(empty, ("unknown.csv", UNKNOWN))
    ask(empty, "/source/again", id="1", map=COLUMNS + "nowhere=kind")
    assert "No table has a column 'nowhere'" in text(parse(empty.get("/sources?load=2")))


def test_a_source_is_removed_with_all_it_brought(empty: FlaskClient) -> None:
    loaded(empty, ("a.json", OTLP))
    loaded(empty, ("b.json", (CHECKOUT / "zipkin.json").read_bytes()))
    page = parse(empty.get("/source?id=1"))
    assert any("will be gone from every page" in text(form) for form in page.iter("form"))
    [left] = ask(empty, "/source/remove", id="1")
    assert left["path"] == "b.json"
    assert empty.get("/traces.json").get_json()["total"] == 1
    assert "Removed: a.json" in text(parse(empty.get("/sources?load=3")))
    assert len(kept_files(empty)) == 1


def test_a_file_that_is_not_kept_cannot_be_read_again(client: FlaskClient) -> None:
    assert "its file is needed" in text(parse(client.get("/source?id=1")))
    assert client.post("/source/again", data={"id": "1"}).status_code == 404


def columns_form(client: FlaskClient, number: str) -> dict[str, str]:
    """By column what the page of a source has chosen for it."""
    [form] = [
        form
        for form in parse(client.get(f"/source?id={number}")).iter("form")
        if form.get("action") == "/source/again"
    ]
    names = [field.get("value") or "" for field in form.iter("input") if field.get("name") == "column"]
    chosen = [
        next((text(option) for option in field.iter("option") if option.get("selected") is not None), "")
        for field in form.iter("select")
        if field.get("name") == "field"
    ]
    return dict(zip(names, chosen, strict=True))


def test_the_columns_of_an_unknown_table_are_asked_for_with_a_guess(empty: FlaskClient) -> None:
    loaded(empty, ("unknown.csv", UNKNOWN))
    guessed = columns_form(empty, "1")
    assert guessed["TID"] == "trace_id"
    assert guessed["city"] == ""
    answer = empty.post(
        "/source/again", data={"id": "1", "column": list(guessed), "field": [*guessed.values()]}
    )
    assert answer.status_code == 303
    until(lambda: all(load["over"] for load in empty.get("/sources.json").get_json()["loads"]))
    [read] = empty.get("/sources.json").get_json()["sources"]
    assert (read["format"], read["traces"] > 0) == ("csv", True)


@pytest.mark.parametrize(
    ("content", "column", "field"),
    [
        ((CHECKOUT / "clickhouse-otel-traces.csv").read_bytes(), "Duration", "duration_ns"),
        ((CHECKOUT / "phoenix.jsonl").read_bytes(), "start_time", "start"),
    ],
)
def test_the_columns_of_a_known_table_are_shown_as_they_were_read(
    empty: FlaskClient, content: bytes, column: str, field: str
) -> None:
    loaded(empty, ("a", content))
    assert columns_form(empty, "1")[column] == field


def test_what_is_no_table_is_not_asked_for_columns(empty: FlaskClient) -> None:
    loaded(empty, ("a", OTLP), ("b", b'{"a": 1}'), ("c", b"x" * 99))
    assert [columns_form(empty, number) for number in "123"] == [{}, {}, {}]


@pytest.fixture
def command_line(tmp_path: Path) -> Iterator[tuple[FlaskClient, Path]]:
    """A client of a store with one file that was named on the command line, and that file."""
    path = tmp_path / "a.json"
    path.write_bytes(OTLP)
    with Store.open(None) as store:
        load([str(path)], store, Progress())
        client = create_app(store).test_client()
        client.application.config["uploads"].kept.know(str(path))
        yield client, path


def test_a_file_of_the_command_line_is_read_again_where_it_lies_and_never_deleted(
    command_line: tuple[FlaskClient, Path],
) -> None:
    client, path = command_line
    [read] = ask(client, "/source/again", id="1")
    assert read["traces"] == 1
    assert ask(client, "/source/remove", id=str(read["id"])) == []
    assert path.read_bytes() == OTLP


def test_nothing_goes_when_the_file_to_read_again_is_gone(command_line: tuple[FlaskClient, Path]) -> None:
    client, path = command_line
    path.unlink()
    assert "its file is needed" in text(parse(client.get("/source?id=1")))
    assert client.post("/source/again", data={"id": "1"}).status_code == 404
    assert client.get("/traces.json").get_json()["total"] == 1
