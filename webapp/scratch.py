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
_LOCK = ".in-use"  # behind its name: a file beside it, locked by its process for as long as that lives
_NEW_SECONDS = 60  # in which a file may not be locked yet
_locks: dict[Path, IO[bytes]] = {}


def make_folder(purpose: str) -> Path:
    """A new one, until `drop_folder`."""
    for left in _left_behind(Path(tempfile.gettempdir())):
        _remove(left)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-"))
    if fcntl:
        _locks[folder] = lock = Path(f"{folder}{_LOCK}").open("wb")  # noqa: SIM115  as long as the folder
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder


def drop_folder(folder: Path) -> None:
    _remove(folder)
    if lock := _locks.pop(folder, None):
        lock.close()


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    Path(f"{folder}{_LOCK}").unlink(missing_ok=True)


def _left_behind(place: Path) -> Iterator[Path]:
    for lock in place.glob(f"{_PREFIX}*{_LOCK}") if fcntl else ():
        try:
            with lock.open("rb") as held:
                if time.time() - lock.stat().st_mtime > _NEW_SECONDS:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    yield lock.with_suffix("")
        except OSError:  # its process lives, or it is another user's
            continue
