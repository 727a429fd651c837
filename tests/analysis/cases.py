"""The hand-worked traces of cases.json, as spans, and nodes by the names they have there."""

import json
from pathlib import Path
from typing import Any

from tests.analysis.drawing import MS, span
from webapp.model.facts import Forest
from webapp.model.spans import Kind, Span, Status

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases.json").read_text())
EPOCH_MS = 1_000  # cases begin at 0, which spans keep for "unknown"


def in_ns(ms: float) -> int:
    return round((ms + EPOCH_MS) * MS)


def by_name(case: dict[str, Any]) -> str:
    return str(case["name"])


def spans_of(case: dict[str, Any]) -> list[Span]:
    return [_span(given) for given in case["spans"]]


def padded(name: str) -> str:
    return name.rjust(4, "0")


def _span(given: dict[str, Any]) -> Span:
    return span(
        padded(given["id"]),
        padded(given["parent"]) if given["parent"] else "",
        given["start_ms"] + EPOCH_MS,
        given["end_ms"] + EPOCH_MS if given["end_ms"] else 0,
        service=given["service"],
        name=given["name"],
        kind=Kind[given["kind"]],
        status=Status[given["status"]],
        links=[padded(target) for target in given["links"]],
        host=given.get("host", ""),
        attributes=given.get("attrs", {}),
        follows_from=given.get("ref") == "FOLLOWS_FROM",
    )


def name_of_id(span_id: int) -> str:
    return bytes.fromhex(f"{span_id:016x}").decode().strip("\0").lstrip("0") or "0"


def name_of(forest: Forest, node: int) -> str:
    name = name_of_id(int(forest.span_id[node]))
    return f"{name}_{forest.suffix[node]}" if forest.suffix[node] else name


def by_node_name(forest: Forest, values: Any) -> dict[str, Any]:
    return {name_of(forest, node): value for node, value in enumerate(values.tolist())}
