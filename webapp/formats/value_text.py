"""Attribute values for formats that know fewer types than we do, as plain JSON or as text. One way; no parsing."""

import base64
import json
import math
from typing import Any

from webapp.model.spans import Value

DEEPEST = 100


def is_deep(value: object) -> bool:
    """Whether lists and maps nest further than any writer, store or page follows."""
    level = [value]
    for _ in range(DEEPEST):
        inner = [
            one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (list, dict))
        ]
        level = [each for one in inner for each in one]
        if not level:
            return False
    return True


def json_ready(value: Value, room: int = DEEPEST) -> Any:  # noqa: ANN401  whatever a JSON writer takes
    """Bytes become base64, what JSON cannot count becomes text, what nests deeper than `room` "…"; the rest stays."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (list, dict)) and not room:
        return "…"
    if isinstance(value, list):
        return [json_ready(each, room - 1) for each in value]
    if isinstance(value, dict):
        return {key: json_ready(each, room - 1) for key, each in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value


def as_text(value: Value) -> str:
    """`true`, `1`, `1.5`, text as it is, base64 of bytes, JSON of lists and maps."""
    if isinstance(value, str):
        return value
    ready = json_ready(value)
    return ready if isinstance(ready, str) else json.dumps(ready, ensure_ascii=False, separators=(",", ":"))
