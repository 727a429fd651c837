"""Files that are called otherwise than where their bytes are, read as a format that the user chose, or not to the end."""

import json
from pathlib import Path
from threading import Thread

import pytest

from tests.conftest import ROOT
from tests.store.shop import make_span
from webapp.formats.tables.mapping import Mapping
from webapp.loading import analyse_pending, load_files
from webapp.loading.parts import File
from webapp.loading.tasks import plan
from webapp.model.sources import Source
from webapp.model.warnings import CODES
from webapp.progress import Progress
from webapp.store import Store

CHECKOUT = ROOT / "sample_data" / "checkout"


def loaded(*files: File) -> list[Source]:
    with Store.open(None) as store:
        return load_files(files, store, Progress())


def test_a_file_is_called_what_it_is_given_as_a_name_and_read_from_where_it_is_kept() -> None:
    [source] = loaded(File("mine/checkout.json", kept_as=str(CHECKOUT / "otlp.json")))
    assert (source.report.path, source.report.format) == ("mine/checkout.json", "otlp")
    assert source.report.spans > 0
    assert not source.is_receiver


def test_the_chosen_format_is_read_and_said_to_be_chosen(tmp_path: Path) -> None:
    lines = tmp_path / "spans"
    lines.write_text(
        json.dumps({"traceId": "1" * 32, "spanId": "2" * 16, "name": "a", "timestamp": 1_700_000_000_000_000})
    )
    [recognised] = loaded(File("spans", kept_as=str(lines)))
    other = "zipkin" if recognised.report.format == "generic" else "generic"
    [chosen] = loaded(File("spans", kept_as=str(lines), chosen=other))
    assert (chosen.report.format, chosen.report.spans) == (other, 1)
    assert chosen.report.reason == f"Read as {other}, as you chose"


@pytest.mark.parametrize("chosen", ["otlp", "parquet", "arrow", "csv", "datadog", "chrome", "logs"])
def test_a_wrong_choice_is_no_failure(chosen: str) -> None:
    [source] = loaded(File("a", kept_as=str(ROOT / "README.md"), chosen=chosen))
    assert source.report.spans == 0
    assert source.report.reason
    assert "The reader failed" not in source.report.reason


def test_each_file_has_its_own_mapping() -> None:
    unknown = str(ROOT / "tests/data/tables/unknown.csv")
    named = Mapping.parse(
        [
            "TID=trace_id",
            "sid=span_id",
            "psid=parent_span_id",
            "op=name",
            "svc=service",
            "ts=start",
            "took=duration",
        ]
    )
    refused, read = loaded(File("a", kept_as=unknown), File("b", kept_as=unknown, mapping=named))
    assert (refused.report.format, read.report.format) == ("", "csv")
    assert read.report.spans > 0
    assert "took" in named.seen


def test_long_files_are_cut_where_they_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.loading.tasks.WORKERS_FROM", 1)
    monkeypatch.setattr("webapp.loading.tasks._processors", lambda: 2)
    kept = tmp_path / "7"
    kept.write_bytes((CHECKOUT / "otlp.json").read_bytes())
    tasks, _ = plan([File("mine.json", kept_as=str(kept))])
    assert [(file.path, file.place) for task in tasks for file in task] == [("mine.json", str(kept))]


def test_what_was_read_before_loading_was_stopped_stays_and_is_said_to_be_a_part(tmp_path: Path) -> None:
    line = (
        '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%032x","spanId":"%016x","name":"a"}]}]}]}\n'
    )
    (tmp_path / "many.jsonl").write_text("".join(line % (n + 1, n + 1) for n in range(20_000)))
    progress = Progress()
    progress.listener = lambda seen: setattr(seen, "cancelled", seen.spans > 0)
    with Store.open(None) as store:
        [source] = load_files([File(str(tmp_path / "many.jsonl"))], store, progress)
    assert 0 < source.report.spans < 20_000
    assert source.report.traces == source.report.spans
    assert [warning["message"] for warning in source.report.warnings if warning["code"] == "stopped"] == [
        CODES["stopped"]
    ]


def test_only_one_thread_at_a_time_has_traces_analysed() -> None:
    with Store.open(None) as store:
        store.append([make_span(1, 1)], store.start_source("test", "otlp", ""))
        other = Thread(target=analyse_pending, args=(store,))
        with store.analysing:
            other.start()
            other.join(0.1)
            assert store.summary_of(f"{1:032x}") is None
        other.join()
        assert store.summary_of(f"{1:032x}")
