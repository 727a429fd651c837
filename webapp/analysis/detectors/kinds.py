"""What a finding of one trace has in common with findings of others: who, in which operation, about what. No ids."""

import re
from collections import Counter

from webapp.analysis.attribution import MISSING
from webapp.analysis.call_path import operation
from webapp.analysis.detectors.scene import Scene
from webapp.model.columns import ErrorText
from webapp.model.facts import Finding
from webapp.model.insights import FindingKind

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”|`[^`]*`")
_ID = re.compile(  # a short number is a status code or a limit, and says what kind of error it is
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b|\d{4,}|[\w.+-]+@[\w.-]+\w",
    re.IGNORECASE,
)
_MOST_LETTERS = 200
_NO_WORDS = ErrorText("")
_OF_PARENT = ("n_plus_one", "n_plus_one_calls", "serial_calls", "serial_db", "wide_fanout")


def kind_of(scene: Scene, finding: Finding) -> FindingKind:
    service, name, subject = _about(scene, finding)
    return FindingKind(finding.code, service, operation(name)[:_MOST_LETTERS], subject[:_MOST_LETTERS])


def _about(scene: Scene, finding: Finding) -> tuple[str, str, str]:
    code, nodes = finding.code, finding.nodes
    first = nodes[0] if nodes else -1
    if code == "missing_spans":
        return _below_lost(scene, set(nodes)), "", ""
    if first < 0:
        return "", "", ""
    if code in _OF_PARENT:
        asks = code.startswith("n_plus_one")
        return *_who(scene, finding.parent), scene.operation(first)[1] if asks else ""
    if code == "repeated_identical":
        who = _who(scene, finding.parent) if finding.parent >= 0 else (scene.service_name(first), "")
        return *who, scene.operation(first)[1]
    if code in ("chatty", "connection_overhead"):
        callees = {scene.callee(node) for node in nodes}
        callers = {scene.caller(node) for node in nodes}
        caller = scene.name_of_service(callers.pop()) if len(callers) == 1 else ""
        return caller, "", callees.pop() if len(callees) == 1 else ""
    if code == "slow_query":
        return scene.service_name(first), "", scene.operation(first)[1]
    if code == "lock_or_pool_wait" and len(nodes) > 1:
        return scene.service_name(first), "", "queries"
    if code == "queue_wait":
        return *_who(scene, nodes[-1]), _queue(scene, nodes)
    return *_who(scene, first), _subject(scene, finding, first)


def _subject(scene: Scene, finding: Finding, first: int) -> str:
    match finding.code:
        case "error_root":
            said = scene.forest.columns.error_texts.get(int(scene.forest.source[first]), _NO_WORDS).message
            return error_kind(said)
        case "retry" | "timeout":
            return scene.callee(first)
        case "large_transport":
            return scene.service_name(finding.nodes[-1])
    return ""


def error_kind(message: str) -> str:
    """The words of an error without what differs from one to the next: ids, quoted values, long numbers."""
    words = " ".join(message[: 4 * _MOST_LETTERS].split())
    return _ID.sub("…", _QUOTED.sub("…", words))


def _who(scene: Scene, node: int) -> tuple[str, str]:
    if node < 0 or not scene.received[node]:
        return MISSING, ""
    return scene.service_name(node), scene.name(node)


def _queue(scene: Scene, nodes: list[int]) -> str:
    named = (scene.call(node).callee.partition(":")[2] for node in nodes)
    return next(filter(None, named), "")


def _below_lost(scene: Scene, lost: set[int]) -> str:
    """The service that names most of the lost spans as parents."""
    below = Counter(
        scene.service_name(node)
        for node, parent in enumerate(scene.parent)
        if parent in lost and scene.received[node]
    )
    return min(below, key=lambda name: (-below[name], name)) if below else MISSING
