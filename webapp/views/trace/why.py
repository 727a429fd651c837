"""Why a trace took as long as it did, along the path that is shown: verdict, what qualifies it, shares, the other paths."""

from dataclasses import dataclass, replace

import numpy as np

from webapp.analysis.attribution import Evidence, evidence
from webapp.analysis.verdict import completion_verdict, may_be_unusual, qualified, verdict
from webapp.analysis.verdict_beyond import NO_SPAN, Gain, Usually, blamed, culprit, gain
from webapp.analysis.whatif import Schedule
from webapp.model import display
from webapp.model.facts import Forest, Path, ServiceShare, TraceFacts, Verdict, Where
from webapp.store import Store
from webapp.views.trace.cache import AT_ONCE, OpenTrace
from webapp.views.trace.rows import MISSING
from webapp.views.trace.state import TraceState

WAITING = "waiting"
_RESTS_ON = {
    "medium": "The path runs through spans that were not received, or whose clock was shifted.",
    "low": "More than a fifth of the path lies in spans that were not received.",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """The path that is shown, `which` as `OpenTrace.which_path` says, and what is to be said of it."""

    which: str
    path: Path
    evidence: Evidence
    verdict: Verdict
    total_ns: int


@dataclass(frozen=True, slots=True)
class PathChoice:
    name: str
    url: str
    chosen: bool
    meaning: str


def shown_path(trace: OpenTrace, state: TraceState) -> Shown:
    which = trace.which_path(state.path)
    return trace.once(f"verdict of {which}", lambda: _judged(trace, which))


def _judged(trace: OpenTrace, which: str) -> Shown:
    facts, path = trace.facts, trace.chosen_path(which)
    [found] = evidence(facts.forest, path)
    if which == "completion":
        return Shown(
            which, path, found, facts.completion_verdict or completion_verdict(found), found.total_ns
        )
    said = facts.verdict if which == "response" else verdict(found)
    return Shown(which, path, found, said, max(1, facts.response_ns))


def reasons(trace: OpenTrace, store: Store, shown: Shown) -> list[str]:
    """The qualifiers of the verdict, and that there is nothing below to blame; of a large trace first without those
    that take a look at all of it, or at all others.
    """
    known = trace.has("gain") or len(trace.rows) <= AT_ONCE
    told = qualifiers(trace, store, shown) if known else qualified(shown.evidence)
    if _all_its_own(trace.facts.forest, shown):
        return ["All of it is the span’s own work: no child span explains it.", *told]
    return told


def late_reasons(trace: OpenTrace, store: Store, shown: Shown) -> list[str]:
    """What the page of a large trace could not say at once."""
    if len(trace.rows) <= AT_ONCE:
        return []
    told = qualified(shown.evidence)
    return [line for line in qualifiers(trace, store, shown) if line not in told]


def qualifiers(trace: OpenTrace, store: Store, shown: Shown) -> list[str]:
    """With what it would gain to speed the cause up, and how far it is from what is usual."""
    of_response = shown.which == "response" and len(shown.path.node) and shown.evidence.rows
    gained = cause_gain(trace) if of_response else None
    return qualified(shown.evidence, gained, _usually(trace, store, shown))


def cause_gain(trace: OpenTrace) -> Gain:
    return trace.once("gain", lambda: gain(trace.facts, schedule(trace), trace.slack_ns()))


def schedule(trace: OpenTrace) -> Schedule:
    facts = trace.facts
    return trace.once("schedule", lambda: Schedule(facts.forest, int(facts.forest.root[0]), facts.path))


def _usually(trace: OpenTrace, store: Store, shown: Shown) -> Usually | None:
    node = culprit(trace.facts.forest, shown.path, shown.verdict)
    if node == NO_SPAN or not shown.evidence.rows or shown.evidence.rows[0].wait:
        return None
    said, forest = shown.verdict, trace.facts.forest
    span_ns = int(forest.end_ns[node] - forest.start_ns[node])
    if not may_be_unusual(span_ns, shown.evidence):
        return None
    usual = store.operations.usual(said.service, said.name, forest.columns.row)
    if usual is None:
        return None
    return Usually(span_ns, usual.spans, usual.p50_ns, usual.p95_ns)


def _all_its_own(forest: Forest, shown: Shown) -> bool:
    path, said = shown.path, shown.verdict
    own = blamed(forest, said, path.node)
    one = said.level != "spread" and said.calls == 1 and len(forest) > 1 and own.any()
    return bool(one and (path.where[own] == Where.LEAF).all())


def rests_on(said: Verdict) -> str:
    """Why the verdict is less than certain; "" if it is not."""
    return _RESTS_ON.get(said.confidence, "")


def shares(facts: TraceFacts, shown: Shown) -> list[ServiceShare]:
    """Path time by service; time in which nobody worked is a share of its own."""
    if shown.which == "response":
        return facts.services
    path, forest = shown.path, facts.forest
    length_ns = path.end_ns - path.start_ns
    waiting = path.where == Where.WAIT
    by_service = np.bincount(
        forest.service[path.node][~waiting] + 1, length_ns[~waiting], len(forest.columns.services) + 1
    )
    names = [MISSING, *forest.columns.services]
    found = [ServiceShare(names[k], 0, 0, int(by_service[k])) for k in np.flatnonzero(by_service).tolist()]
    if waiting.any():
        found.append(ServiceShare(WAITING, 0, 0, int(length_ns[waiting].sum())))
    return sorted(found, key=lambda share: -share.critical_ns)


def choices(trace: OpenTrace, state: TraceState) -> list[PathChoice]:
    """The paths that this trace has. The one it opens on needs no name in the URL."""
    which, opens_on = trace.which_path(state.path), trace.which_path("")
    meanings = {"response": ("Response", "What the caller waited for.")}
    if trace.facts.completion is not None:
        after_ns = added_ns(trace.facts)
        beyond = f", {display.duration(after_ns)} after the response." if after_ns else "."
        meanings["completion"] = ("Completion", f"What everything took until the last span ended{beyond}")
    meanings["truncate"] = (
        "As Jaeger",
        "As Jaeger draws it: work that outlives its parent is waited for, and what ends just as the next begins is not.",
    )
    urls = {name: "" if name == opens_on else name for name in meanings}
    return [
        PathChoice(words, state.url(path=urls[name]), name == which, meaning)
        for name, (words, meaning) in meanings.items()
    ]


def added_ns(facts: TraceFacts) -> int:
    if facts.completion is None or not len(facts.completion.end_ns):
        return 0
    path = facts.completion
    return max(0, int(path.end_ns[-1] - path.start_ns[0]) - facts.response_ns)


def qualified_verdict(trace: OpenTrace, store: Store, path: str) -> Verdict:
    """As machines are told it."""
    shown = trace.once(f"verdict of {path}", lambda: _judged(trace, path))
    return replace(shown.verdict, qualifiers=qualifiers(trace, store, shown))
