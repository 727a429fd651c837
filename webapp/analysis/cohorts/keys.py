"""Which attribute keys say nothing of why traces differ, by their names: ids, times; and what follows from a failure."""

import re

_IDS = re.compile(
    r"(?:^|[._-])(?:[ug]uid|(?:trace|span|request|correlation|message)[._-]?id)$", re.IGNORECASE
)
_TIMES = re.compile(
    r"(?:^|[._-])(?:timestamp|time|date|at|duration|elapsed|latency|took)"
    r"(?:[._-](?:ns|us|ms|s|unix|nanos?|millis))*$",
    re.IGNORECASE,
)
_CONSEQUENCES = re.compile(
    r"^(?:error(?:\.|$)|exception\.|otel\.status|status(?:[._]|$)|.*\.status(?:_code|\.code|_text|\.message)?$|grpc\.code$)"
)


def tells_nothing(key: str) -> bool:
    """It names one request, or says again when it was or how long it took."""
    return bool(_IDS.search(key) or _TIMES.search(key))


def follows_from_errors(key: str) -> bool:
    return bool(_CONSEQUENCES.search(key))
