"""Files that were sent by a page: their bytes in a folder of their own until Tailrace ends, their names beside them.

A name is what a browser says it is, so it is shown and never opened.
"""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from webapp.loading.parts import File
from webapp.scratch import drop_folder, make_folder

_LONGEST_NAME = 300
_NAMELESS = "file"


@dataclass(slots=True)
class Incoming:
    """The files of one request while they come."""

    _new_place: Callable[[], Path]
    files: list[tuple[str, Path]] = field(
        default_factory=list
    )  # names as they were sent, and where the bytes are
    _open: BinaryIO | None = None

    def stream(self, name: str) -> BinaryIO:
        """To write the bytes of the next file to; those of the one before are complete."""
        self.close()
        place = self._new_place()
        self._open = place.open("w+b")
        self.files.append((name, place))
        return self._open

    def close(self) -> None:
        if self._open:
            self._open.close()


class Kept:
    """`most_bytes` are kept; beyond that the oldest files go, when they are loaded."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._folder: Path | None = None
        self._places: dict[str, Path] = {}  # by name, the oldest first
        self._made = 0
        self._lock = Lock()

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """What is not added when the block ends is forgotten."""
        request = Incoming(self._new_place)
        try:
            yield request
        finally:
            request.close()
            added = set(self._places.values())
            for _, place in request.files:
                if place not in added:
                    place.unlink(missing_ok=True)

    def add(self, incoming: Incoming, taken: Collection[str]) -> list[File]:
        """Under names that are not `taken`. Empty choices of a form, and hidden files of a folder, are none."""
        incoming.close()
        sent = [(clean_name(name), place) for name, place in incoming.files if name and not _is_hidden(name)]
        with self._lock:
            names = {*taken, *self._places}
            for written, place in sent:
                name = _free(written, names)
                names.add(name)
                self._places[name] = place
        return [self.file(name) for name in list(self._places)[-len(sent) :]] if sent else []

    def __contains__(self, name: str) -> bool:
        """Whether it, or the archive that it lies in, can still be read."""
        kept = self._kept_name(name)
        return bool(kept) and self._places[kept].is_file()

    def file(self, name: str) -> File:
        kept = self._kept_name(name)
        return File(kept, kept_as=str(self._places[kept]), only=name if kept != name else "")

    def _kept_name(self, name: str) -> str:
        """Of the file itself, else of the outermost archive that may hold it; "" for neither."""
        if name in self._places:
            return name
        return next((kept for kept in list(self._places) if name.startswith(f"{kept}/")), "")

    def know(self, path: str) -> None:
        """A file that lies where it is called, and is not ours to delete."""
        self._places[path] = Path(path)

    def drop(self, name: str) -> None:
        with self._lock:
            place = self._places.pop(name, None)
        if place and self._is_ours(place):
            place.unlink(missing_ok=True)

    def make_room(self, needed: Collection[str]) -> None:
        """Drop the oldest of those that are too much, except what is `needed`."""
        sizes = {
            name: place.stat().st_size
            for name, place in list(self._places.items())
            if self._is_ours(place) and place.exists()
        }
        too_much = sum(sizes.values()) - self._most_bytes
        for name, size in sizes.items():
            if too_much > 0 and name not in needed:
                self.drop(name)
                too_much -= size

    def close(self) -> None:
        if self._folder:
            drop_folder(self._folder)

    def _is_ours(self, place: Path) -> bool:
        return place.parent == self._folder

    def _new_place(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = make_folder("files")
            self._made += 1
            return self._folder / str(self._made)


def clean_name(written: str) -> str:
    """A relative path of what can be shown: no way up, no drive, no line breaks, no marks that turn text around."""
    parts = [part.strip() for part in re.split(r"[\\/]", written)]
    path = "/".join(part for part in parts if part not in ("", ".", ".."))
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in path)
    return shown[-_LONGEST_NAME:] or _NAMELESS


def _is_hidden(name: str) -> bool:
    """In a folder: a file that is chosen by itself is meant."""
    parts = re.split(r"[\\/]", name)
    return len(parts) > 1 and any(part.startswith(".") and part.strip(".") for part in parts)


def _free(name: str, taken: Collection[str]) -> str:
    """`a.json`, else `a.json (2)` and so on."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
