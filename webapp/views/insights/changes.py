"""What is new since a moment, as lines of `/insights`: since when, by default the newest version or half of the time."""

from dataclasses import dataclass, replace

from webapp.analysis import since
from webapp.errors import TooSlow
from webapp.model import display
from webapp.model.insights import Changes, SlowerOperation
from webapp.query import write_term
from webapp.store.insights.changes import Rules
from webapp.views.insights.rows import moment_text
from webapp.views.insights.state import InsightsState
from webapp.views.present import store
from webapp.views.state import SearchState

_OWN = 0.02  # of the time that the slowest of them lost: below that an operation waits for others
_RULES = Rules(since.is_slower, since.is_new, since.LEAST_SPANS)


@dataclass(frozen=True, slots=True)
class SlowerLine:
    service: str
    name: str
    times: str
    sentence: str
    url: str


@dataclass(frozen=True, slots=True)
class ErrorLine:
    service: str
    before: str
    quoted: str
    after: str
    url: str


@dataclass(frozen=True, slots=True)
class ChangeLines:
    """`since` as a sentence speaks of it; `problem` in place of what could not be compared."""

    since_ns: int
    since: str
    why: str
    slower: list[SlowerLine]
    waiting: list[SlowerLine]  # got slower too, and next to nothing of it is their own
    errors: list[ErrorLine]
    compared: int
    problem: str
    of: Changes | None = None


def changes_of(state: InsightsState, span: tuple[int, int]) -> ChangeLines | None:
    """None where there is no time to divide."""
    first_ns, last_ns = span
    if last_ns <= first_ns:
        return None
    window, problem = SearchState(from_=state.since).window(last_ns + 1)
    asked_ns = window.from_ns
    try:
        version = None if asked_ns is not None else store().findings.newest_version(first_ns, last_ns)
        middle_ns = first_ns + (last_ns - first_ns) // 2
        since_ns = asked_ns if asked_ns is not None else version[0] if version else middle_ns
        found = store().findings.changes(since_ns, span, _RULES)
    except TooSlow as error:
        return ChangeLines(0, "", "", [], [], [], 0, error.message)
    found = replace(found, version=version[1] if version else None)
    return _lines(state, span, found, problem)


def _lines(state: InsightsState, span: tuple[int, int], found: Changes, problem: str) -> ChangeLines:
    why = "as asked" if state.since and not problem else "half of the time shown"
    if found.version:
        why = f"when {found.version[0]} {found.version[1]} was first seen"
    most_ns = max((each.lost_ns for each in found.slower), default=0)
    owners = [each for each in found.slower if each.lost_ns >= _OWN * most_ns or each is found.slower[0]]
    search = SearchState(from_=display.iso(found.since_ns), to=state.to)
    return ChangeLines(
        since_ns=found.since_ns,
        since=moment_text(found.since_ns, span),
        why=why,
        slower=[_slower(each, search) for each in owners if state.service in ("", each.service)],
        waiting=[
            _slower(each, search)
            for each in found.slower
            if each not in owners and state.service in ("", each.service)
        ],
        errors=[
            ErrorLine(
                each.kind.service, f"{each.kind.service} · {each.kind.name}:", each.kind.subject or "no words",
                f"in {display.plural(each.traces, 'trace')}, in none of {display.count(each.traces_before)} before",
                state.search("trace.finding", each.kind.fingerprint).url(),
            )
            for each in found.errors
            if state.service in ("", each.kind.service)
        ],
        compared=found.compared,
        problem=problem,
        of=found,
    )  # fmt: skip


def _slower(each: SlowerOperation, search: SearchState) -> SlowerLine:
    times = _times(each.p95_after_ns, each.p95_before_ns)
    return SlowerLine(
        service=each.service,
        name=each.name,
        times=times,
        sentence=f"p95 {display.duration(each.p95_before_ns)} → {display.duration(each.p95_after_ns)} ({times}; "
        f"{display.plural(each.spans_before, 'span')} before, {display.count(each.spans_after)} since)",
        url=_query(search, service=each.service, name=each.name, over_ns=each.p95_before_ns),
    )


def _times(after_ns: int, before_ns: int) -> str:
    times = after_ns / max(1, before_ns)
    return f"{times:.0f}×" if times >= 10 else f"{times:.1f}×"


def _query(search: SearchState, *, service: str, name: str, over_ns: int) -> str:
    """The traces with spans that took longer than most did before."""
    over = f"duration>{over_ns}ns"
    terms = [write_term("service", "=", service), write_term("name", "=", name), over]
    return search.url(q=" ".join(terms), sort="slowest")


def changes_json(lines: ChangeLines | None) -> dict[str, object] | None:
    if lines is None or lines.of is None:
        return None
    of = lines.of
    return {
        "since_ns": of.since_ns,
        "version": {"service": of.version[0], "version": of.version[1]} if of.version else None,
        "compared": of.compared,
        "slower_operations": [
            {name: getattr(each, name) for name in each.__slots__} for each in of.slower
        ],
        "new_errors": [
            {
                "fingerprint": each.kind.fingerprint, "service": each.kind.service, "name": each.kind.name,
                "message": each.kind.subject, "traces": each.traces, "first_ns": each.first_ns,
                "traces_before": each.traces_before,
            }
            for each in of.errors
        ],
    }  # fmt: skip
