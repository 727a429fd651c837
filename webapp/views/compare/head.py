"""What stands above the rows of a comparison: the two traces, the headline, its causes, what to know of both."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from webapp.analysis.alignment import Change
from webapp.analysis.attribution import MISSING
from webapp.analysis.compare import Cause
from webapp.analysis.compare_folding import LEAST
from webapp.model import display
from webapp.views.compare.pair import Pair
from webapp.views.compare.rows import Difference, difference, root_label
from webapp.views.compare.state import CompareState
from webapp.views.present import slot
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.head import NOBODY
from webapp.views.trace.state import TraceState

MOST_CAUSES = 200  # that a page carries; all are in the JSON


@dataclass(frozen=True, slots=True)
class TraceCard:
    letter: str
    trace_id: str
    service: str
    name: str
    slot: int
    response_ns: int
    spans: int
    errors: int
    start_ns: int
    url: str


@dataclass(frozen=True, slots=True)
class CauseLine:
    service: str
    name: str
    slot: int
    difference: Difference
    calls: str
    url: str  # to the row where most of it is


@dataclass(frozen=True, slots=True)
class CompareHead:
    cards: list[TraceCard]
    headline: Markup
    failures: list[str]
    structure: str
    notes: list[str]
    causes: list[CauseLine]
    more_causes: int
    more_text: str  # what those that are not shown add up to
    beyond_page: int  # not on the page however it is asked


def head_of(pair: Pair, state: CompareState) -> CompareHead:
    found = pair.made.found
    waited = [cause for cause in found.causes if cause.delta_ns]
    large = [cause for cause in waited if abs(cause.delta_ns) >= LEAST * found.change_ns]
    listed = (waited if state.causes else large)[:MOST_CAUSES]
    rest_ns = sum(cause.delta_ns for cause in waited[len(listed) :])
    return CompareHead(
        cards=[_card("A", pair.a), _card("B", pair.b)],
        headline=_emphasised(found.headline, waited),
        failures=_failures(pair),
        structure=_structure(pair),
        notes=_notes(pair),
        causes=[_cause_line(pair, state, cause) for cause in listed],
        more_causes=len(waited) - len(listed),
        more_text=display.offset(rest_ns) if rest_ns else "0",
        beyond_page=max(0, len(waited) - MOST_CAUSES),
    )


def _card(letter: str, trace: OpenTrace) -> TraceCard:
    service, name = root_label(trace.facts)
    return TraceCard(
        letter=letter,
        trace_id=trace.trace_id,
        service=service,
        name=name if service != MISSING else "root not received",
        slot=_slot(service),
        response_ns=trace.facts.response_ns,
        spans=int((trace.facts.forest.source >= 0).sum()),
        errors=len(trace.errors),
        start_ns=trace.facts.start_ns,
        url=TraceState(trace.trace_id).url(),
    )


def _slot(service: str) -> int:
    return NOBODY if service == MISSING else slot(service)


def _cause_line(pair: Pair, state: CompareState, cause: Cause) -> CauseLine:
    found = pair.made.found
    a, b = display.count(cause.calls_a), display.count(cause.calls_b)
    several = cause.calls_a != cause.calls_b or cause.calls_a > 1
    return CauseLine(
        *cause.key,
        _slot(cause.key[0]),
        difference(cause.delta_ns, abs(found.causes[0].delta_ns), found.change_ns),
        (f"×{a} → ×{b}" if cause.calls_a != cause.calls_b else f"×{a}") if several else "",
        state.url(row=0) + f"&at={pair.row_id(cause.row)}",
    )


def _emphasised(sentence: str, causes: list[Cause]) -> Markup:
    """The headline with its first cause in bold."""
    who = " · ".join(causes[0].key) if causes else ""
    before, found, after = sentence.partition(who) if who else (sentence, "", "")
    return Markup("{}<b><bdi>{}</bdi></b>{}").format(before, found, after) if found else Markup() + sentence


def _failures(pair: Pair) -> list[str]:
    of_a, of_b = pair.a.facts.failure, pair.b.facts.failure
    if of_a and of_b:
        return ["Both failed.", f"A: {of_a.sentence}", f"B: {of_b.sentence}"]
    if of_b:
        return [f"B failed, A did not. {of_b.sentence}"]
    return [f"A failed, B did not. {of_a.sentence}"] if of_a else []


def _structure(pair: Pair) -> str:
    """“4 spans added (2 of them moved), 1 put between, 412 in both.”"""
    rows, counts = pair.made.found.rows, pair.made.found.counts
    words = {
        Change.ADDED: "added", Change.REMOVED: "removed", Change.INSERTED: "put between", Change.UNWRAPPED: "taken out",
    }  # fmt: skip
    parts = []
    for change, word in words.items():
        if counts[change]:
            moved = int(np.count_nonzero(rows.moved & (rows.change == change)))
            parts.append(
                f"{display.count(counts[change])} {word}" + (f" ({moved:,} of them moved)" if moved else "")
            )
    return ", ".join([f"{display.plural(counts[Change.SAME], 'span')} in both", *parts])


def _notes(pair: Pair) -> list[str]:
    notes = []
    if pair.a.trace_id == pair.b.trace_id:
        notes.append("A and B are the same trace.")
    elif root_label(pair.a.facts) != root_label(pair.b.facts):
        notes.append("The two begin with different operations; they are laid on each other all the same.")
    for letter, trace in (("A", pair.a), ("B", pair.b)):
        if missing := int((trace.facts.forest.source < 0).sum()):
            spans = (
                "one span that others name was"
                if missing == 1
                else f"{missing:,} spans that others name were"
            )
            notes.append(f"Of {letter}, {spans} not received: differences there may be of what is missing.")
    return notes
