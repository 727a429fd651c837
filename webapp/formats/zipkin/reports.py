"""Reports of Zipkin spans brought together by trace, with bounded memory: parts of one span become one record,
and short trace ids the long one of their trace. What a record means is in `spans.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webapp.formats.notes import Notes
from webapp.formats.zipkin.tags import JsonObject, endpoint

MOST_SPANS = 20_000
MOST_BYTES = 64_000_000
_MOST_COMPARED = 8

_SAME = ("parentId", "kind", "name", "timestamp", "duration")
_UNSAID = (None, "", 0, "unknown")


@dataclass(slots=True)
class Report:
    """One record as it came. `size` is about its bytes in the file."""

    record: JsonObject
    trace_id: str
    span_id: str
    where: str
    size: int


class Reports:
    """Holds the traces that were reported on last; beyond the bounds the one that was quiet longest is let go."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._traces: dict[str, list[Report]] = {}
        self._spans = 0
        self._bytes = 0

    def add(self, report: Report) -> Iterator[Report]:
        """Yields what had to be let go."""
        key = report.trace_id[16:]
        trace = self._traces.pop(key, [])
        trace.append(report)
        self._traces[key] = trace
        self._spans += 1
        self._bytes += report.size
        while self._spans > MOST_SPANS or self._bytes > MOST_BYTES:
            yield from self._let_go()

    def rest(self) -> Iterator[Report]:
        while self._traces:
            yield from self._let_go()

    def _let_go(self) -> list[Report]:
        trace = self._traces.pop(next(iter(self._traces)))
        self._spans -= len(trace)
        self._bytes -= sum(report.size for report in trace)
        _lengthen_trace_ids(trace)
        return self._merged(trace)

    def _merged(self, trace: list[Report]) -> list[Report]:
        by_id: dict[str, list[Report]] = {}
        kept = []
        for report in trace:
            same_id = by_id.setdefault(report.span_id, [])
            whole = next(
                (one for one in same_id[-_MOST_COMPARED:] if _are_parts(one.record, report.record)), None
            )
            if whole is None:
                same_id.append(report)
                kept.append(report)
            else:
                whole.record = _united(whole.record, report.record)
                self._notes.warn("parts_merged", where=report.where, span_id=report.span_id)
        return kept


def _lengthen_trace_ids(trace: list[Report]) -> None:
    """Tracers that know only 64 bits report the right half of an id that others report whole."""
    short = "0" * 16
    longest = next((report.trace_id for report in trace if not report.trace_id.startswith(short)), None)
    if longest:
        for report in trace:
            if report.trace_id.startswith(short):
                report.trace_id = longest


def _are_parts(first: JsonObject, second: JsonObject) -> bool:
    """Whether both tell of one span: they contradict each other in nothing, and one of them has no time or length.

    Equal records are copies, not parts; repair counts those.
    """
    incomplete = not all(one.get("timestamp") and one.get("duration") for one in (first, second))
    if not incomplete or bool(first.get("shared")) != bool(second.get("shared")) or first == second:
        return False
    pairs = [(first.get(key), second.get(key)) for key in _SAME]
    pairs += [
        (endpoint(first.get(side)).get("serviceName"), endpoint(second.get(side)).get("serviceName"))
        for side in ("localEndpoint", "remoteEndpoint")
    ]
    return all(one in _UNSAID or other in _UNSAID or one == other for one, other in pairs)


def _united(first: JsonObject, second: JsonObject) -> JsonObject:
    said = {key: value for key, value in second.items() if value not in _UNSAID}
    united = first | said
    if isinstance(first.get("tags"), dict) and isinstance(second.get("tags"), dict):
        united["tags"] = first["tags"] | second["tags"]
    if isinstance(first.get("annotations"), list) and isinstance(second.get("annotations"), list):
        known = first["annotations"]
        united["annotations"] = known + [one for one in second["annotations"] if one not in known]
    return united
