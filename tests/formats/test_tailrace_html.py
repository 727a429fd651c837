"""Our own HTML export as a format: recognised, read in full, and to its last whole span where it is damaged."""

import io
from pathlib import Path

import pytest

from tests.formats import hardships
from tests.formats.test_verifying import export, page
from tests.samples import checkout
from tests.views.traces import span
from webapp import formats
from webapp.errors import NotTraces
from webapp.formats import tailrace_html
from webapp.formats.digest import digest_of
from webapp.formats.notes import Notes
from webapp.formats.verifying import verify
from webapp.model.spans import Span


def read(content: bytes) -> list[Span]:
    return list(tailrace_html.read(io.BytesIO(content), Notes()))


def test_it_is_told_from_other_pages() -> None:
    reading = formats.read(io.BytesIO(page(export(checkout.spans()))), "trace.html")
    assert reading.format == "tailrace-html"
    assert digest_of([one for batch in reading for one in batch]) == digest_of(checkout.spans())
    with pytest.raises(NotTraces, match="HTML"):
        formats.read(io.BytesIO(b"<!doctype html><title>Tailrace</title>"), "other.html")


def test_a_remark_of_the_browser_that_saved_it_changes_nothing() -> None:
    content = page(export(checkout.spans())).replace(
        b"<html>", b"\n<!-- saved from url=(0014)about:internet -->\n<html>"
    )
    assert len(read(content)) == len(checkout.spans())


def test_many_spans_are_read_in_pieces() -> None:
    spans = [
        span(number, 1 if number > 1 else 0, attributes={"text": "x" * 400}) for number in range(1, 8_000)
    ]
    assert digest_of(read(page(export(spans)))) == digest_of(spans)


def test_a_file_that_is_cut_off_keeps_the_spans_before() -> None:
    content = page(export(checkout.spans()))
    start = content.index(b"<script")
    hardships.cut_anywhere_keeps_what_comes_before(
        lambda cut: read(content[:start] + cut), content[start:], 7
    )


def test_without_its_spans_it_says_that_it_was_cut_off() -> None:
    notes = Notes()
    assert list(tailrace_html.read(io.BytesIO(page(b"")[:2_000]), notes)) == []
    assert [one.code for one in notes.warnings] == ["truncated"]


def test_damage_is_survived() -> None:
    content = page(export(checkout.spans()))
    start = content.index(b"<script")
    hardships.damage_is_survived(lambda cut: read(content[:200] + cut), content[start:])


def test_a_page_as_it_is_written_holds_its_spans_unchanged() -> None:
    path = Path(__file__).parents[1] / "data" / "tailrace_html" / "page.html"
    assert [one.span_id for one in read(path.read_bytes())] == [one.span_id for one in checkout.spans()[:3]]
    assert verify(path).unchanged
