"""How a load is shared out between processes. Nothing is read but the places where a long file can be cut."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from webapp.loading.parts import File
from webapp.loading.paths import STDIN
from webapp.loading.sections import cut

WORKERS_FROM = 60_000_000  # bytes; what is less is loaded before a second process has started
TASK = 32_000_000  # bytes: so little that all processes have something to read until the end
_MOST_WORKERS = 4  # more than the one process that stores can keep up with

Task = list[File]


def plan(paths: Sequence[str]) -> tuple[list[Task], int]:
    """Tasks in the order of `paths`, and how many processes shall read them: none if this one does it best."""
    sizes = [_size(path) for path in paths]
    processors = _processors()
    if STDIN in paths or processors < 2 or sum(sizes) < WORKERS_FROM:
        return [], 0
    most = min(processors, _MOST_WORKERS)
    longest = min(TASK, -(-sum(sizes) // most))
    tasks = list(_share_out(paths, sizes, longest))
    return tasks, min(most, len(tasks))


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _share_out(paths: Sequence[str], sizes: Sequence[int], longest: int) -> Iterator[Task]:
    task: Task = []
    filled = 0
    for path, size in zip(paths, sizes, strict=True):
        files = _pieces(path, size, longest)
        if task and filled + size > longest:
            yield task
            task, filled = [], 0
        if len(files) > 1:
            yield from ([file] for file in files)
        else:
            task += files
            filled += size
    if task:
        yield task


def _pieces(path: str, size: int, longest: int) -> list[File]:
    try:
        sections = cut(path, size, longest) if size > longest else []
    except OSError:  # said when it is read
        sections = []
    return [File(path, section) for section in sections] or [File(path)]


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
