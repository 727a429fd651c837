"""What loading looks like in a terminal: one line that moves, and a report a file. No parsing, no loading."""

import sys
import time
from types import TracebackType
from typing import Self

import click

from webapp.model import display
from webapp.model.results import SourceReport
from webapp.progress import Progress

_REDRAW_SECONDS = 0.1
_PRINT_SECONDS = 2.0  # when the output is no terminal


class ProgressLine:
    """Shows a Progress on stderr: redrawn in place on a terminal, a line every two seconds elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown_at = time.monotonic() if not self._terminal else 0.0
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn and self._terminal:
            click.echo("\r\033[K", nl=False, err=True)

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._shown_at < (_REDRAW_SECONDS if self._terminal else _PRINT_SECONDS):
            return
        self._shown_at = now
        self._drawn = True
        line = progress_words(progress)
        click.echo(f"\r\033[K{line}" if self._terminal else line, nl=not self._terminal, err=True)


def progress_words(progress: Progress) -> str:
    skipped = f", {progress.skipped:,} skipped" if progress.skipped else ""
    files = f"{progress.files_done:,} of {display.plural(progress.files_total, 'file')}{skipped}"
    return f"{files} · {display.plural(progress.spans, 'span')} · {progress.spans_per_second:,} spans/s"


def print_skipped(reports: list[SourceReport]) -> None:
    """Name each file that gave no spans and each that gave less than all, with the reason."""
    for report in reports:
        if not report.spans and report.format:
            click.echo(f"nothing new in {report.path}: {report.reason}", err=True)
        elif not report.spans:
            click.echo(f"skipped {report.path}: {report.reason}", err=True)
        for warning in report.warnings:
            place = f" ({warning['where']})" if warning["where"] else ""
            times = f" ×{warning['count']:,}" if warning["count"] != 1 else ""
            click.echo(f"warning {report.path}{place}: {warning['message']}{times}", err=True)


def print_report(report: SourceReport) -> None:
    click.echo(f"{report.path}: {report.format or 'not traces'} ({report.reason})")
    if report.spans:
        parts = [display.plural(report.traces, "trace"), display.plural(report.spans, "span")]
        parts += [f"{report.rejected:,} rejected"] if report.rejected else []
        parts += [display.plural(report.duplicates, "duplicate")] if report.duplicates else []
        click.echo(f"  {', '.join(parts)}")
    for warning in report.warnings:
        place = f" at {warning['where']}" if warning["where"] else ""
        times = f" ×{warning['count']:,}" if warning["count"] != 1 else ""
        click.echo(f"  {warning['code']}{times}{place}: {warning['message']}")
