"""Known patterns that a trace shows: found when first asked for, kept with the trace, as lines of the page and as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from flask import has_request_context, request
from werkzeug.exceptions import ClientDisconnected

from webapp.analysis.attribution import label
from webapp.analysis.detectors import find, part
from webapp.analysis.detectors.part import looked_at
from webapp.analysis.detectors.rules import rule_of
from webapp.analysis.detectors.scene import MEDIUM_SHARE
from webapp.model import display
from webapp.model.calls import Call, call_of
from webapp.model.collector import collector_at_rest
from webapp.model.columns import I64
from webapp.model.facts import Finding
from webapp.model.spans import Kind
from webapp.store import Store
from webapp.views.present import thresholds
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.state import TraceState
from webapp.views.trace.whatif import what_if
from webapp.views.trace.why import late_reasons, schedule, shown_path

SHOWN = 3  # lines; the rest is folded, for rows are to be seen below
_MOST_LINES = 60
_MOST_NAMES = 3
_AT_ONCE = 20_000
_ASKING = (Kind.CLIENT, Kind.PRODUCER, Kind.CONSUMER)
WORDS = {"high": "High", "medium": "Medium", "info": "Note"}
ICONS = {"high": "error-filled", "medium": "warning", "info": "info"}


@dataclass(frozen=True, slots=True)
class Findings:
    """Worst first. `unread`: spans that were not looked at one by one, since there are too many."""

    found: list[Finding]
    unread: int


@dataclass(frozen=True, slots=True)
class FindingLine:
    code: str
    severity: str
    word: str
    icon: str
    message: str
    gain: str
    spans: list[tuple[str, str]]  # words, URL
    of: str  # which the links are of
    rule: str


@dataclass(frozen=True, slots=True)
class FindingLines:
    first: list[FindingLine]
    rest: list[FindingLine]
    more: int  # that are only in the JSON
    unread: int


def findings_of(trace: OpenTrace, store: Store) -> Findings:
    return trace.once("findings", lambda: _find(trace, store))


def _find(trace: OpenTrace, store: Store) -> Findings:
    forest = trace.facts.forest
    looked = looked_at(forest, trace.facts.critical_ns, part.MOST_SPANS)
    asking = np.flatnonzero(np.isin(forest.kind, _ASKING) & (forest.source >= 0) & looked)
    with collector_at_rest():  # each call is an object, and there may be a hundred thousand
        calls = dict(_calls(trace, store, asking))
        found = find(trace.facts, calls, thresholds(), looked, _still_awaited)
    return Findings(found, len(forest) - int(looked.sum()))


def _still_awaited() -> None:
    """Raises:
    ClientDisconnected: the reader has left the page.
    """
    left = request.environ.get("waitress.client_disconnected") if has_request_context() else None
    if left and left():
        raise ClientDisconnected


def _calls(trace: OpenTrace, store: Store, nodes: I64) -> Iterator[tuple[int, Call]]:
    forest = trace.facts.forest
    rows = forest.columns.row[forest.source[nodes]]
    order = np.argsort(rows, kind="stable")
    for first in range(0, len(nodes), _AT_ONCE):
        _still_awaited()
        some = order[first : first + _AT_ONCE]
        read = store.operations.asked(rows[some]) if trace.asked is None else trace.asked
        for node, row in zip(nodes[some].tolist(), rows[some].tolist(), strict=True):
            name = forest.columns.names[forest.name[node]]
            yield node, call_of(int(forest.kind[node]), name, *read.get(row, ({}, "")))


def finding_lines(trace: OpenTrace, state: TraceState, store: Store) -> FindingLines:
    findings = findings_of(trace, store)
    told = [finding for finding in findings.found if _is_the_failure(trace, finding)]
    found = _told_first([finding for finding in findings.found if finding not in told])
    found += [finding for finding in told if len(finding.nodes) > 1]  # at least how often is new
    lines = [_line(trace, state, finding) for finding in found[:_MOST_LINES]]
    return FindingLines(lines[:SHOWN], lines[SHOWN:], len(found) - len(lines), findings.unread)


def _is_the_failure(trace: OpenTrace, finding: Finding) -> bool:
    """The page has said so already, above all else; perhaps not that it happened to others, too. The root may have
    answered so for what happened below it.
    """
    failure = trace.facts.failure
    if failure is None or finding.code != "error_root":
        return False
    root = int(trace.facts.forest.root[0])
    return root in finding.nodes or failure.span_id in map(trace.span_id, finding.nodes)


def _told_first(found: list[Finding]) -> list[Finding]:
    """An error, also one that was handled, is among those that are seen at once."""
    first, rest = found[:SHOWN], found[SHOWN:]
    errors = [finding for finding in rest if finding.code == "error_root"]
    if not errors or any(finding.code == "error_root" for finding in first):
        return found
    return [*first[:-1], errors[0], *(finding for finding in [first[-1], *rest] if finding is not errors[0])]


def _line(trace: OpenTrace, state: TraceState, finding: Finding) -> FindingLine:
    spans, of = _links(trace, state, finding.nodes)
    saved_ns = _saved_alone(trace, finding)
    little = saved_ns is not None and saved_ns < MEDIUM_SHARE * trace.facts.response_ns
    severity = "info" if little else finding.severity
    return FindingLine(
        code=finding.code,
        severity=severity,
        word=WORDS[severity],
        icon=ICONS[severity],
        message=finding.message.rstrip("."),
        gain=_gain(finding, saved_ns),
        spans=spans,
        of=of,
        rule=rule_of(finding.code, thresholds()),
    )


def _saved_alone(trace: OpenTrace, finding: Finding) -> int | None:
    """Where others ran meanwhile, and less than half of the time that was found would be saved: how much."""
    if finding.code != "gap" or not finding.gain_ns:
        return None
    own = np.isin(np.arange(len(trace.rows)), finding.nodes)
    saved_ns = trace.facts.response_ns - schedule(trace).faster(own, 1.0).response_ns
    return saved_ns if 2 * saved_ns < finding.gain_ns else None


def _gain(finding: Finding, saved_ns: int | None) -> str:
    """What it would save."""
    if not finding.gain_ns:
        return ""
    if saved_ns is not None:
        saved = f"at most {display.duration(saved_ns)}" if saved_ns else "nothing"
        return f"alone it saves {saved}: others ran meanwhile"
    what = "the last span could end {} sooner" if finding.code == "queue_wait" else "could save {}"
    return what.format(display.duration(finding.gain_ns))


def _links(trace: OpenTrace, state: TraceState, nodes: list[int]) -> tuple[list[tuple[str, str]], str]:
    """To up to three spans: by name, where names differ, else the first, the longest and the last of them."""
    forest = trace.facts.forest
    if len(nodes) == 1:
        chosen = {"show the span": nodes[0]}
    elif len(names := {" · ".join(label(forest, node)): node for node in reversed(nodes)}) > 1:
        chosen = dict(list(names.items())[::-1][:_MOST_NAMES])
    else:
        start_ns, end_ns = forest.start_ns[nodes], forest.end_ns[nodes]
        first, last = nodes[int(start_ns.argmin())], nodes[int(end_ns.argmax())]
        longest = nodes[int((end_ns - start_ns).argmax())]
        chosen = {"first": first, "longest": longest, "last": last}
        if longest in (first, last):
            del chosen["longest"]
    links = [(words, state.url(f"show/{trace.span_id(node)}")) for words, node in chosen.items()]
    return links, "" if len(nodes) <= len(links) else f"of {display.plural(len(nodes), 'span')}"


def why_part(trace: OpenTrace, state: TraceState, store: Store) -> dict[str, object]:
    """What `_why.html` names."""
    return {
        "trace": trace,
        "state": state,
        "findings": finding_lines(trace, state, store),
        "late": late_reasons(trace, store, shown_path(trace, state)),
        "what": what_if(trace, state),
    }


def findings_json(trace: OpenTrace, store: Store) -> list[dict[str, object]]:
    return [
        {
            "code": finding.code,
            "severity": finding.severity,
            "span_ids": [trace.span_id(node) for node in finding.nodes],
            "parent_span_id": trace.span_id(finding.parent) if finding.parent >= 0 else "",
            "gain_ns": finding.gain_ns,
            "message": finding.message,
            "numbers": finding.numbers,
        }
        for finding in findings_of(trace, store).found
    ]
