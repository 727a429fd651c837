"""How a load is shared out between processes. Nothing is read but the places where a long file can be cut."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from webapp.loading.parts import File
from webapp.loading.paths import STDIN
from webapp.loading.sections import cut

WORKERS_FROM = 60_000_000  # bytes; what is less is loaded before a second process has started
TASK = 32_000_000  # bytes: so little that all processes have something to read until the end
_MOST_WORKERS = 4  # more than the one process that stores can keep up with

Task = list[File]


def plan(files: Sequence[File]) -> tuple[list[Task], int]:
    """Tasks in the order of `files`, and how many processes shall read them: none if this one does it best."""
    sizes = [_size(file.place) for file in files]
    processors = _processors()
    if any(file.path == STDIN for file in files) or processors < 2 or sum(sizes) < WORKERS_FROM:
        return [], 0
    most = min(processors, _MOST_WORKERS)
    longest = min(TASK, -(-sum(sizes) // most))
    tasks = list(_share_out(files, sizes, longest))
    return tasks, min(most, len(tasks))


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _share_out(files: Sequence[File], sizes: Sequence[int], longest: int) -> Iterator[Task]:
    task: Task = []
    filled = 0
    for file, size in zip(files, sizes, strict=True):
        pieces = _pieces(file, size, longest)
        if task and filled + size > longest:
            yield task
            task, filled = [], 0
        if len(pieces) > 1:
            yield from ([piece] for piece in pieces)
        else:
            task += pieces
            filled += size
    if task:
        yield task


def _pieces(file: File, size: int, longest: int) -> list[File]:
    try:
        sections = (
            cut(file.place, size, longest) if size > longest and not file.chosen and not file.section else []
        )
    except OSError:  # said when it is read
        sections = []
    return [replace(file, section=section) for section in sections] or [file]


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
