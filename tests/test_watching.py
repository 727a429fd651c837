"""Folders that are watched: what comes, grows, is replaced or goes, and what of it is read once."""

import gzip
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.store.shop import SECOND, START, make_span
from webapp.app import create_app
from webapp.formats.otlp.writing import write
from webapp.formats.tables.layout import NO_MAPPING
from webapp.loading.watching import Watching
from webapp.progress import Progress
from webapp.settings import Settings
from webapp.store import Store

NO_ID = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"?","spanId":"1","name":"x"}]}]}]}\n'
LATER = 10_000_000_000 * SECOND  # when every file has rested


class Folder:
    """A folder, the store that it is read into, and what was told."""

    def __init__(self, path: Path, store: Store) -> None:
        self.path, self.store = path, store
        self.watching = Watching(store, [str(path)], NO_MAPPING, now_ns=lambda: LATER)
        self.told: list[str] = []
        self.watching._tell = self.told.append

    def look(self) -> list[tuple[str, int, int, int]]:
        """By source: name, spans, rejected, duplicates."""
        self.watching.look()
        return [
            (Path(each.path).name, each.spans, each.rejected, each.duplicates)
            for each in self.store.sources()
        ]


def line(*numbers: int) -> bytes:
    spans = [make_span(1, number, start_ns=START, end_ns=START + SECOND) for number in numbers]
    return write(spans).strip() + b"\n"


def zipkin(count: int) -> bytes:
    spans = [
        {
            "traceId": f"{number:032x}",
            "id": f"{number:016x}",
            "name": "get",
            "timestamp": START // 1000,
            "duration": 9,
        }
        for number in range(1, count + 1)
    ]
    return json.dumps(spans).encode()


def append(path: Path, *pieces: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"".join(pieces))


def test_lines_are_read_on_from_where_the_file_ended(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        assert folder.look() == []
        append(path, line(1), line(2))
        assert folder.look() == [("spans.jsonl", 2, 0, 0)]
        append(path, line(3)[:-40])
        assert folder.look() == [("spans.jsonl", 2, 0, 0)]
        assert folder.watching.waiting == [str(path)]
        append(path, line(3)[-40:], NO_ID, line(4).strip())  # whole, though its line has no end
        assert folder.look() == [("spans.jsonl", 4, 1, 0)]
        assert not folder.watching.waiting
        assert store.sources()[0].warnings[0]["where"].startswith("line 4")
        append(path, b"\n", line(5))
        assert folder.look() == folder.look() == [("spans.jsonl", 5, 1, 0)]
        assert folder.told == [
            f"{path}: {spans}" for spans in ("2 spans more", "2 spans more", "1 span more")
        ]
        assert store.summary_of(f"{5:032x}")


def test_what_a_file_that_starts_anew_holds_takes_the_place_of_what_it_gave(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        append(path, line(1), line(2), line(3))
        folder.look()
        path.write_bytes(line(4))
        assert folder.look() == [("spans.jsonl", 1, 0, 0)]
        assert folder.told[-1] == f"{path}: read anew, 1 span"
        (tmp_path / ".new").write_bytes(line(1) + line(5) + line(4))
        (tmp_path / ".new").replace(path)
        assert folder.look() == [("spans.jsonl", 3, 0, 0)]
        path.unlink()
        assert folder.look() == [("spans.jsonl", 3, 0, 0)]
        append(path, line(7))
        assert folder.look() == [("spans.jsonl", 1, 0, 0)]


@pytest.mark.parametrize(
    "written", [[line(1, 2), line(3, 4), line(5, 6), line(7, 8)], [line(*range(11, 21))], [line(2), line(3)]]
)
def test_a_file_rewritten_in_place_with_more_is_read_from_its_start(
    tmp_path: Path, written: list[bytes]
) -> None:
    path = tmp_path / "spans.jsonl"
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        append(path, line(1))
        folder.look()
        path.write_bytes(b"".join(written))
        spans = b"".join(written).count(b'"spanId"')
        assert folder.look() == folder.look() == [("spans.jsonl", spans, 0, 0)]
        assert not store.sources()[0].warnings
        append(path, line(21))
        assert folder.look() == [("spans.jsonl", spans + 1, 0, 0)]
        assert folder.told[1:] == [f"{path}: read anew, {spans} spans", f"{path}: 1 span more"]


def test_a_file_rewritten_with_as_much_is_read_anew_and_an_emptied_one_keeps_its_spans(
    tmp_path: Path,
) -> None:
    path = tmp_path / "spans.jsonl"
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        append(path, line(1), line(2))
        folder.look()
        path.write_bytes(line(3) + line(4))
        os.utime(path, ns=(START, START))
        assert folder.look() == [("spans.jsonl", 2, 0, 0)]
        assert not folder.watching.waiting
        assert store.summary_of(f"{4:032x}")
        assert not store.summary_of(f"{1:032x}")
        path.write_bytes(b"")
        assert folder.look() == [("spans.jsonl", 2, 0, 0)]
        assert not folder.watching.waiting


def test_spans_of_a_file_that_was_renamed_stay_with_it(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        append(path, line(1), line(2))
        folder.look()
        path.rename(tmp_path / "spans-1.jsonl")
        folder.look()
        append(path, line(3))
        assert sorted(folder.look()) == [("spans-1.jsonl", 2, 0, 0), ("spans.jsonl", 1, 0, 0)]


@pytest.mark.parametrize("name", ["spans.json", "spans.json.gz"])
def test_nothing_is_left_of_the_remarks_on_a_half_written_file(tmp_path: Path, name: str) -> None:
    path, whole = tmp_path / name, zipkin(20)
    if name.endswith(".gz"):
        whole = gzip.compress(whole, compresslevel=0)
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        append(path, whole[:900])
        [(_, spans, _, _)] = folder.look()
        assert 0 < spans < 20
        assert store.sources()[0].warnings
        append(path, whole[900:])
        assert folder.look() == folder.look() == [(name, 20, 0, 0)]
        assert not store.sources()[0].warnings


def test_a_first_line_that_rested_half_written_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        append(path, line(1, 2, 3)[:-60])
        folder.look()
        append(path, line(1, 2, 3)[-60:], line(4))
        assert folder.look() == [("spans.jsonl", 4, 0, 0)]
        assert not store.sources()[0].warnings


def test_an_archive_that_grew_gives_each_of_its_files_once(tmp_path: Path) -> None:
    path = tmp_path / "spans.zip"
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        for names in (["a.jsonl", "b.jsonl"], ["a.jsonl", "b.jsonl", "c.jsonl"]):
            path.unlink(missing_ok=True)
            with zipfile.ZipFile(path, "w") as archive:
                for number, name in enumerate(names, 1):
                    archive.writestr(name, line(number))
            assert folder.look() == [(name, 1, 0, 0) for name in names]


def test_a_file_in_one_piece_is_read_again_when_it_rests(tmp_path: Path) -> None:
    path = tmp_path / "spans.json"
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        spans = [make_span(number, 1, start_ns=START, end_ns=START + SECOND) for number in (1, 2, 3)]
        path.write_bytes(json.dumps(json.loads(write(spans[:2])), indent=1).encode())
        folder.watching._now_ns = lambda: path.stat().st_mtime_ns + SECOND
        assert folder.look() == []
        assert folder.watching.waiting == [str(path)]
        folder.watching._now_ns = lambda: LATER
        assert folder.look() == [("spans.json", 2, 0, 0)]
        path.write_bytes(json.dumps(json.loads(write(spans)), indent=1).encode())
        assert folder.look() == folder.look() == [("spans.json", 3, 0, 0)]


def test_what_is_no_trace_is_told_once_and_looked_at_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Nothing in here was recorded by anything.\n")
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        assert folder.look() == folder.look() == [("notes.txt", 0, 0, 0)]
        assert len(folder.told) == 1
        path.write_bytes(line(1))
        assert folder.look() == [("notes.txt", 1, 0, 0)]


def test_after_a_restart_nothing_is_read_twice(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "spans.jsonl"
    append(path, line(1), line(2))
    with Store.open(tmp_path / "spans.db") as store:
        Folder(path.parent, store).look()
    append(path, line(3))
    with Store.open(tmp_path / "spans.db") as store:
        folder = Folder(path.parent, store)
        assert folder.look() == [("spans.jsonl", 3, 0, 0)]
        assert folder.told == [f"{path}: 1 span more"]


def test_what_was_being_read_at_the_end_is_read_anew_after_a_restart(tmp_path: Path) -> None:
    def end_amid(progress: Progress) -> None:
        progress.cancelled = progress.spans > 0

    path = tmp_path / "spans.jsonl"
    append(path, line(1), line(2))
    with Store.open(None) as store:
        ended = Folder(tmp_path, store)
        ended.watching._progress.listener = end_amid
        ended.look()
        assert [each["code"] for each in store.sources()[0].warnings] == ["stopped"]
        assert Folder(tmp_path, store).look() == [("spans.jsonl", 2, 0, 0)]
        assert not store.sources()[0].warnings


def test_progress_that_an_older_version_kept_is_read_on_from_the_start(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path, database = tmp_path / "in" / "spans.jsonl", tmp_path / "spans.db"
    append(path, line(1), line(2))
    with Store.open(database) as store:
        Folder(path.parent, store).look()
    with duckdb.connect(str(database)) as older:
        older.execute("ALTER TABLE watched_files DROP COLUMN digest")
        older.execute("DELETE FROM settings WHERE name = 'schema_sum'")
    append(path, line(3))
    with Store.open(database) as store:
        assert Folder(path.parent, store).look() == [("spans.jsonl", 3, 0, 0)]


def test_a_source_that_was_removed_comes_back_only_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    append(path, line(1))
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        folder.look()
        store.remove_source(1)
        assert folder.look() == []
        append(path, line(2))
        assert folder.look() == [("spans.jsonl", 2, 0, 0)]


def test_pages_tell_what_is_watched(tmp_path: Path) -> None:
    append(tmp_path / "spans.jsonl", line(1), line(2)[:-9])
    with Store.open(None) as store:
        app = create_app(store, Settings(watch=(str(tmp_path),)))
        app.config["watching"].look()
        client = app.test_client()
        told: dict[str, Any] = client.get("/sources.json").get_json()["watching"]
        assert told == {"folders": [str(tmp_path)], "files": [str(tmp_path / "spans.jsonl")], "waiting": []}
        assert f"{tmp_path}: 1 file read" in client.get("/sources").get_data(as_text=True)
