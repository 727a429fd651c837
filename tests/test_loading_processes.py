import gzip
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.formats.test_otlp_protobuf import FRAMED, message
from tests.store.shop import START, make_span
from webapp.formats import otlp
from webapp.loading import batches, inserts, load, pool, tasks
from webapp.loading.batches import Batch, Seen
from webapp.loading.parts import File
from webapp.loading.pool import Pool
from webapp.loading.sections import FRAMINGS_CUT, SectionStream, cut, merged, moved
from webapp.model.results import SourceReport
from webapp.model.spans import Event, Span
from webapp.model.warnings import Warning
from webapp.progress import Progress
from webapp.store import Store

BROKEN = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00\n'


def trace(number: int, spans: int = 3) -> list[Span]:
    return [
        make_span(
            each + 1,
            number,
            parent=each,
            start_ns=START + number * 1000 - each,
            attributes={"n": number, "key": f"{number}.{each}", f"rare.{number}": [1.5, None]},
            events=[Event("e", START)] if each else [],
            status=2 if number % 3 == 0 else 0,
        )
        for each in range(spans)
    ]


def line(number: int) -> bytes:
    return otlp.write(trace(number)).strip() + b"\n"


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """However small the files, two processes read them in small tasks, and a few spans are an insert."""
    monkeypatch.setattr(inserts, "ROW_GROUP", 10)
    monkeypatch.setattr(tasks, "WORKERS_FROM", 0)
    monkeypatch.setattr(tasks, "TASK", 6_000)
    monkeypatch.setattr(tasks, "_processors", lambda: 2)
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "reader"]


def line_of(place: str, path: Path) -> int:
    found = re.match(r"(line|byte) (\d+)", place)
    if not found:
        return 0
    number = int(found[2])
    return number if found[1] == "line" else path.read_bytes()[:number].count(b"\n") + 1


def contents(store: Store, reports: list[SourceReport]) -> list[Any]:
    """Everything that can be asked of a store, but the order of rows that start together.

    A reader may name the line or the byte of a place; lines are compared.
    """
    with store.reading() as cursor:
        ids = cursor.execute("SELECT replace(trace_id::VARCHAR, '-', '') FROM traces ORDER BY 1").fetchall()
    found = [
        (store.summary_of(trace_id), sorted(store.spans(trace_id), key=lambda span: span.span_id))
        for (trace_id,) in ids
    ]
    for report in reports:
        for warning in report.warnings:
            warning["where"] = line_of(str(warning["where"]), Path(report.path))
    return [found, reports, sorted(store.keys()), store.service_slots(), store.bounds()]


def loaded(folder: Path) -> list[Any]:
    progress = Progress()
    with Store.open(None) as store:
        reports = load([str(folder), str(folder / "none.json")], store, progress)
        counted = (progress.files_done, progress.files_total, progress.skipped, progress.spans)
        return [*contents(store, reports), counted]


def test_processes_load_the_same_as_this_one(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    lines = [line(number) for number in range(1, 40)]
    lines[3] = lines[20] = lines[38] = BROKEN
    write(tmp_path / "a.jsonl", b"".join(lines))
    write(tmp_path / "b.json.gz", gzip.compress(b"".join(map(line, range(50, 70)))))
    write(tmp_path / "c.txt", b"no traces")
    write(tmp_path / "d.jsonl", line(1) + line(80))
    alone = loaded(tmp_path)
    request.getfixturevalue("processes")
    assert len(cut(str(tmp_path / "a.jsonl"), (tmp_path / "a.jsonl").stat().st_size, 6_000)) > 3
    assert loaded(tmp_path) == alone


def test_sections_are_the_file_and_end_after_whole_lines(tmp_path: Path) -> None:
    content = b"".join(BROKEN if number % 2 else line(number) for number in range(40))
    path = write(tmp_path / "a.jsonl", content)
    sections = cut(str(path), len(content), 5_000)
    assert (sections[0].start, sections[-1].stop) == (0, len(content))
    read = []
    for section in sections:
        with path.open("rb") as stream:
            read.append(SectionStream(stream, section).read())
    assert b"".join(read) == content
    assert all(part.startswith(b'{"resourceSpans"') for part in read)
    assert all(part.endswith(b"}\n") for part in read[:-1])
    assert len(read) > 3


@pytest.mark.parametrize("framing", [framing.value for framing in FRAMINGS_CUT])
def test_processes_load_messages_the_same_as_this_one(
    framing: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    frame = FRAMED[framing]
    messages = [frame(message(*range(number, number + 9))) for number in range(1, 300, 9)]
    damaged = messages[8][:-30] + b"\xff" * 30
    path = write(
        tmp_path / "a.pb", b"".join([*messages[:8], damaged, *messages[9:], frame(message(400, 401))[:-9]])
    )
    alone = loaded(tmp_path)
    request.getfixturevalue("processes")
    assert len(cut(str(path), path.stat().st_size, 6_000)) > 3
    assert loaded(tmp_path) == alone


@pytest.mark.parametrize(
    "content", [b'[\n{"resourceSpans":[]},\n{"resourceSpans":[]}\n]' * 99, b'{"resourceSpans":[]}' * 200]
)
def test_what_is_not_one_document_a_line_is_read_in_one_piece(tmp_path: Path, content: bytes) -> None:
    assert len(cut(str(write(tmp_path / "a.json", content)), len(content), 1_000)) <= 1


def test_places_of_warnings_are_those_in_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", b"".join(map(line, range(20))))
    section = cut(str(path), path.stat().st_size, 5_000)[1]
    found = [Warning("bad_id", "m", where) for where in ("line 2, span 3", "byte 7", "")]
    places = [each.where for each in moved(found, section, 4)]
    assert places == ["line 6, span 3", f"byte {section.start + 7}", ""]


def test_what_is_said_again_of_one_place_is_merged_into_it() -> None:
    found = merged(
        [Warning("bad_id", "m", "span 1"), Warning("bad_id", "m", "span 2"), Warning("bad_id", "m", "span 1")]
    )
    assert found == [Warning("bad_id", "m", "span 1", count=2), Warning("bad_id", "m", "span 2")]


def test_merged_warnings_keep_their_count() -> None:
    found = merged([Warning("bad_id", "m", f"line {number}", count=2) for number in range(50)])
    assert (len(found), sum(each.count for each in found)) == (20, 100)


@pytest.mark.usefixtures("processes")
def test_a_killed_process_costs_the_file_it_was_reading_and_no_other(tmp_path: Path) -> None:
    stuck = tmp_path / "stuck.json"
    os.mkfifo(stuck)
    files = [write(tmp_path / "a.json", line(1)), stuck, write(tmp_path / "z.json", line(2))]
    spans = done = 0
    ended = []
    with Pool([[File(str(path)) for path in files]], 1) as readers:
        for news in readers.news():
            if isinstance(news, Batch):
                ended += [(Path(file.path).name, file.reason) for file in news.ended]
                continue
            spans, done = spans + news.spans, done + news.files
            if readers.process_ids() and not ended and done:
                os.kill(readers.process_ids()[0], signal.SIGKILL)
    assert (spans, done) == (6, 3)
    reasons = dict(ended)
    assert len(ended) == len(reasons) == 3
    assert "ended early (signal 9)" in reasons["stuck.json"]
    assert reasons["a.json"] == reasons["z.json"]


@pytest.mark.usefixtures("processes")
def test_a_file_whose_process_was_killed_is_reported(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", b"".join(map(line, range(1, 20))))
    killed = []

    class Fragile(pool.Worker):
        def read(self, files: list[File]) -> Iterator[batches.News]:
            for news in super().read(files):
                if not killed and isinstance(news, Seen):
                    killed.append(news)
                    self.kill()
                    raise pool.WorkerLost("signal 9")
                yield news

    with pytest.MonkeyPatch.context() as patch, Store.open(None) as store:
        patch.setattr(pool, "Worker", Fragile)
        progress = Progress()
        (report,) = load([str(tmp_path)], store, progress)
    assert report.format == otlp.NAME
    assert 0 < report.spans == progress.spans < 57
    assert "ended early (signal 9)" in report.warnings[0]["message"]


@pytest.mark.usefixtures("processes")
def test_a_cancelled_load_ends_its_processes_and_analyses_what_is_stored(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", b"".join(map(line, range(1, 60))))
    progress = Progress(listener=lambda state: setattr(state, "cancelled", state.spans > 40))
    with Store.open(None) as store:
        load([str(tmp_path)], store, progress)
        assert 0 < store.span_total() < 59 * 3
        assert list(store.pending()) == []


@pytest.mark.usefixtures("processes")
def test_without_other_processes_files_are_read_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "a.jsonl", b"".join(map(line, range(1, 20))))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with Store.open(None) as store:
        (report,) = load([str(tmp_path)], store, Progress())
    assert report.spans == 57
    assert "one process" in caplog.text


@pytest.mark.usefixtures("processes")
def test_an_error_of_the_store_ends_the_load_and_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.jsonl", b"".join(map(line, range(1, 20))))
    with Store.open(None) as store:
        monkeypatch.setattr(store, "append_encoded", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            load([str(tmp_path)], store, Progress())
