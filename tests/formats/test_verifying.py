"""`tailrace verify`: an export with its spans unchanged is told from one that was changed, cut, or has no checksum."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.test_otlp import any_span
from tests.samples import checkout
from webapp.cli import main
from webapp.formats import otlp
from webapp.formats.digest import MEMBER, digest_of, stamp
from webapp.formats.verifying import verify
from webapp.model.spans import Span

DIGEST = digest_of(checkout.spans())


def export(spans: list[Span], removed: dict[str, int] | None = None) -> bytes:
    return otlp.write(spans, {MEMBER: stamp(spans, removed or {})})


def page(document: bytes) -> bytes:
    """As much of an HTML export as the reader knows."""
    return (
        b'<!doctype html><html><head><meta name="generator" content="Tailrace 1"></head><body>'
        + b"<p>{} x</p>" * 40_000
        + b'<script type="application/json" id="tailrace-spans">'
        + document.replace(b"<", b"\\u003c")
        + b"</script></body></html>"
    )


def run(tmp_path: Path, content: bytes) -> Result:
    path = tmp_path / "export"
    path.write_bytes(content)
    return CliRunner().invoke(main, ["verify", str(path)])


@pytest.mark.parametrize("form", [bytes, page])
def test_an_unchanged_export_is_shown_to_be_so(tmp_path: Path, form: type) -> None:
    result = run(tmp_path, form(export(checkout.spans())))
    assert result.output == f"unchanged: {len(checkout.spans())} spans, sha256 {DIGEST}\n"
    assert result.exit_code == 0


@pytest.mark.parametrize("form", [bytes, page])
@pytest.mark.parametrize(
    ("old", "new"), [(b"payment-service", b"payment-serviCe"), (b'"kind":2', b'"kind":3')]
)
def test_a_changed_span_is_seen(tmp_path: Path, form: type, old: bytes, new: bytes) -> None:
    content = export(checkout.spans())
    assert old in content
    result = run(tmp_path, form(content.replace(old, new, 1)))
    assert result.output.startswith(
        f"changed: it was written with {len(checkout.spans())} spans, sha256 {DIGEST}"
    )
    assert result.exit_code == 1


@pytest.mark.parametrize("form", [bytes, page])
def test_what_was_cut_off_is_missed(tmp_path: Path, form: type) -> None:
    whole = form(export(checkout.spans()))
    result = run(tmp_path, whole[: len(whole) - 600])
    assert result.output.startswith("changed: ")
    assert result.exit_code == 1


@pytest.mark.parametrize(
    "content",
    [otlp.write(checkout.spans()), page(otlp.write(checkout.spans())), page(b"")[:300], b'{"tailrace":{"sha256":5}}',
     b"", b"plain text"],
)  # fmt: skip
def test_a_file_without_a_checksum_has_nothing_to_verify(tmp_path: Path, content: bytes) -> None:
    result = run(tmp_path, content)
    assert result.output.startswith("nothing to verify")
    assert result.exit_code == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["verify", str(tmp_path / "none")])
    assert "none is no file" in result.output
    assert result.exit_code == 1


def test_a_document_that_was_laid_out_anew_is_unchanged(tmp_path: Path) -> None:
    document = json.loads(export(checkout.spans(), {"user.email": 2}))
    result = run(tmp_path, json.dumps(document, indent=2, sort_keys=True).encode())
    assert result.output.startswith("unchanged: ")
    assert "redacted before it was written: user.email" in result.output


@settings(max_examples=20, deadline=None)
@given(st.lists(any_span, min_size=1, max_size=4))
def test_any_spans_are_unchanged_in_either_form(
    tmp_path_factory: pytest.TempPathFactory, spans: list[Span]
) -> None:
    for form in (bytes, page):
        path = tmp_path_factory.getbasetemp() / "any"
        path.write_bytes(form(export(spans)))
        assert verify(path).unchanged
