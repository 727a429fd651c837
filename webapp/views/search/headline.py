"""The first sentences of `/traces`: what got slower or fails, since when, where, and what was deployed shortly before.

What stands out is settled in `analysis/headline.py`; here it becomes sentences and links.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.analysis.cohorts.split import ENOUGH
from webapp.analysis.headline import find_failing, find_slower
from webapp.errors import TooSlow
from webapp.model import display
from webapp.model.headline import Failing, Slower, Stretch, VersionChange
from webapp.query import Query, Window, add_term, write_term
from webapp.query.tree import leaves
from webapp.views.cohorts.state import CohortState
from webapp.views.present import moment, store, tail_note
from webapp.views.state import SearchState

_OWNER_SHARE = 0.3  # of the time of the slow ones, to be named
_AWAITED = 0.2  # of the time of the slow ones, below which the response had long been given
_COMMON = 0.5  # of the failures, to be said of all
_SHORTLY = 0.1  # of the window: how long before a change a version is worth naming
_DAY_NS = 86_400_000_000_000
# A query that speaks of these has chosen the slow or failed ones already: a rate among them means nothing.
_OUTCOMES = ("duration", "status", "error", "failed", "errors", "bottleneck", "self", "critical")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`kind`: slow or failing. `lead` comes first, in bold; `url` shows the traces that it speaks of."""

    kind: str
    lead: str
    rest: str
    small: str
    url: str
    shown: int  # traces behind the link
    why_url: str  # the comparison of what it speaks of with the others; "" if responses would not tell
    why: str = "What makes these slow?"


@dataclass(frozen=True, slots=True)
class Said:
    sentences: list[Sentence]
    based_on: int | None  # the newest traces that were looked at, when not all were


def headline(state: SearchState, query: Query, window: Window) -> Said:
    """Nothing when nothing stands out, when the query speaks of outcomes itself, or when it would take too long."""
    if any(term.key.split(".")[-1] in _OUTCOMES for term in leaves(query.root)):
        return Said([], None)
    try:
        slower, based_on = store().headline.of_roots(query, window, find_slower)
        failing, _ = store().headline.of_roots(query, window, find_failing)
        said = [_slower(state, query, window, one) for one in slower]
        said += [_failing(state, query, window, failing)] if failing else []
    except TooSlow:
        return Said([], None)
    return Said(said, based_on if said else None)


def _slower(state: SearchState, query: Query, window: Window, found: Slower) -> Sentence:
    root, stretch = (found.service, found.name), found.stretch
    owners = store().headline.owners(query, window, root, stretch.from_ns, stretch.to_ns, found.usual_ns)
    owner, awaited = "", True
    if owners and owners[0][1] >= _OWNER_SHARE:
        owner = f"; {display.share(owners[0][1])} of the slow ones’ time is in {owners[0][0]}"
    elif owners and sum(share for _, share in owners) < _AWAITED:
        owner, awaited = "; most of it after the response", False
    times = found.p95_ns / found.usual_ns
    factor = f"{times:.0f}×" if times >= 9.5 else f"{times:.1f}×"
    usual = display.duration(found.usual_ns)
    lead = f"{found.service} · {found.name}"
    verb = "was" if stretch.over else "is"
    rest = f": p95 {verb} {display.duration(found.p95_ns)} {_when(stretch)}, {factor} its p95 otherwise ({usual}){owner}."
    hit = f"{stretch.hit:,} of {display.plural(stretch.traces, 'request')} took more than {usual}"
    changes = store().headline.version_changes(query, window)
    small = f"{hit}; {_still(stretch)}.{_deployed(changes, stretch)}"
    terms = (_root_term(root), f"trace.duration>{found.usual_ns}ns")
    why_url = _inside_and_outside(state, _root_term(root), stretch) if awaited else ""
    return Sentence("slow", lead, rest, small, _url(state, terms, stretch), stretch.hit, why_url)


def _failing(state: SearchState, query: Query, window: Window, found: Failing) -> Sentence:
    root, stretch = (found.service, found.name), found.stretch
    told = store().headline.failures(query, window, root, stretch.from_ns, stretch.to_ns)
    where = ""
    if told.sentence and told.often >= _COMMON * told.of:
        where = (
            f" {told.sentence}." if told.often == told.of else f" {told.often:,} of them: {told.sentence}."
        )
    lead = f"{found.service} · {found.name}" if found.service else "Requests of all kinds"
    rest = f": {_failed(stretch)}.{where}"
    changes = store().headline.version_changes(query, window)
    hit = f"{stretch.hit:,} of {display.plural(stretch.traces, 'request')}{' that were kept' if tail_note() else ''}"
    small = f"{hit}; {_still(stretch)}.{_deployed(changes, stretch)}"
    terms = (*([_root_term(root)] if found.service else []), "trace.failed")
    url = _url(state, terms, stretch)
    why_url, why = _failed_and_others(state, terms, stretch), "What do they have in common?"
    if (
        min(stretch.hit, stretch.traces - stretch.hit) < ENOUGH
    ):  # sets that allow no claim: two traces still tell
        usual = store().headline.usual(query, window, told.example)
        why_url = f"/compare?a={usual}&b={told.example}" if usual else ""
        why = "Compare the last one with a usual one that succeeded"
    return Sentence("failing", lead, rest, small, url, stretch.hit, why_url, why)


def _failed(stretch: Stretch) -> str:
    """How many; of traces that were chosen after their end no part, since failures are chosen rather than others."""
    if tail_note():
        return f"{display.plural(stretch.hit, 'failure')} {_when(stretch)}, {stretch.hit_outside:,} otherwise"
    share = display.share(stretch.hit / stretch.traces)
    otherwise = display.share(stretch.hit_outside / stretch.traces_outside)
    return f"{share} failed {_when(stretch)}, {otherwise} otherwise"


def _when(stretch: Stretch) -> str:
    """`since 10:08`, `from 10:08 to 10:21`, `until 10:21`; with the day when the stretch is longer than one."""
    day = "%-d %b " if stretch.to_ns - stretch.from_ns > _DAY_NS else ""
    seconds = ":%S" if stretch.to_ns - stretch.from_ns < 120 * 10**9 else ""
    start, end = (moment(ns).strftime(f"{day}%H:%M{seconds}") for ns in (stretch.from_ns, stretch.to_ns))
    if not stretch.begun:
        return f"until {end}"
    return f"from {start} to {end}" if stretch.over else f"since {start}"


def _still(stretch: Stretch) -> str:
    return "it is over" if stretch.over else "it goes on to the last trace"


def _deployed(changes: Iterable[VersionChange], stretch: Stretch) -> str:
    """Versions that were first seen shortly before. What came first need not be the cause, and is not called one."""
    if not stretch.begun:
        return ""
    long_ns = max(stretch.to_ns - stretch.from_ns, 60 * 10**9)
    near = [
        change for change in changes
        if -_SHORTLY * long_ns <= change.first_ns - stretch.from_ns <= _SHORTLY * long_ns / 4
    ]  # fmt: skip
    if not near:
        return ""
    words = ", ".join(
        f"{change.service} {change.version} (first seen {moment(change.first_ns):%H:%M:%S})"
        for change in near[:3]
    )
    return f" New at that time: {words}."


def _root_term(root: tuple[str, str]) -> str:
    return write_term("trace.root", "=", f"{root[0]} · {root[1]}")


def _url(state: SearchState, terms: tuple[str, ...], stretch: Stretch) -> str:
    start, end = _ends(stretch)
    return state.url(q=_with(state.q, *terms), from_=start, to=end, sort="slowest")


def _inside_and_outside(state: SearchState, root: str, stretch: Stretch) -> str:
    """The comparison that the sentence makes: the root operation in the stretch against all its other times."""
    start, end = _ends(stretch)
    before, after = f"trace.start<{start}", f"trace.start>={end}"
    outside = [*([before] if stretch.begun else []), *([after] if stretch.over else [])]
    inside = [
        *([f"trace.start>={start}"] if stretch.begun else []),
        *([f"trace.start<{end}"] if stretch.over else []),
    ]
    baseline = _with(state.q, root, " OR ".join(outside))
    return CohortState(a=baseline, b=_with(state.q, root, *inside), from_=state.from_, to=state.to).url()


def _failed_and_others(state: SearchState, terms: tuple[str, ...], stretch: Stretch) -> str:
    """What failed in the stretch against what did not, then."""
    *root, failed = terms
    baseline, failures = _with(state.q, *root, f"{failed}=false"), _with(state.q, *terms)
    start, end = _ends(stretch)
    return CohortState(a=baseline, b=failures, from_=start, to=end).url()


def _with(text: str, *terms: str) -> str:
    for term in terms:
        text = add_term(text, term)
    return text


def _ends(stretch: Stretch) -> tuple[str, str]:
    """From its first trace up to and with its last: the end in an address is exclusive."""
    return display.exact_iso(stretch.from_ns), display.exact_iso(stretch.to_ns + 1)
