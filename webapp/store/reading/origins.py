"""Where the spans of one trace came from: the id as their files write it, and whether such a file was read in part only."""

from collections.abc import Collection
from dataclasses import dataclass, field

import orjson

from webapp.model.warnings import Warning
from webapp.store.conditions.catalogue import Catalogue

# of a file: spans may be missing that the trace had
_IN_PART = ("truncated", "size_limit", "bad_record", "bad_id", "too_large")


@dataclass(frozen=True, slots=True)
class Origin:
    """`written_id` is "" when the files spell the id as we do; `losses` has one warning a file and kind of loss."""

    written_id: str = ""
    losses: list[Warning] = field(default_factory=list)


def origin_of(catalogue: Catalogue, written_id: str, source_ids: Collection[int]) -> Origin:
    """Of spans of these sources."""
    warned = catalogue.rows(
        "SELECT source_id, path, warnings FROM sources WHERE warnings <> '[]' ORDER BY source_id"
    )
    told = [(path, text) for source_id, path, text in warned if source_id in source_ids]
    return Origin(written_id, [loss for path, text in told for loss in _losses(path, text)])


def _losses(path: str, text: str) -> list[Warning]:
    first: dict[str, Warning] = {}
    for one in orjson.loads(text):
        code = str(one["code"])
        if code in _IN_PART and code not in first:
            message = f"Spans may be missing. {path}: {one['message']}"
            first[code] = Warning(code, message, str(one.get("where", "")), count=int(one.get("count", 1)))
    return list(first.values())
