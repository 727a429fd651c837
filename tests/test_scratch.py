"""Folders that end with their process, however that ends."""

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from webapp.scratch import drop_folder, make_folder

HOUR_AGO = 1_700_000_000.0


def left(place: Path, name: str, changed: float) -> Path:
    (place / name).mkdir()
    lock = place / f"{name}.in-use"
    lock.touch()
    os.utime(lock, (changed, changed))
    return lock


def test_what_a_killed_process_left_goes_with_the_next_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left(tmp_path, "tailrace-files-dead", HOUR_AGO)
    left(tmp_path, "other-files", HOUR_AGO)
    living = left(tmp_path, "tailrace-files-living", HOUR_AGO)
    left(tmp_path, "tailrace-files-beginning", tmp_path.stat().st_mtime)
    with living.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        own = make_folder("files")
        again = make_folder("files")
    names = {"tailrace-files-living", "tailrace-files-beginning", "other-files", own.name, again.name}
    assert {place.name for place in tmp_path.iterdir() if place.is_dir()} == names
    for folder in (own, again):
        drop_folder(folder)
    assert not any(place.name.startswith((own.name, again.name)) for place in tmp_path.iterdir())
