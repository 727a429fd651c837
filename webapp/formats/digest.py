"""A checksum of the spans of a trace, the same for the same spans in whatever file and order they are kept."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

from webapp.formats.units import UNKNOWN_SERVICE
from webapp.model.spans import Attributes, Resource, Scope, Span

MEMBER = "tailrace"  # of the exports that carry it: {"sha256": …, "spans": …, "redacted": {key: values}}
_SERVICE = "service.name"

# what files spell differently though it means the same is not part of it
_UNSEEN = ("written_trace_id", "written_span_id", "weight")


def digest_of(spans: Iterable[Span]) -> str:
    """64 hex digits. Every field counts but the spelling of ids and the weight; the order of spans does not."""
    shared = _Shared()
    digests = sorted(sha256(_line(span, shared)).digest() for span in spans)
    return sha256(b"".join(digests)).hexdigest()


def stamp(spans: list[Span], removed: Mapping[str, int]) -> dict[str, object]:
    """What an export says of itself under `MEMBER`; `removed` is that of a redaction."""
    told: dict[str, object] = {"sha256": digest_of(spans), "spans": len(spans)}
    return told | ({"redacted": dict(removed)} if removed else {})


class _Shared:
    """Digests of resources and scopes, which many spans share as one object."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[Resource | Scope, str]] = {}

    def digest(self, owner: Resource | Scope, service: str = "") -> str:
        """`service`: one that the resource should name as its attribute, as every file does that is written."""
        known = self._known.get((id(owner), service))
        if known is None:
            named: Attributes = {_SERVICE: service} if service else {}
            whole = msgspec.structs.replace(owner, attributes=named | owner.attributes)
            known = self._known[id(owner), service] = owner, sha256(_json(whole)).hexdigest()
        return known[1]


def _line(span: Span, shared: _Shared) -> bytes:
    fields = msgspec.structs.asdict(span)
    for name in _UNSEEN:
        del fields[name]
    is_named = span.resource.attributes.get(_SERVICE) or span.attributes.get(_SERVICE)
    unnamed = "" if is_named or span.service == UNKNOWN_SERVICE else span.service
    fields["resource"], fields["scope"] = shared.digest(span.resource, unnamed), shared.digest(span.scope)
    return _json(fields)


def _json(value: object) -> bytes:
    return json.dumps(msgspec.to_builtins(value), sort_keys=True, separators=(",", ":")).encode()
