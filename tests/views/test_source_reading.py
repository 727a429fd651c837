"""A source that is read again: files in archives, and tables in binary whose columns nobody knows."""

import csv
import io
import tarfile
import zipfile
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text
from tests.views.test_source import COLUMNS, UNKNOWN, ask, columns_form
from tests.views.uploading import CHECKOUT, OTLP, kept_files, loaded

ZIPKIN = (CHECKOUT / "zipkin.json").read_bytes()


def zipped(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as into:
        for name, content in files.items():
            into.writestr(name, content)
    return archive.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as into:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            into.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def by_path(sources: list[dict[str, object]]) -> dict[object, dict[str, object]]:
    return {source["path"]: source for source in sources}


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_one_file_in_an_archive_is_read_again_and_the_others_stay(
    empty: FlaskClient, packed: Callable[[dict[str, bytes]], bytes]
) -> None:
    files = {"one.json": OTLP, "in/unknown.csv": UNKNOWN, "two.json": ZIPKIN}
    before = by_path(loaded(empty, ("a.archive", packed(files))))
    refused = before["a.archive/in/unknown.csv"]
    assert (refused["format"], len(before)) == ("", 3)
    number = str(refused["id"])
    assert columns_form(empty, number)["TID"] == "trace_id"
    after = by_path(ask(empty, "/source/again", id=number, map=COLUMNS))
    assert after.keys() == before.keys()
    assert after["a.archive/in/unknown.csv"]["format"] == "csv"
    for name in ("a.archive/one.json", "a.archive/two.json"):
        assert after[name] == before[name]


def test_an_archive_is_kept_while_files_in_it_are_sources(empty: FlaskClient) -> None:
    files = loaded(empty, ("a.zip", zipped({"one.json": OTLP, "two.json": ZIPKIN})))
    ask(empty, "/source/remove", id=str(files[0]["id"]))
    [left] = ask(empty, "/source/again", id=str(files[1]["id"]), format="zipkin")
    assert (left["path"], left["format"], len(kept_files(empty))) == ("a.zip/two.json", "zipkin", 1)


def test_what_is_no_archive_any_more_is_said(empty: FlaskClient) -> None:
    [source] = loaded(empty, ("a.zip", zipped({"one.json": OTLP})))
    kept_files(empty)[0].write_bytes(OTLP)
    [told] = ask(empty, "/source/again", id=str(source["id"]))
    assert "not in its archive any more" in str(told["reason"])


def unknown_table() -> pa.Table:
    """The rows of the unknown table, all of them text."""
    rows = list(csv.DictReader(UNKNOWN.decode().splitlines()))
    return pa.Table.from_pylist(rows)


def in_parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def in_arrow(table: pa.Table) -> bytes:
    file = io.BytesIO()
    with pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


@pytest.mark.parametrize(("name", "written"), [("parquet", in_parquet), ("arrow", in_arrow)])
def test_the_columns_of_an_unknown_binary_table_are_asked_for_with_a_guess(
    empty: FlaskClient, name: str, written: Callable[[pa.Table], bytes]
) -> None:
    [refused] = loaded(empty, ("table", written(unknown_table())))
    assert refused["format"] == ""
    guessed = columns_form(empty, "1")
    assert (guessed["TID"], guessed["city"]) == ("trace_id", "")
    named = {column: field for column, field in guessed.items() if field}
    [read] = ask(empty, "/source/again", id="1", map=",".join(f"{c}={f}" for c, f in named.items()))
    assert read["format"] == name
    assert read["traces"]
    assert columns_form(empty, str(read["id"]))["city"] == ""


def test_a_table_of_ours_and_a_damaged_one_are_not_asked_for_columns(empty: FlaskClient) -> None:
    loaded(empty, ("ours", (CHECKOUT / "tailrace.parquet").read_bytes()), ("cut", b"PAR1" + b"x" * 99))
    for number in ("1", "2"):
        assert columns_form(empty, number) == {}
        assert "Not right?" in text(parse(empty.get(f"/source?id={number}")))
