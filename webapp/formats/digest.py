"""A checksum of the spans of a trace, the same for the same spans in whatever file and order they are kept."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

from webapp.model.spans import Resource, Scope, Span

MEMBER = "tailrace"  # of the exports that carry it: {"sha256": …, "spans": …, "redacted": {key: values}}

# what files spell differently though it means the same is not part of it
_UNSEEN = ("written_trace_id", "written_span_id", "weight")


def digest_of(spans: Iterable[Span]) -> str:
    """64 hex digits. Every field counts but the spelling of ids and the weight; the order of spans does not."""
    shared: dict[int, tuple[Resource | Scope, str]] = {}
    digests = sorted(sha256(_line(span, shared)).digest() for span in spans)
    return sha256(b"".join(digests)).hexdigest()


def stamp(spans: list[Span], removed: Mapping[str, int]) -> dict[str, object]:
    """What an export says of itself under `MEMBER`; `removed` is that of a redaction."""
    told: dict[str, object] = {"sha256": digest_of(spans), "spans": len(spans)}
    return told | ({"redacted": dict(removed)} if removed else {})


def _line(span: Span, shared: dict[int, tuple[Resource | Scope, str]]) -> bytes:
    fields = msgspec.structs.asdict(span)
    for name in _UNSEEN:
        del fields[name]
    for name in ("resource", "scope"):  # one for many spans
        owner = fields[name]
        known = shared.get(id(owner))
        if known is None:
            known = shared[id(owner)] = owner, sha256(_json(owner)).hexdigest()
        fields[name] = known[1]
    return _json(fields)


def _json(value: object) -> bytes:
    return json.dumps(msgspec.to_builtins(value), sort_keys=True, separators=(",", ":")).encode()
