"""What the start prints of many files: the first warnings of each kind in full, the rest as a number."""

import json
from pathlib import Path

import pytest

from webapp import formats
from webapp.loading import load
from webapp.model.results import SourceReport
from webapp.progress import Progress
from webapp.store import Store
from webapp.terminal import print_loaded, print_report


def loaded(folder: Path, files: int) -> list[SourceReport]:
    for number in range(files):
        span = {"traceId": f"order-{number}", "spanId": "ab" * 8, "name": "x", "timestamp": 5, "duration": 1}
        (folder / f"{number:02}.json").write_text(json.dumps([span]))
    with Store.open(None) as store:
        return load([str(folder)], store, Progress())


def test_a_wall_of_warnings_is_summed_up_by_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_loaded(loaded(tmp_path, 30))
    lines = [line for line in capsys.readouterr().err.splitlines() if "warning" in line or "more of" in line]
    hashed = [line for line in lines if "hexadecimal" in line]
    assert len(hashed) == 3
    assert "00.json" in hashed[0]
    assert "trace id “order-0”" in hashed[0]
    assert "and 27 more of id_hashed in 27 files; tailrace inspect lists them." in lines


def test_a_few_are_told_in_full(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_loaded(loaded(tmp_path, 4))
    told = capsys.readouterr().err
    assert told.count("hexadecimal") == 4
    assert "more of id_hashed" not in told


def test_files_without_spans_are_summed_up_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(25):
        (tmp_path / f"{number}.txt").write_text("Dear reader,\n")
    with Store.open(None) as store:
        print_loaded(load([str(tmp_path)], store, Progress()))
    told = capsys.readouterr().err.splitlines()
    assert len([line for line in told if line.startswith("skipped")]) == 20
    assert told[-1] == "and 5 more without spans; tailrace inspect tells why."


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("trace_id,span_id,name,start,end\nabc-1,s-1,x,1700000000000,1700000000001\n", "line 2, trace id “abc-1”"),
        ('{"time":"2026-01-02T03:04:05Z","level":"info","msg":"a","trace_id":"abc-1"}\n', "line 1, trace id “abc-1”"),
        ('[{"traceId":"abc-1","spanId":"s-1","name":"x","timestamp":1,"duration":1}]', "line 1, span 1, trace id “abc-1”"),
        ('{"data":[{"traceID":"abc-1","spans":[{"traceID":"abc-1","spanID":"1","operationName":"x"}],"processes":{}}]}',
         "trace id “abc-1”"),
    ],
)  # fmt: skip
def test_an_id_that_is_none_is_named_with_its_value(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with path.open("rb") as file:
        reading = formats.read(file, "file")
        assert sum(len(batch.spans) + len(batch.lines) for batch in reading.batches()) == 1
    assert any(place in one.where for one in reading.notes.warnings if one.code == "id_hashed")


def test_a_file_is_named_once_and_what_other_files_had_is_said_to_be_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "a.txt"
    text.write_text("hello\nworld\n")
    span = json.dumps([{"traceId": "1" * 32, "spanId": "ab" * 8, "name": "x", "timestamp": 5, "duration": 1}])
    for name in ("b.json", "c.json"):
        (tmp_path / name).write_text(span)
    with Store.open(None) as store:
        for report in load([str(tmp_path)], store, Progress()):
            print_report(report)
    told = capsys.readouterr().out
    assert told.count(str(text)) == 1
    assert "  nothing new: 1 span that came in files before it\n" in told
