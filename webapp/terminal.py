"""What loading looks like in a terminal: one line that moves, and a report a file. No parsing, no loading."""

import sys
import time
from types import TracebackType
from typing import Any, Self

import click

from webapp.model import display
from webapp.model.results import SourceReport
from webapp.progress import Progress

_REDRAW_SECONDS = 0.1
_MOST_TOLD = 20  # files that are told of one by one
_MOST_ALIKE = 3  # warnings of one code that are told in full
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


def print_loaded(reports: list[SourceReport]) -> None:
    """What was read as what; each file that gave no spans, and each that gave less than all, with the reason."""
    read = [report for report in reports if report.spans]
    if len(read) <= _MOST_TOLD:
        for report in read:
            click.echo(
                f"read {report.path} as {report.format} ({report.reason}): {_counts([report])}", err=True
            )
    else:
        for format_name, files in _by_format(read):
            click.echo(
                f"read {display.plural(len(files), 'file')} as {format_name}: {_counts(files)}", err=True
            )
        click.echo("tailrace inspect tells of each file.", err=True)
    empty = [report for report in reports if not report.spans]
    for report in empty[:_MOST_TOLD]:
        what = "nothing new in" if report.format else "skipped"
        click.echo(f"{what} {report.path}: {report.why}", err=True)
    if more := empty[_MOST_TOLD:]:
        click.echo(f"and {len(more):,} more without spans; tailrace inspect tells why.", err=True)
    _print_warnings(reports)


def _print_warnings(reports: list[SourceReport]) -> None:
    """Of each code the first few in full, of all files together."""
    by_code: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for report in reports:
        for warning in report.warnings:
            by_code.setdefault(str(warning["code"]), []).append((report.path, warning))
    for code, found in by_code.items():
        told = found if len(found) <= _MOST_ALIKE + 1 else found[:_MOST_ALIKE]
        for path, warning in told:
            place = f" ({warning['where']})" if warning["where"] else ""
            times = f" ×{warning['count']:,}" if warning["count"] != 1 else ""
            click.echo(f"warning {path}{place}: {warning['message']}{times}", err=True)
        if rest := found[len(told) :]:
            more = sum(int(warning["count"]) for _, warning in rest)
            files = display.plural(len({path for path, _ in rest}), "file")
            click.echo(f"and {more:,} more of {code} in {files}; tailrace inspect lists them.", err=True)


def _by_format(reports: list[SourceReport]) -> list[tuple[str, list[SourceReport]]]:
    found: dict[str, list[SourceReport]] = {}
    for report in reports:
        found.setdefault(report.format, []).append(report)
    return sorted(found.items(), key=lambda item: -len(item[1]))


def _counts(reports: list[SourceReport]) -> str:
    rejected, duplicates = sum(one.rejected for one in reports), sum(one.duplicates for one in reports)
    parts = [
        display.plural(sum(one.traces for one in reports), "trace"),
        display.plural(sum(one.spans for one in reports), "span"),
    ]
    parts += [f"{rejected:,} rejected"] if rejected else []
    parts += [display.plural(duplicates, "duplicate")] if duplicates else []
    return ", ".join(parts)


def print_report(report: SourceReport) -> None:
    click.echo(f"{report.path}: {report.format or 'not traces'} ({report.why})")
    if report.spans:
        click.echo(f"  {_counts([report])}")
    elif report.duplicates:
        click.echo(f"  nothing new: {display.plural(report.duplicates, 'span')} that came in files before it")
    for warning in report.warnings:
        place = f" at {warning['where']}" if warning["where"] else ""
        times = f" ×{warning['count']:,}" if warning["count"] != 1 else ""
        click.echo(f"  {warning['code']}{times}{place}: {warning['message']}")
