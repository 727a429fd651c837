"""What the spans of a trace recorded while they ran, and the log lines beside them, as one list in time.

Words are looked for in the events and lines themselves, all else in their spans.
"""

from dataclasses import dataclass, fields

import numpy as np

from webapp import query as language
from webapp.analysis.runs import positions, run_starts
from webapp.errors import BadQuery
from webapp.model.columns import I64, Bool
from webapp.model.logs import FAILED_LEVELS
from webapp.model.semconv import event_failed
from webapp.model.spans import Attributes, Event, Span
from webapp.query import Query, Term
from webapp.query.tree import And
from webapp.store import Store
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.notes import Note
from webapp.views.trace.state import TraceState
from webapp.views.trace.views_chosen import Chosen, pages_of, window_of
from webapp.views.trace.views_moments import LineMaker, MomentLine

_EVENT, _LOG = 0, 1
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Moments:
    """`place`: of an event the row of its span in the store, of a log line its number. Times: corrected, recorded."""

    kind: I64
    place: I64
    node: I64
    time_ns: I64
    recorded_ns: I64

    def __len__(self) -> int:
        return len(self.kind)

    def at(self, chosen: I64 | Bool) -> "_Moments":
        return _Moments(*(getattr(self, column.name)[chosen] for column in fields(self)))


@dataclass(frozen=True, slots=True)
class Asked:
    """What must hold: words in an event, `rest` in its span; or only failures."""

    words: list[Term]
    rest: str
    failed: bool

    def holds(self, name: str, attributes: Attributes) -> bool:
        if not self.words:
            return True
        said = Span(
            trace_id="", span_id="", name=name, service="", start_ns=0, end_ns=0, attributes=attributes
        )
        return language.matches(Query("", And(tuple(self.words))), said)

    def fits(self, event: Event) -> bool:
        return (event_failed(event) or not self.failed) and self.holds(event.name, event.attributes)


def events_context(trace: OpenTrace, state: TraceState, chosen: Chosen, store: Store) -> dict[str, object]:
    """All that `_events.html` names. `chosen` are the spans that fit all but the words."""
    asked = words_apart(state)
    of_spans = _events(trace, chosen.nodes, asked, store)
    moments = _in_time(trace, state, of_spans, _logs(trace, chosen.nodes, asked))
    pages = pages_of(state, len(moments), "event")
    notes = [*chosen.notes]
    if (kept := len(trace.logs.lines)) < trace.logs.total:
        notes.append(Note(f"Of {trace.logs.total:,} log lines the first {kept:,} are here.", []))
    return {
        "lines": _lines(trace, state, moments, pages.part, asked, store),
        "pages": pages,
        "any": len(trace.event_rows) + trace.logs.total > 0,
        "notes": notes,
        "found_total": len(moments) if state.find else None,
    }


def words_apart(state: TraceState) -> Asked:
    """What is looked for, taken apart."""
    try:
        query = language.parse(state.find)
    except BadQuery:
        return Asked([], state.find, state.errors)  # the search in spans says what is wrong
    parts = zip(language.terms(query), query.conjuncts, strict=True)
    rest = " ".join(part.text for part, node in parts if not _is_word(node))
    return Asked([node for node in query.conjuncts if _is_word(node)], rest, state.errors)  # type: ignore[misc]


def _is_word(node: object) -> bool:
    return isinstance(node, Term) and node.scope == "text"


def _events(trace: OpenTrace, nodes: I64, asked: Asked, store: Store) -> _Moments:
    """Those of the spans `nodes`, in no order."""
    forest = trace.facts.forest
    rows, recorded_ns = trace.event_rows, trace.event_times_ns
    if asked.words or asked.failed:
        rows, recorded_ns = store.event_times(trace.trace_id, asked.words, asked.failed)
    row_of_node = forest.columns.row[forest.source[nodes]]
    order = np.argsort(row_of_node)
    at = np.searchsorted(row_of_node[order], rows)
    known = at < len(nodes)
    known[known] = row_of_node[order][at[known]] == rows[known]
    node = nodes[order][at[known]]
    rows, recorded_ns = rows[known], recorded_ns[known]
    return _Moments(np.full(len(rows), _EVENT), rows, node, recorded_ns + forest.offset_ns[node], recorded_ns)


def _logs(trace: OpenTrace, nodes: I64, asked: Asked) -> _Moments:
    """Those beside the spans; a line that does not say when stands at the start of its span."""
    forest, logs = trace.facts.forest, trace.logs
    if not logs.lines:
        return _Moments(_NONE, _NONE, _NONE, _NONE, _NONE)
    node = np.empty(len(logs.lines), np.int64)
    node[logs.by_node] = np.repeat(np.arange(len(logs.bounds) - 1), np.diff(logs.bounds))
    chosen = np.flatnonzero(np.isin(node, nodes))
    fitting = [number for number in chosen.tolist() if _line_fits(asked, trace, number)]
    numbers = np.array(fitting, np.int64)
    recorded_ns = np.array([logs.lines[number].time_ns for number in fitting], np.int64)
    node = node[numbers]
    time_ns = np.where(recorded_ns > 0, recorded_ns + forest.offset_ns[node], forest.start_ns[node])
    return _Moments(np.full(len(numbers), _LOG), numbers, node, time_ns, recorded_ns)


def _line_fits(asked: Asked, trace: OpenTrace, number: int) -> bool:
    line = trace.logs.lines[number]
    if asked.failed and line.level not in FAILED_LEVELS:
        return False
    return asked.holds(f"{line.level} {line.message} {line.service}", line.attributes)


def _in_time(trace: OpenTrace, state: TraceState, *parts: _Moments) -> _Moments:
    names = [column.name for column in fields(_Moments)]
    together = _Moments(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    if zoom := window_of(trace, state):
        together = together.at((together.time_ns >= zoom[0]) & (together.time_ns <= zoom[1]))
    return together.at(np.lexsort((together.place, together.kind, together.time_ns)))


def _lines(
    trace: OpenTrace, state: TraceState, moments: _Moments, part: slice, asked: Asked, store: Store
) -> list[MomentLine]:
    nth = positions(run_starts(moments.kind, moments.place, moments.recorded_ns), len(moments))[part]
    page = moments.at(np.arange(len(moments))[part])
    rows = np.unique(page.place[page.kind == _EVENT]).tolist()
    spans = dict(zip(rows, store.spans(trace.trace_id, rows), strict=True))
    maker = LineMaker(trace, state)
    lines = []
    for kind, place, node, time_ns, recorded_ns, number in zip(
        *(getattr(page, column.name).tolist() for column in fields(page)), nth.tolist(), strict=True
    ):
        if kind == _LOG:
            lines.append(maker.log(node, time_ns, trace.logs.lines[place]))
            continue
        alike = [event for event in spans[place].events if event.time_ns == recorded_ns]
        fitting = [event for event in alike if asked.fits(event)] or alike
        lines.append(maker.event(node, time_ns, fitting[min(number, len(fitting) - 1)]))
    return lines
