"""One slow thing: a query (rule 15), the network (16), connections made anew (10); and what is not whole (11, 14)."""

import re
from collections.abc import Iterator

import numpy as np

from webapp.analysis.detectors.scene import Scene, quoted
from webapp.model import display
from webapp.model.facts import Finding

CONNECTING = re.compile("dns|connect|tls|ssl|handshake", re.IGNORECASE)


def slow_query(scene: Scene) -> Iterator[Finding]:
    for node in scene.call_nodes:
        call, on_path_ns = scene.call(node), scene.on_path_ns.get(node, 0)
        if call.type == "db" and on_path_ns and scene.length(node) >= scene.floor("slow_query"):
            what = call.text or scene.name(node)
            message = (
                f"{scene.service_name(node)} waits {display.duration(scene.length(node))} for {quoted(what)}"
            )
            yield scene.finding(
                "slow_query",
                [node],
                message,
                on_path_ns,
                parent=scene.parent[node],
                duration_ns=scene.length(node),
            )


def large_transport(scene: Scene) -> Iterator[Finding]:
    """Between asking and answering lies more than the server's own time."""
    for node in scene.call_nodes:
        server, on_path_ns = scene.server_of(node), int(scene.facts.critical_ns[node])
        if server < 0 or not on_path_ns or not scene.length(server):  # inferred, without a time of its own
            continue
        between_ns = scene.length(node) - scene.length(server)
        if between_ns < max(scene.floor("large_transport"), scene.length(node) // 2):
            continue
        shifted = bool(scene.forest.offset_ns[server] != scene.forest.offset_ns[node])
        message = (
            f"{display.duration(between_ns)} of {scene.label(node)} lie between it and "
            f"{scene.service_name(server)}, which took {display.duration(scene.length(server))} itself"
        )
        if shifted:
            message += "; their clocks disagreed"
        yield scene.finding(
            "large_transport", [node, server], message, min(between_ns, on_path_ns),
            severity="info" if shifted else "high", parent=scene.parent[node], between_ns=between_ns,
        )  # fmt: skip


def connection_overhead(scene: Scene) -> Iterator[Finding]:
    """Two calls or more to one party that each make a connection first."""
    slow: dict[tuple[int, str], list[int]] = {}
    for node in scene.call_nodes:
        total_ns = sum(map(scene.length, _connecting(scene, node)))
        if total_ns >= max(scene.floor("connection_overhead"), scene.length(node) // 10):
            slow.setdefault((scene.caller(node), scene.callee(node)), []).append(node)
    for (caller, callee), calls in slow.items():
        if len(calls) < scene.least("connection_overhead").count:
            continue
        steps = [step for node in calls for step in _connecting(scene, node)]
        total_ns = sum(map(scene.length, steps))
        message = (
            f"{scene.name_of_service(caller)} connects to {callee or 'the same party'} anew for {len(calls)} calls: "
            f"{display.duration(total_ns)}"
        )
        gain_ns = scene.path_sum(steps)
        yield scene.finding(
            "connection_overhead", calls, message, gain_ns, count=len(calls), total_ns=total_ns
        )


def _connecting(scene: Scene, node: int) -> list[int]:
    below = scene.children.get(node)
    return [child for child in below if CONNECTING.search(scene.name(child))] if below else []


def missing_spans(scene: Scene) -> Iterator[Finding]:
    """Rule 14: placeholders stand for spans that were not received."""
    lost = [node for node, received in enumerate(scene.received) if not received]
    if lost:
        above = set(lost)
        below = sum(parent in above for parent in scene.parent)
        spans = display.plural(len(lost), "span")
        were = "was" if len(lost) == 1 else "were"
        message = f"{spans} named as parent of {display.plural(below, 'span')} {were} not received"
        yield scene.finding("missing_spans", lost, message, severity="info", count=len(lost))


def duplicate_span(scene: Scene) -> Iterator[Finding]:
    """Rule 11: repair dropped copies, or told spans apart that came under one id."""
    told = {warning.span_id for warning in scene.facts.warnings if warning.code == "duplicate_id"}
    suffixed = np.flatnonzero(scene.forest.suffix).tolist() if told else []
    renamed = [node for node in suffixed if f"{scene.forest.span_id[node]:016x}" in told]
    dropped = len(scene.forest.dropped)
    parts = [f"{display.plural(dropped, 'copy', 'copies')} dropped of spans that were sent more than once"]
    parts = parts if dropped else []
    if renamed:
        have = "has" if len(renamed) == 1 else "have"
        parts.append(f"{display.plural(len(renamed), 'span')} {have} the id of another span")
    if parts:
        yield scene.finding("duplicate_span", renamed, "; ".join(parts), severity="info")
