"""Damaged logs: nothing good before the damage is lost, nothing hangs, memory is bounded."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.logs.reading import HEX, read
from webapp.errors import TailraceError
from webapp.formats import logs
from webapp.formats.logs import records
from webapp.formats.notes import Notes
from webapp.formats.sniff import head_of

DATA = Path(__file__).parents[2] / "data" / "logs"


def survived(content: bytes) -> list[Any]:
    """Also looking at it."""
    logs.looks_like(head_of(content))
    try:
        return list(logs.read(io.BytesIO(content), Notes()))
    except TailraceError:
        return []


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = (
    "time",
    "level",
    "msg",
    "trace_id",
    "span_id",
    "service",
    "duration_ms",
    "log",
    "message",
    "parent_id",
    "dd",
    "stream",
    "values",
    "data",
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), json_values, max_size=8))
def test_fields_of_any_type_are_survived(fields: dict[str, Any]) -> None:
    content = json.dumps({"msg": "a", "level": 1, "trace_id": HEX, "time": 1} | fields).encode() + b"\n"
    survived(content * 2)


@pytest.mark.parametrize("name", ["slog.jsonl", "slog_text.log", "zap_production.jsonl"])
def test_a_log_cut_anywhere_keeps_what_comes_before(name: str) -> None:
    content = (DATA / name).read_bytes()[:1_500]
    whole = kept(content + b"\n")
    for end in range(0, len(content), 3):
        lines = content[:end].count(b"\n")
        assert kept(content[:end])[: len(kept(whole_lines(content, lines)))] == kept(
            whole_lines(content, lines)
        )
    assert whole or "zap" in name


def whole_lines(content: bytes, count: int) -> bytes:
    return b"".join(content.splitlines(keepends=True)[:count])


def kept(content: bytes) -> list[Any]:
    try:
        return [one for one in logs.read(io.BytesIO(content), Notes()) if not hasattr(one, "end_ns")]
    except TailraceError:
        return []


def test_an_endless_line_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_LINE", 1_000)
    good = json.dumps({"time": 1, "level": "info", "msg": "a", "trace_id": HEX})
    _, lines, notes = read(f"{good}\n" + '{"msg":"' + "x" * 5_000 + f'"}}\n{good}\n')
    assert len(lines) == 2
    assert [warning.code for warning in notes.warnings] == ["too_large"]


def test_lines_are_yielded_as_they_come() -> None:
    """No more than the lines that decide about ids are read before the first comes out."""
    good = json.dumps({"time": 1, "level": "info", "msg": "a", "trace_id": HEX}).encode() + b"\n"
    stream = io.BytesIO(good * 50_000)
    next(logs.read(stream, Notes()))
    assert stream.tell() < len(good) * 50_000 // 2
