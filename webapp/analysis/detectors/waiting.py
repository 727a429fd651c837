"""Time in which nothing recorded explains the wait: gaps (rule 6), queues (rule 7), locks and pools (rule 7b)."""

import heapq
import re
from collections.abc import Iterator

import numpy as np

from webapp.analysis.detectors.scene import Scene
from webapp.model import display
from webapp.model.facts import Finding, Where
from webapp.model.spans import Kind

_WAITS = {  # words of a name, and what it then waits for
    "a connection": re.compile(r"\b(?:pool|connect|get ?connection|acquire connection)\b"),
    "a lock": re.compile(r"\b(?:lock|mutex|semaphore|acquire)\b"),
    "something": re.compile(r"\b(?:await|wait|waiting)\b"),
}
_MEANT = re.compile(r"sleep|delay|timer")
_COVERED = 0.8  # of a gap by a child that was waited for: then that explains it
_BESIDE = (Where.BEFORE, Where.BETWEEN, Where.AFTER)


def gap(scene: Scene) -> Iterator[Finding]:
    """Rule 6: the path stays in a span that has children, and none of them explains it."""
    if scene.forest.columns.inferred:  # from log lines: their spans hold what was logged, nothing else
        return
    path = scene.facts.path
    segments = zip(
        path.node.tolist(), path.start_ns.tolist(), path.end_ns.tolist(), path.where.tolist(), strict=True
    )
    for place, (node, start_ns, end_ns, where) in enumerate(segments):
        long = end_ns - start_ns >= scene.floor("gap")
        if not long or where not in _BESIDE or scene.server_of(node) >= 0 or not scene.received[node]:
            continue
        ran_ns, child = _meanwhile(scene, node, start_ns, end_ns)
        waited_for = child >= 0 and bool(scene.forest.blocking[child])
        if waited_for and ran_ns >= _COVERED * (end_ns - start_ns):
            continue
        message = f"No span explains {display.duration(end_ns - start_ns)} of {scene.label(node)}"
        if child >= 0:
            how = "" if waited_for else " in the background"
            message += f"; meanwhile {scene.label(child)} ran {display.duration(ran_ns)} of it{how}"
        begins = place == 0 and scene.kind[node] in (Kind.CONSUMER, Kind.INTERNAL)
        origin_ns = scene.start[scene.root]
        yield scene.finding(
            "gap", [node], message, end_ns - start_ns, severity="info" if begins else "high", parent=node,
            start_ns=start_ns - origin_ns, end_ns=end_ns - origin_ns, gap_ns=end_ns - start_ns,
        )  # fmt: skip


def _meanwhile(scene: Scene, node: int, start_ns: int, end_ns: int) -> tuple[int, int]:
    """The child that ran longest in a gap, and how long; -1 if none did."""
    shares = [
        (min(end_ns, scene.end[child]) - max(start_ns, scene.start[child]), child)
        for child in scene.all_children(node)
    ]
    ran_ns, child = max(shares, default=(0, -1))
    return (ran_ns, child) if ran_ns > 0 else (0, -1)


def queue_wait(scene: Scene) -> Iterator[Finding]:
    """Rule 7: a message lay longer than a second and five times as long as its handling took."""
    columns = scene.forest.columns
    linked: dict[int, int] = {}
    if len(columns.link_owner):
        source_of = {source: node for node, source in enumerate(scene.forest.source.tolist()) if source >= 0}
        by_id = {int(span): node for node, span in enumerate(scene.forest.span_id.tolist())}
        for owner, target in zip(columns.link_owner.tolist(), columns.link_span.tolist(), strict=True):
            if owner in source_of and target in by_id:
                linked.setdefault(source_of[owner], by_id[target])
    for node in np.flatnonzero((scene.forest.kind == Kind.CONSUMER) & (scene.forest.source >= 0)).tolist():
        above = scene.parent[node]
        producer = above if above >= 0 and scene.kind[above] == Kind.PRODUCER else linked.get(node, -1)
        if (
            producer >= 0
            and scene.kind[producer] == Kind.PRODUCER
            and (found := _queued(scene, producer, node))
        ):
            yield found


def _queued(scene: Scene, producer: int, consumer: int) -> Finding | None:
    waited_ns = scene.start[consumer] - scene.end[producer]
    if waited_ns < max(scene.floor("queue_wait"), 5 * scene.length(consumer)):
        return None
    queue = scene.call(producer).callee.partition(":")[2] or scene.call(consumer).callee.partition(":")[2]
    place = f" in {queue}" if queue else ""
    message = f"The message for {scene.label(consumer)} waited {display.duration(waited_ns)}{place}"
    delayed = scene.call(producer).delayed or scene.call(consumer).delayed
    if delayed:
        message += ", as it was asked to"
    held_ns, whole_ns = _held_up(scene, consumer)
    severity = "info" if delayed else "high" if 5 * held_ns >= whole_ns > 0 else "medium"
    return Finding(
        "queue_wait", severity, [producer, consumer], producer, held_ns, message, {"wait_ns": waited_ns}
    )


def _held_up(scene: Scene, node: int) -> tuple[int, int]:
    """How long the completion path waits for a span to begin, of how much in all."""
    path = scene.facts.completion
    if path is None:
        return 0, 0
    length_ns = path.end_ns - path.start_ns
    waits = (path.node == node) & (path.where == Where.WAIT)
    return int(length_ns[waits].sum()), int(length_ns.sum())


def lock_or_pool_wait(scene: Scene) -> Iterator[Finding]:
    """Rule 7b: a span that by its name waits for a lock or a connection; or very many queries at once."""
    for node, on_path_ns in scene.on_path_ns.items():
        if scene.kind[node] in (Kind.SERVER, Kind.CONSUMER, Kind.PRODUCER) or scene.with_children[node]:
            continue
        least_ns = scene.floor("lock_or_pool_wait")
        if on_path_ns >= least_ns and scene.received[node] and (what := waits_for(scene.name(node))):
            message = (
                f"{scene.label(node)} takes {display.duration(on_path_ns)}: by its name it waits for {what}"
            )
            yield scene.finding(
                "lock_or_pool_wait",
                [node],
                message,
                on_path_ns,
                parent=scene.parent[node],
                wait_ns=on_path_ns,
            )
    by_service: dict[int, list[int]] = {}
    for node in scene.call_nodes:
        if scene.call(node).type == "db":
            by_service.setdefault(scene.service[node], []).append(node)
    for nodes in by_service.values():
        peak = _peak(scene, nodes)
        if len(peak) >= scene.least("lock_or_pool_wait").count:
            message = f"{scene.service_name(nodes[0])} has {len(peak)} queries open at the same time"
            yield scene.finding("lock_or_pool_wait", peak, message, severity="info", count=len(peak))


def waits_for(name: str) -> str:
    """`lockRows` and `lock_rows` are two words each."""
    words = re.sub(r"[^a-z]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    if _MEANT.search(words):
        return ""
    return next((what for what, pattern in _WAITS.items() if pattern.search(words)), "")


def _peak(scene: Scene, nodes: list[int]) -> list[int]:
    """The most that are open at one time; one that ends as another starts is not."""
    running: list[tuple[int, int]] = []
    most: list[int] = []
    for node in sorted(nodes, key=scene.start.__getitem__):
        while running and running[0][0] <= scene.start[node]:
            heapq.heappop(running)
        heapq.heappush(running, (scene.end[node], node))
        if len(running) > len(most):
            most = [one for _, one in running]
    return most
