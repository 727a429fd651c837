"""One line of the events view: an event of a span, or a log line beside it, in words.

Which there are is settled in `views_events.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.model import display
from webapp.model.logs import FAILED_LEVELS, LogLine
from webapp.model.semconv import FAILED_EVENTS, LEVELS, event_failed, text_of
from webapp.model.spans import Attributes, Event
from webapp.views.meaning.failure import failure_of
from webapp.views.present import slot
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.state import TraceState
from webapp.views.trace.values import plain

_SHORT = 120  # characters of attributes that stand in the line
_MOST_VALUE = 2_000  # characters of a value …
_MOST_VALUES = 200_000  # … and of all of them that a page carries; the opened span has them
_WARNINGS = ("warn", "warning")


@dataclass(frozen=True, slots=True)
class MomentLine:
    """`tone`: bad, warn or "". `more`: attributes that do not fit the line, one below the other; `cut`: not all of it."""

    time: str  # from the start of the trace
    recorded_ns: int  # 0: unknown
    service: str
    operation: str
    slot: int
    url: str
    log: bool
    level: str
    tone: str
    name: str
    short: str
    more: str
    cut: bool


class LineMaker:
    """Makes the lines of one page, which holds only so much text."""

    def __init__(self, trace: OpenTrace, state: TraceState) -> None:
        self._trace, self._state, self._room = trace, state, _MOST_VALUES

    def event(self, node: int, time_ns: int, event: Event) -> MomentLine:
        failed, failure, level = event_failed(event), failure_of(event), text_of(event.attributes, LEVELS)
        words = ": ".join(piece.text for piece in failure.line) if failure else ""
        tone = "bad" if failed else "warn" if level.lower() in _WARNINGS else ""
        named = event.name in FAILED_EVENTS and words
        said = (level or (event.name if named else ""), tone, words if named else event.name)
        told = (failure.told if failure and named else frozenset()) | set(LEVELS)
        attributes = {
            key: value
            for key, value in event.attributes.items()
            if key not in told or "\n" in plain(value)  # the lines of a stack trace are not in its words
        }
        return self._line(node, (time_ns, event.time_ns), said, attributes)

    def log(self, node: int, time_ns: int, line: LogLine) -> MomentLine:
        tone = "bad" if line.level in FAILED_LEVELS else "warn" if line.level in _WARNINGS else ""
        said = (line.level, tone, line.message or "(no message)")
        attributes = dict(line.attributes)
        if line.service and line.service != self._service(node):
            attributes.setdefault("service", line.service)
        return self._line(node, (time_ns, line.time_ns), said, attributes, log=True)

    def _service(self, node: int) -> str:
        forest = self._trace.facts.forest
        service: str = forest.columns.services[forest.service[node]]
        return service

    def _line(
        self,
        node: int,
        times_ns: tuple[int, int],
        said: tuple[str, str, str],
        attributes: Attributes,
        *,
        log: bool = False,
    ) -> MomentLine:
        forest = self._trace.facts.forest
        service = self._service(node)
        time_ns, recorded_ns = times_ns
        level, tone, name = said
        short, more, cut = self._attributes(attributes)
        return MomentLine(
            time=display.offset(time_ns - self._trace.begin_ns) if recorded_ns else "",
            recorded_ns=recorded_ns,
            service=service,
            operation=forest.columns.names[forest.name[node]],
            slot=slot(service),
            url=self._state.url(f"show/{self._trace.span_id(node)}"),
            log=log,
            level=level,
            tone=tone,
            name=name[:_MOST_VALUE],
            short=short,
            more=more,
            cut=cut or len(name) > _MOST_VALUE,
        )

    def _attributes(self, attributes: Attributes) -> tuple[str, str, bool]:
        """In the line, or what is below it, and whether something is missing."""
        texts = [(key, plain(value)) for key, value in sorted(attributes.items())]
        short = _in_a_line(texts)
        if len(short) <= _SHORT and "\n" not in short:
            return short, "", False
        head = " ".join(short[: 2 * _SHORT].split())[: _SHORT - 1] + "…"
        more = "\n".join(f"{key} = {text[:_MOST_VALUE]}" for key, text in texts)
        cut = any(len(text) > _MOST_VALUE for _, text in texts)
        if len(more) > self._room:
            return head, "", True
        self._room -= len(more)
        return head, more, cut


def _in_a_line(texts: Sequence[tuple[str, str]]) -> str:
    return "  ".join(f"{key}={text}" for key, text in texts)
