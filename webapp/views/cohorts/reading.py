"""From the state of the page to the facts it shows: which sets are meant, the comparison of them, and what if."""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from flask import current_app

from webapp import query as language
from webapp.analysis.cohorts.attributes import KeyScore, Ranking, rank
from webapp.analysis.cohorts.cohort import Comparison, compare
from webapp.analysis.cohorts.counts import Value
from webapp.analysis.cohorts.paths import path_names, telling_traces
from webapp.analysis.cohorts.whatif import Prediction, predict, sample
from webapp.errors import TooSlow
from webapp.model.cohorts import TAKES_PART, AttributeData, CohortData, ValueSought
from webapp.model.results import Note
from webapp.query import Query, Window
from webapp.query.tree import leaves
from webapp.store.cohorts.cohorts import STEPS
from webapp.store.cohorts.members import Asked
from webapp.views import arrivals
from webapp.views.cohorts.state import CohortState, before
from webapp.views.present import store
from webapp.working import step

MISSING = "(missing)"
_KEPT = 2
_Words = dict[tuple[str, int, int], str]  # by key, service and code
_FAILED = ("error", "status", "errors", "failed")  # own keys and facts of the trace that ask for failure


@dataclass(frozen=True, slots=True)
class Told:
    """Which attributes tell the sets apart. `words`: values of span attributes by key, service and code."""

    data: AttributeData
    ranking: Ranking
    words: _Words

    def word(self, score: KeyScore, value: Value) -> str:
        """What the value is; of numbers that are compared by tenths their bounds."""
        if value.trace < 0:
            return "no" if (score.key, score.scope) == (TAKES_PART, "trace") else MISSING
        if value.low is not None and value.high is not None:
            return _numbers(value.low, value.high)
        for column in self.data.columns:
            if column.words is not None and (column.key, column.scope) == (score.key, score.scope):
                return column.words[value.code]
        return self.words.get((score.key, score.service, value.code), "?")


@dataclass(frozen=True, slots=True)
class Read:
    """All that the parts of the page are made of. `told` is None until somebody asks for attributes; then `stopped`
    says why they are not there.
    """

    state: CohortState
    asked: Asked
    data: CohortData
    comparison: Comparison
    told: Told | None
    stopped: str
    notes: list[Note]
    problem: str

    def service(self, number: int) -> str:
        return self.data.services[number] if number >= 0 else ""


def _numbers(low: float, high: float) -> str:
    if low == high:
        return f"{low:.6g}"
    if low == -np.inf:
        return f"below {high:.6g}"
    return f"{low:.6g} or more" if high == np.inf else f"{low:.6g} to below {high:.6g}"


@dataclass(slots=True)
class _Known:
    data: CohortData
    comparison: Comparison
    told: Told | None = None


class Comparisons:
    """The last ones: a page of other frames or of another what-if asks for the same. Threads may share it."""

    def __init__(self) -> None:
        self._recent: OrderedDict[tuple[object, ...], _Known] = OrderedDict()

    def of(self, asked: Asked, data: CohortData) -> _Known:
        known = self._recent.get(asked.key)
        if known is None or known.data is not data:  # something was written since
            known = self._recent[asked.key] = _Known(data, _compare(data))
            while len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
        return known


def read(state: CohortState, attributes: bool = False) -> Read:
    """Raises BadQuery for a query that cannot be read: there is no page without the two sets.

    Attributes are read if they are asked for; once they are known they are always there.
    """
    asked, notes, problem = _understood(state)
    data = store().cohorts.read(asked)
    comparisons: Comparisons = current_app.extensions.setdefault("tailrace_cohorts", Comparisons())
    known, stopped = comparisons.of(asked, data), ""
    if attributes and known.told is None and known.comparison.enough:
        try:
            known.told = _told(asked, data)
        except TooSlow as error:
            stopped = str(error)
    return Read(state, asked, data, known.comparison, known.told, stopped, notes, problem)


def _told(asked: Asked, data: CohortData) -> Told:
    step("Reading attributes", STEPS, STEPS)
    found = store().cohorts.attributes(data)
    ranking = rank(found.columns, found.traces, _defining(asked.query), _asks_for_failure(asked.query))
    return Told(found, ranking, _words(found, ranking))


def _compare(data: CohortData) -> Comparison:
    step("Comparing call paths", 4, STEPS)
    spans = np.bincount(data.times.trace, data.times.calls, len(data.traces)).astype(np.int64)
    telling = [data.trace_ids[trace] for trace in telling_traces(data.times, spans)]
    columns = store().cohorts.columns(telling) if telling else None
    names = path_names(columns) if columns else {}
    return compare(data, names)


def _understood(state: CohortState) -> tuple[Asked, list[Note], str]:
    first_ns, _ = store().bounds()
    now_ns = arrivals.now_ns()
    window, problem = state.search.window(now_ns)
    query = language.parse(state.b)
    baseline = state.baseline
    other = language.parse(baseline.text) if baseline.kind == "query" else query
    notes = [*store().notes(query), *(store().notes(other) if other is not query else [])]
    other_window: Window = before(window, first_ns, now_ns) if baseline.kind == "before" else window
    return Asked(query, window, state.band, baseline, other, other_window), notes, problem


def _defining(query: Query) -> set[str]:
    """Keys that the query itself asks for."""
    return {term.key for term in leaves(query.root) if term.scope in ("any", "span", "resource", "trace")}


def _asks_for_failure(query: Query) -> bool:
    return any(term.scope in ("own", "trace") and term.key in _FAILED for term in leaves(query.root))


def _words(data: AttributeData, ranking: Ranking) -> _Words:
    sought = [
        ValueSought(score.key, score.service, value.code, value.trace)
        for score in ranking.keys
        if score.scope == "span"
        for value in score.values
        if value.trace >= 0 and value.low is None
    ]
    found = store().cohorts.words(data, sought)
    return {(one.key, one.service, one.code): word for one, word in zip(sought, found, strict=True)}


def what_if(read_: Read, faster: str, percent: int) -> Prediction | None:
    """Over the first of the sampled traces of the selection. None when nothing of it is there."""
    data = read_.data
    numbers = np.flatnonzero(data.traces.selected)
    spans = np.bincount(data.times.trace, data.times.calls, len(data.traces)).astype(np.int64)[numbers]
    chosen = numbers[: max(1, sample(spans))] if len(numbers) else numbers
    columns = (
        store().cohorts.columns([data.trace_ids[number] for number in chosen.tolist()])
        if len(chosen)
        else None
    )
    if columns is None:
        return None
    of_trace = {data.trace_ids[number]: data.traces.weight[number] for number in chosen.tolist()}
    weight = np.array([of_trace[trace_id] for trace_id in columns.trace_ids])
    prediction = predict(columns, weight, faster, percent / 100)
    return prediction if prediction.spans else None
