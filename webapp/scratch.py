"""Folders of this process for what it need not keep. Those that a killed process left behind go with the next start."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows, where nothing is cleaned up
    fcntl = None  # type: ignore[assignment]

_PREFIX = "tailrace-"
_LOCK = "in-use"  # locked by the process whose folder it is, for as long as that lives
_NEW_SECONDS = 60  # in which a folder may have no lock yet
_locks: dict[Path, IO[bytes]] = {}


def make_folder(purpose: str) -> Path:
    """A new one, until `drop_folder`."""
    for left in _left_behind(Path(tempfile.gettempdir())):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-"))
    if fcntl:
        _locks[folder] = lock = (folder / _LOCK).open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder


def drop_folder(folder: Path) -> None:
    if lock := _locks.pop(folder, None):
        lock.close()
    shutil.rmtree(folder, ignore_errors=True)


def _left_behind(place: Path) -> Iterator[Path]:
    for lock in place.glob(f"{_PREFIX}*/{_LOCK}") if fcntl else ():
        try:
            with lock.open("rb") as held:
                if time.time() - lock.stat().st_mtime > _NEW_SECONDS:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    yield lock.parent
        except OSError:  # its process lives, or it is another user's
            continue
