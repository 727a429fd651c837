"""Small files of every format that is read, to be damaged: what lies in `sample_data/` and in `tests/data/`."""

import io
from functools import cache
from pathlib import Path

from webapp import formats
from webapp.errors import NotTraces, UnreadableFile
from webapp.formats import sniff
from webapp.formats.notes import Notes
from webapp.formats.unpack import Limits, unpacked

ROOT = Path(__file__).parents[2]
FOLDERS = ("sample_data/checkout", "tests/data")
LONGEST = 40_000
PER_FORMAT = 4


def name_of(module: formats.Format) -> str:
    return module.__name__.removeprefix("webapp.formats.")


@cache
def examples(name: str) -> tuple[bytes, ...]:
    """Some of the shortest files that the module of this name recognises, without their compression."""
    found = sorted({content for content in _contents() if _recognised(content) == name}, key=len)
    return tuple(found[:PER_FORMAT])


@cache
def _contents() -> tuple[bytes, ...]:
    paths = [
        path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*") if ".expected." not in path.name
    ]
    return tuple(_plain(path) for path in sorted(paths) if path.is_file() and path.stat().st_size < LONGEST)


def _plain(path: Path) -> bytes:
    with path.open("rb") as stream:
        return unpacked(stream, path.name, Notes(), Limits()).stream.read()


@cache
def _recognised(content: bytes) -> str:
    head = sniff.head_of(content)
    return next((name_of(module) for module in formats.FORMATS if module.looks_like(head)), "")


def read(module: formats.Format, content: bytes) -> list[object]:
    """What a reader makes of `content`, also of what it would not recognise; nothing if it refuses it."""
    try:
        module.looks_like(sniff.head_of(content))
        return list(module.read(io.BytesIO(content), Notes()))
    except (NotTraces, UnreadableFile):
        return []


def read_as_found(content: bytes) -> None:
    """The way in which files are read: recognised first."""
    try:
        for _ in formats.read(io.BytesIO(content), "file").batches():
            pass
    except (NotTraces, UnreadableFile):
        pass
