import gzip
import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.store.shop import SECOND, START, make_span
from webapp import formats
from webapp.formats import otlp
from webapp.formats.tables.mapping import Mapping
from webapp.formats.unpack import Unpacked
from webapp.loading import batches, load
from webapp.loading.paths import find_files
from webapp.model.results import SourceReport
from webapp.model.spans import Span
from webapp.progress import Progress
from webapp.store import Store


def trace(number: int, spans: int = 3) -> list[Span]:
    return [
        make_span(each + 1, number, parent=each, start_ns=START + each, end_ns=START + SECOND - each)
        for each in range(spans)
    ]


def write(path: Path, *traces: list[Span]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(otlp.write([span for spans in traces for span in spans]))
    return path


def load_into(store: Store, *paths: Path | str) -> list[SourceReport]:
    return load([str(path) for path in paths], store, Progress())


def test_a_folder_is_loaded_in_name_order_without_hidden_files(tmp_path: Path) -> None:
    write(tmp_path / "b" / "two.json", trace(2))
    write(tmp_path / "a.json", trace(1))
    write(tmp_path / ".hidden.json", trace(3))
    write(tmp_path / ".git" / "four.json", trace(4))
    with Store.open(None) as store:
        reports = load_into(store, tmp_path)
    assert [Path(report.path).name for report in reports] == ["a.json", "two.json"]
    assert [(report.traces, report.spans) for report in reports] == [(1, 3), (1, 3)]
    assert all(report.format == otlp.NAME and report.reason for report in reports)


def test_traces_are_analysed_and_services_have_colours_after_loading(tmp_path: Path) -> None:
    with Store.open(None) as store:
        load_into(store, write(tmp_path / "a.json", trace(1), trace(2)))
        summary = store.summary_of(f"{2:032x}")
        assert summary
        assert (summary.spans, summary.duration_ns) == (3, SECOND)
        assert list(store.pending()) == []
        assert list(store.service_slots()) == ["orders"]
        assert store.bounds() == (START, START)


def test_a_trace_in_two_files_becomes_one(tmp_path: Path) -> None:
    spans = trace(1, 5)
    with Store.open(None) as store:
        reports = load_into(
            store, write(tmp_path / "a.json", spans[:2]), write(tmp_path / "b.json", spans[2:], trace(2))
        )
        summary = store.summary_of(f"{1:032x}")
    assert summary
    assert summary.spans == 5
    assert [report.traces for report in reports] == [1, 2]


def test_the_same_file_again_counts_as_duplicates(tmp_path: Path) -> None:
    first = write(tmp_path / "a.json", trace(1))
    second = write(tmp_path / "b.json", trace(1))
    with Store.open(None) as store:
        load_into(store, first)
        (again,) = load_into(store, second)
        assert len(store.spans(f"{1:032x}")) == 3
    assert (again.spans, again.duplicates) == (0, 3)
    assert "duplicate_dropped" in [warning["code"] for warning in again.warnings]


@pytest.mark.parametrize(
    ("name", "content"),
    [("notes.txt", b"hello"), ("empty.json", b""), ("image.png", b"\x89PNG\r\n\x1a\n" + bytes(64))],
)
def test_a_file_that_is_not_traces_is_named_and_the_others_are_loaded(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    write(tmp_path / "z.json", trace(1))
    progress = Progress()
    with Store.open(None) as store:
        refused, good = load([str(tmp_path)], store, progress)
        assert store.sources() == [refused, good]
    assert (refused.path, refused.format, refused.spans) == (str(tmp_path / name), "", 0)
    assert refused.reason
    assert good.spans == 3
    assert (progress.files_total, progress.files_done, progress.skipped, progress.spans) == (2, 2, 1, 3)


def test_a_path_that_names_nothing_is_reported(tmp_path: Path) -> None:
    with Store.open(None) as store:
        (report,) = load_into(store, tmp_path / "none.json")
    assert "No such file" in report.reason


def test_a_damaged_file_gives_its_good_part(tmp_path: Path) -> None:
    packed = gzip.compress(otlp.write(trace(1, 4)) + b"\n" + otlp.write(trace(2, 400)))
    path = tmp_path / "cut.json.gz"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    with Store.open(None) as store:
        (report,) = load_into(store, path)
        assert len(store.spans(f"{1:032x}")) == 4
    assert "truncated" in [warning["code"] for warning in report.warnings]


def test_a_reader_that_fails_keeps_what_it_gave_and_does_not_stop_the_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(formats.Reading):
        def batches(self) -> Iterator[formats.Batch]:
            yield from super().batches()
            raise KeyError("surprise")

    read_well = formats.read_unpacked

    def read(content: Unpacked, mapping: Mapping, chosen: str) -> formats.Reading:
        found = read_well(content, mapping, chosen)
        kind = Failing if "bad" in content.name else formats.Reading
        return kind(found.format, found.reason, found.notes, iter([span for part in found for span in part]))

    monkeypatch.setattr("webapp.loading.parts.formats.read_unpacked", read)
    with Store.open(None) as store:
        bad, good = load_into(
            store, write(tmp_path / "bad.json", trace(1)), write(tmp_path / "good.json", trace(2))
        )
    assert (bad.spans, good.spans) == (3, 3)
    assert "surprise" in str(bad.warnings[0]["message"])


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = write(tmp_path / "a.json", trace(1)).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with Store.open(None) as store:
        (report,) = load_into(store, "-")
    assert (report.path, report.spans) == ("-", 3)


def test_globs_and_repeated_paths_name_each_file_once(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "c.txt"):
        (tmp_path / name).touch()
    found = find_files([f"{tmp_path}/*.json", str(tmp_path), "-", f"{tmp_path}/no*"])
    assert [Path(path).name for path in found] == ["a.json", "b.json", "c.txt", "-", "no*"]


def test_large_loads_are_stored_in_several_inserts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "FLUSH_SPANS", 10)
    files = [write(tmp_path / f"{number}.json", trace(number, 4)) for number in range(1, 8)]
    with Store.open(None) as store:
        reports = load_into(store, *files)
        assert [report.spans for report in reports] == [4] * 7
        assert store.span_total() == 28


def test_a_cancelled_load_keeps_what_was_read(tmp_path: Path) -> None:
    for number in range(1, 30):
        write(tmp_path / f"{number:02}.json", trace(number))
    progress = Progress(listener=lambda state: setattr(state, "cancelled", state.files_done >= 3))
    with Store.open(None) as store:
        reports = load([str(tmp_path)], store, progress)
        assert [report.spans for report in reports] == [3, 3, 3]
        assert list(store.pending()) == []


def test_small_files_share_the_writes_that_begin_and_end_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 30):
        write(tmp_path / f"{number:02}.json", trace(number))
    begun: list[int] = []
    start_sources = Store.start_sources

    def counting(store: Store, files: Sequence[tuple[str, str, str]]) -> list[int]:
        begun.append(len(files))
        return start_sources(store, files)

    monkeypatch.setattr(Store, "start_sources", counting)
    with Store.open(None) as store:
        reports = load_into(store, tmp_path)
    assert begun == [29]
    assert [(report.traces, report.spans) for report in reports] == [(1, 3)] * 29


def test_a_file_whose_name_is_not_utf8_is_loaded(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.json")).write_bytes(otlp.write(trace(1)))
    with Store.open(None) as store:
        [report] = load_into(store, tmp_path)
    assert (Path(report.path).name, report.spans) == ("caf\ufffd.json", 3)
