"""Small files of every format that is read, to be damaged: what lies in `sample_data/` and in `tests/data/`."""

import io
from functools import cache
from pathlib import Path

from webapp import formats
from webapp.errors import NotTraces, UnreadableFile
from webapp.formats import sniff
from webapp.formats.notes import Notes
from webapp.formats.unpack import Limits, unpacked
from webapp.model.spans import Span

ROOT = Path(__file__).parents[2]
FOLDERS = ("sample_data/checkout", "tests/data")
LONGEST = 40_000
AT_LEAST = 3


def name_of(module: formats.Format) -> str:
    return module.__name__.removeprefix("webapp.formats.")


@cache
def examples(name: str) -> tuple[bytes, ...]:
    """The shortest file, without its compression, of each kind that the module of this name says it recognises."""
    found = sorted({content for content in _contents() if _recognised(content)[0] == name}, key=len)
    kinds = {_recognised(content)[1]: content for content in reversed(found)}
    shortest = list(kinds.values())[::-1]
    others = [content for content in found if content not in shortest]
    return tuple(shortest + others[: max(0, AT_LEAST - len(shortest))])


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
def _recognised(content: bytes) -> tuple[str, str]:
    """Name of the module and its reason."""
    head = sniff.head_of(content)
    reasons = ((name_of(module), module.looks_like(head)) for module in formats.FORMATS)
    return next(((name, reason) for name, reason in reasons if reason), ("", ""))


def read(module: formats.Format, content: bytes) -> list[object]:
    """What a reader makes of `content`, also of what it would not recognise; nothing if it refuses it."""
    try:
        module.looks_like(sniff.head_of(content))
        found = list(module.read(io.BytesIO(content), Notes()))
    except (NotTraces, UnreadableFile):
        return []
    for span in found:
        if isinstance(span, Span):
            assert (len(span.trace_id), len(span.span_id)) == (32, 16)
            assert 0 <= span.start_ns < 2**63
            assert 0 <= span.end_ns < 2**63
    return list(found)


def read_as_found(content: bytes) -> None:
    """The way in which files are read: recognised first."""
    try:
        for _ in formats.read(io.BytesIO(content), "file").batches():
            pass
    except (NotTraces, UnreadableFile):
        pass
