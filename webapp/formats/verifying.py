"""Whether an export still holds the spans it was written with, by the checksum it carries. The checksum is `digest.py`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webapp import formats
from webapp.errors import TailraceError
from webapp.formats import tailrace_html
from webapp.formats.digest import MEMBER, digest_of
from webapp.formats.head import HEAD_BYTES
from webapp.formats.notes import Notes
from webapp.formats.sniff import head_of
from webapp.formats.unpack import Limits, unpacked
from webapp.model import display


@dataclass(frozen=True, slots=True)
class Verification:
    unchanged: bool
    sentence: str


def verify(path: Path) -> Verification:
    """Raises TailraceError for what is no file, NotTraces and UnreadableFile as reading does."""
    if not path.is_file():
        raise TailraceError(f"{path} is no file.", hint="Give one file that Tailrace exported.")
    told = _told(path)
    if not told:
        words = (
            "nothing to verify: this file carries no checksum. OTLP and HTML exports of Tailrace carry one."
        )
        return Verification(False, words)
    with path.open("rb") as stream:
        reading = formats.read(stream, str(path))
        spans = [span for batch in reading for span in batch]
    found = digest_of(spans)
    holds = f"{display.plural(len(spans), 'span')}, sha256 {found}"
    if found == told["sha256"] and not reading.notes.rejected:
        return Verification(True, f"unchanged: {holds}{_redacted(told)}")
    unread = reading.notes.rejected
    lost = f"; {display.plural(unread, 'record')} could not be read" if unread else ""
    wrote = f"{display.plural(told['spans'], 'span')}, sha256 {told['sha256']}"
    return Verification(False, f"changed: it was written with {wrote}; it holds {holds}{lost}")


def _told(path: Path) -> dict[str, Any]:
    """What the file says of itself; {} if it says nothing."""
    with path.open("rb") as stream:
        content = unpacked(stream, str(path), Notes(), Limits())
        start = content.start
        if tailrace_html.looks_like(head_of(start)):
            inside = tailrace_html.spans_in(content.stream)
            start = inside.read(HEAD_BYTES) if inside else b""
    told = head_of(start).first.get(MEMBER)
    if not isinstance(told, dict) or not isinstance(told.get("sha256"), str):
        return {}
    return told | {"spans": told["spans"] if isinstance(told.get("spans"), int) else 0}


def _redacted(told: dict[str, Any]) -> str:
    removed = told.get("redacted")
    return (
        f" (redacted before it was written: {', '.join(map(str, removed))})"
        if isinstance(removed, dict)
        else ""
    )
