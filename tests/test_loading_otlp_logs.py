"""OTLP log records beside the spans of their traces, whatever file either comes from."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.formats.test_otlp_logs import SPAN, TRACE, record, request, spans_request
from webapp.loading import load
from webapp.model.results import SourceReport
from webapp.progress import Progress
from webapp.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as store:
        yield store


def loaded(store: Store, folder: Path, **files: object) -> list[SourceReport]:
    paths = [folder / f"{name}.json" for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return load([str(path) for path in paths], store, Progress())


def test_records_of_one_file_stand_beside_the_spans_of_another(store: Store, tmp_path: Path) -> None:
    logs, spans = loaded(store, tmp_path, logs=request(record()), spans=spans_request())
    assert (logs.format, logs.spans) == ("", 0)
    assert "OTLP logs" in logs.reason
    assert (spans.format, spans.traces, spans.spans) == ("otlp", 1, 1)
    lines, total = store.lines.of(TRACE, 10)
    assert ([line.span_id for line in lines], total) == ([SPAN], 1)


def test_no_spans_are_made_of_records_alone(store: Store, tmp_path: Path) -> None:
    loaded(store, tmp_path, logs=request(record()))
    assert store.span_total() == 0
    [spans] = loaded(store, tmp_path, spans=spans_request())
    assert spans.spans == 1
    assert store.lines.of(TRACE, 10)[1] == 1


def test_with_lines_of_a_logger_they_count(store: Store, tmp_path: Path) -> None:
    line = {
        "time": "2023-11-14T22:13:20Z",
        "level": "info",
        "msg": "asked",
        "service": "web",
        "trace_id": TRACE,
    }
    _, logger = loaded(store, tmp_path, logs=request(record(spanId=...)), logger=json.dumps(line))
    assert (logger.format, logger.traces) == ("logs", 1)
    assert sorted(span.service for span in store.spans(TRACE)) == ["shop", "web"]
