"""A checksum of the spans of a trace, the same for the same spans in whatever file and order they are kept."""

import json
from collections.abc import Iterable
from hashlib import sha256

import msgspec

from webapp.model.spans import Span

MEMBER = "tailrace"  # of the exports that carry it: {"sha256": …, "spans": …}

# what files spell differently though it means the same is not part of it
_UNSEEN = ("written_trace_id", "written_span_id", "weight")


def digest_of(spans: Iterable[Span]) -> str:
    """64 hex digits. Every field counts but the spelling of ids; the order of spans does not."""
    lines = sorted(_line(span) for span in spans)
    return sha256(b"\n".join(lines)).hexdigest()


def _line(span: Span) -> bytes:
    fields = msgspec.structs.asdict(span)
    for name in _UNSEEN:
        del fields[name]
    return json.dumps(msgspec.to_builtins(fields), sort_keys=True, separators=(",", ":")).encode()
