"""What the paths of a command line name: files, folders, globs, standard input. Nothing is opened but that."""

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from webapp.errors import UnreadableFile

STDIN = "-"


def find_files(paths: Sequence[str]) -> list[str]:
    """Each file once, in the order of `paths`; folders recursively in name order, without hidden files.

    A path that names nothing stays in the list: opening it says so.
    """
    found: dict[str, None] = {}
    for path in paths:
        if Path(path).is_dir():
            found.update(dict.fromkeys(_below(path)))
        elif path == STDIN or Path(path).exists():
            found[path] = None
        else:
            matching = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  Path knows no absolute patterns
            found.update(dict.fromkeys(matching or [path]))
    return list(found)


def _below(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = (Path(parent, name) for name in sorted(files) if not name.startswith("."))
        yield from (str(path) for path in paths if path.is_file())


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The bytes of a file, or of standard input.

    Raises:
        UnreadableFile: it does not exist, or may not be read, also later.
    """
    if path == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with Path(path).open("rb") as stream:
            yield stream
    except OSError as error:
        raise UnreadableFile(f"Cannot be read: {error.strerror or error}.") from error
