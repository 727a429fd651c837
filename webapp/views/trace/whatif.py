"""What if a service, an operation or a span were faster: what can be chosen, the answer, the curve over the percent."""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.attribution import label
from webapp.analysis.whatif import Outcome
from webapp.model.columns import Bool
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.folds import span_ids
from webapp.views.trace.state import TraceState
from webapp.views.trace.why import schedule

_MOST = 30  # services, and operations, to choose from: those with the most time on the critical path
WIDTH, HEIGHT = 240, 72
_LARGE = 5_000  # spans
_POINTS, _POINTS_OF_LARGE = 11, 5


@dataclass(frozen=True, slots=True)
class Choice:
    value: str  # of `faster` in the URL
    words: str


@dataclass(frozen=True, slots=True)
class Point:
    percent: int
    response_ns: int
    saved_ns: int
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class Answer:
    words: str
    response_ns: int
    saved_ns: int
    share: float  # saved, of the response
    limit: str  # what the response then waits for most
    limit_share: float
    points: list[Point]
    line: str  # the curve as an SVG path
    here: Point


@dataclass(frozen=True, slots=True)
class WhatIf:
    groups: list[tuple[str, list[Choice]]]
    chosen: str
    percent: int
    answer: Answer | None
    problem: str
    width: int = WIDTH
    height: int = HEIGHT


def what_if(trace: OpenTrace, state: TraceState) -> WhatIf:
    groups = _groups(trace)
    chosen, answer, problem = state.faster, None, ""
    if chosen:
        who = _who(trace, chosen)
        if who is None:
            problem = f"This trace has no {chosen}."
        else:
            words, mask = who
            answer = _answer(trace, words, mask, state.percent)
            if chosen not in {choice.value for _, choices in groups for choice in choices}:
                groups.insert(0, ("Chosen", [Choice(chosen, words)]))
    return WhatIf(groups, chosen, state.percent, answer, problem)


def _groups(trace: OpenTrace) -> list[tuple[str, list[Choice]]]:
    facts = trace.facts
    services = [one.service for one in facts.services if one.critical_ns][:_MOST]
    on_path = np.flatnonzero((facts.critical_ns > 0) & (facts.forest.source >= 0))
    times: dict[str, int] = {}
    for node, time_ns in zip(on_path.tolist(), facts.critical_ns[on_path].tolist(), strict=True):
        name = " · ".join(label(facts.forest, node))
        times[name] = times.get(name, 0) + time_ns
    names = sorted(times, key=lambda name: -times[name])[:_MOST]
    return [
        ("Operations", [Choice(f"operation:{name}", name) for name in names]),
        ("Services", [Choice(f"service:{name}", name) for name in services]),
    ]


def _who(trace: OpenTrace, chosen: str) -> tuple[str, Bool] | None:
    """What was chosen in words, and its spans; None if there are none."""
    kind, _, name = chosen.partition(":")
    forest = trace.facts.forest
    if kind in ("span", "below"):
        return _one_span(trace, kind, name)
    services = [*forest.columns.services, ""]
    if kind == "service":
        mask = np.array([service == name for service in services])[forest.service]
    elif kind == "operation":
        pairs = np.unique(np.stack((forest.service, forest.name), axis=1), axis=0).tolist()
        names = [*forest.columns.names, ""]
        fitting = [pair for pair in pairs if f"{services[pair[0]]} · {names[pair[1]]}" == name]
        mask = np.zeros(len(forest), np.bool_)
        for service, operation in fitting:
            mask |= (forest.service == service) & (forest.name == operation)
    else:
        return None
    mask &= forest.source >= 0
    return (name, mask) if mask.any() else None


def _one_span(trace: OpenTrace, kind: str, span_id: str) -> tuple[str, Bool] | None:
    node = trace.node_of(span_id) if span_ids(span_id) == (span_id,) else None
    if node is None:
        return None
    mask = np.zeros(len(trace.facts.forest), np.bool_)
    row = int(trace.rows.row_of_node[node])
    last = int(trace.rows.after[row]) if kind == "below" else row + 1
    mask[trace.rows.node[row:last]] = True
    words = " · ".join(label(trace.facts.forest, node))
    return f"this {words}" + (" and all below it" if kind == "below" else ""), mask


def _answer(trace: OpenTrace, words: str, mask: Bool, percent: int) -> Answer:
    count = _POINTS if len(trace.rows) <= _LARGE else _POINTS_OF_LARGE
    steps = sorted({round(100 * k / (count - 1)) for k in range(count)} | {percent})
    outcomes = {step: schedule(trace).faster(mask, step / 100) for step in steps}
    whole_ns = trace.facts.response_ns
    points = [_point(step, outcome.response_ns, whole_ns) for step, outcome in outcomes.items()]
    here = points[steps.index(percent)]
    limit, limit_ns = _limit(trace, outcomes[percent])
    return Answer(
        words=words,
        response_ns=here.response_ns,
        saved_ns=here.saved_ns,
        share=here.saved_ns / whole_ns if whole_ns else 0.0,
        limit=limit,
        limit_share=min(1.0, limit_ns / here.response_ns) if here.response_ns else 0.0,
        points=points,
        line="M" + "L".join(f"{point.x} {point.y}" for point in points),
        here=here,
    )


def _point(percent: int, response_ns: int, whole_ns: int) -> Point:
    y = HEIGHT * (1 - (response_ns / whole_ns if whole_ns else 0))
    return Point(
        percent, response_ns, max(0, whole_ns - response_ns), f"{WIDTH * percent / 100:.1f}", f"{y:.1f}"
    )


def _limit(trace: OpenTrace, outcome: Outcome) -> tuple[str, float]:
    """The service and name that the response would then wait for most, and for how long."""
    forest = trace.facts.forest
    sums: dict[tuple[str, str], float] = {}
    for node, time_ns in outcome.critical_ns.items():
        key = label(forest, node)
        sums[key] = sums.get(key, 0.0) + time_ns
    if not sums:
        return "", 0.0
    most = max(sums, key=sums.__getitem__)
    return " · ".join(most), sums[most]


def span_choice(trace: OpenTrace, node: int) -> str:
    """What the opened span offers: itself, or itself and all below it; "" where the response never waits for it."""
    if trace.slack_ns()[node] < 0 or trace.facts.forest.source[node] < 0:
        return ""
    below = int(trace.rows.children[trace.rows.row_of_node[node]]) > 0
    return f"{'below' if below else 'span'}:{trace.span_id(node)}"
