"""Folders that are watched: what comes, grows, is replaced or goes, and what of it is read once."""

import json
from pathlib import Path
from typing import Any

from tests.store.shop import SECOND, START, make_span
from webapp.app import create_app
from webapp.formats.otlp.writing import write
from webapp.formats.tables.layout import NO_MAPPING
from webapp.loading.watching import Watching
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


def line(number: int) -> bytes:
    return write([make_span(1, number, start_ns=START, end_ns=START + SECOND)]).strip() + b"\n"


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


def test_a_file_that_is_truncated_or_replaced_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        append(path, line(1), line(2), line(3))
        folder.look()
        path.write_bytes(line(4))
        assert folder.look() == [("spans.jsonl", 4, 0, 0)]
        (tmp_path / ".new").write_bytes(line(1) + line(5) + line(6))
        (tmp_path / ".new").replace(path)
        assert folder.look() == [("spans.jsonl", 6, 0, 1)]
        path.unlink()
        assert folder.look() == [("spans.jsonl", 6, 0, 1)]
        append(path, line(7))
        assert folder.look() == [("spans.jsonl", 7, 0, 1)]


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
        assert folder.look() == folder.look() == [("spans.json", 3, 0, 2)]


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


def test_a_source_that_was_removed_comes_back_only_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    append(path, line(1))
    with Store.open(None) as store:
        folder = Folder(tmp_path, store)
        folder.look()
        store.remove_source(1)
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
