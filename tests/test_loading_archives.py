"""Archives among the files of a load: each file in one is a source of its own, with its own report."""

import gzip
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.test_loading import load_into, trace
from webapp.cli import main
from webapp.formats import otlp
from webapp.loading import load
from webapp.loading.attempt import Attempt
from webapp.loading.batches import Batch, Seen
from webapp.loading.parts import File
from webapp.progress import Progress
from webapp.store import Encoder, Store


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


FILES = {
    "one.json": otlp.write(trace(1)),
    "in/two.json": otlp.write(trace(2, 5)),
    "README.md": b"Dear reader,\n",
}


def test_each_file_in_an_archive_is_reported_for_itself(tmp_path: Path) -> None:
    write_zip(tmp_path / "b.zip", FILES)
    (tmp_path / "a.json").write_bytes(otlp.write(trace(3)))
    progress = Progress()
    with Store.open(None) as store:
        reports = load([str(tmp_path)], store, progress)
        assert {len(store.spans(f"{number:032x}")) for number in (1, 2, 3)} == {3, 5}
    assert [str(Path(report.path).relative_to(tmp_path)) for report in reports] == [
        "a.json",
        "b.zip/one.json",
        "b.zip/in/two.json",
        "b.zip/README.md",
    ]
    assert [report.spans for report in reports] == [3, 3, 5, 0]
    assert "plain text" in reports[-1].reason
    assert (progress.files_total, progress.files_done, progress.skipped) == (2, 2, 1)


def test_a_damaged_archive_is_a_report_beside_its_good_files(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "b.zip", FILES)
    text = path.read_bytes()
    path.write_bytes(text[: text.index(b"README.md") + 3])
    with Store.open(None) as store:
        reports = load_into(store, path)
    assert [report.spans for report in reports] == [3, 5, 0]
    assert reports[-1].path == str(path)
    assert "cut off" in reports[-1].reason


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_may_come_through_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = write_zip(tmp_path / "b.zip", FILES)
    if kind == "tar":
        with tarfile.open(path, "w:gz") as archive:
            for name, content in FILES.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    with path.open(encoding="latin-1") as file, Store.open(None) as store:
        monkeypatch.setattr(sys, "stdin", file)
        reports = load_into(store, "-")
    assert [(report.path, report.spans) for report in reports] == [
        ("-/one.json", 3),
        ("-/in/two.json", 5),
        ("-/README.md", 0),
    ]


def test_inspect_ends_with_0_if_every_file_in_an_archive_gave_spans(tmp_path: Path) -> None:
    good = {name: content for name, content in FILES.items() if name.endswith("json")}
    for files, code in ((good, 0), (FILES, 1)):
        result = CliRunner().invoke(main, ["inspect", str(write_zip(tmp_path / "b.zip", files)), "--json"])
        assert result.exit_code == code
        assert len([json.loads(line) for line in result.stdout.splitlines()]) == len(files)


def test_an_archive_is_read_no_more_when_its_process_ended_in_it() -> None:
    archive, other = File("b.zip"), File("c.json")
    inner = File("b.zip/one.json", archive="b.zip", format="otlp")
    attempt = Attempt([archive, other])
    attempt.note(Batch(Encoder().take(), [inner], []))
    attempt.note(Seen("b.zip/two.json", 7, on_disk="b.zip"))
    news = list(attempt.give_up("signal 9"))
    assert attempt.left == [other]
    ended = [file.path for each in news if isinstance(each, Batch) for file in each.ended]
    assert ended == ["b.zip/one.json", "b.zip"]
    assert sum(each.files for each in news if isinstance(each, Seen)) == 1
    assert sum(each.spans for each in news if isinstance(each, Seen)) == -7


def as_tar(files: dict[str, bytes], mode: str = "w") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


def as_zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


TRACES = {"one.json": otlp.write(trace(1)), "two.json": otlp.write(trace(2, 40))}
LINES = {"three.jsonl": b"\n".join(otlp.write(trace(number)).replace(b"\n", b"") for number in range(3, 9))}
ARCHIVES = {
    "stored.zip": as_zip(TRACES | LINES, zipfile.ZIP_STORED),
    "deflated.zip": as_zip(TRACES | LINES),
    "plain.tar": as_tar(TRACES | LINES),
    "whole.tar.gz": as_tar(TRACES | LINES, "w:gz"),
    "twice.zip.gz": gzip.compress(as_zip(TRACES | LINES)),
    "nested.zip": as_zip({"inner.zip": as_zip(TRACES), **LINES}, zipfile.ZIP_STORED),
    "gzips.tar": as_tar({f"{name}.gz": gzip.compress(content) for name, content in TRACES.items()}),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_that_an_archive_is_cut_is_told_once_by_the_file_that_is_cut(tmp_path: Path, name: str) -> None:
    whole, path = ARCHIVES[name], tmp_path / name
    ends = range(700 if "tar" in name else 60, len(whole), max(1, len(whole) // 17))
    with Store.open(None) as store:
        path.write_bytes(whole)
        complete = [(report.path, report.spans) for report in load_into(store, path)]
    for end in ends:
        path.write_bytes(whole[:end])
        with Store.open(None) as store:
            reports = load_into(store, path)
        told = [report.path for report in reports if not report.format]
        told += [report.path for report in reports if "truncated" in {one["code"] for one in report.warnings}]
        found = [(report.path, report.spans) for report in reports]
        assert len(told) <= 1, (end, told)
        assert told or found == complete or "zip" in name  # what is cut may be the list at the end
        good = found.index(next((each for each in found if each[0] in told), found[-1]))
        assert found[:good] == complete[:good]
