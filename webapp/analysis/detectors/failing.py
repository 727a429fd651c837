"""What failed: where errors began (rule 5), what was tried again (rule 4), who gave up waiting (rule 4b)."""

from collections.abc import Iterator

from webapp.analysis.detectors.scene import Scene, pairs_in_turn
from webapp.model import display
from webapp.model.columns import ErrorText
from webapp.model.facts import Finding
from webapp.model.spans import Kind

_MS = 1_000_000
_HEALTH = ("health", "ready", "ping", "alive")
_ROUND_PART = 0.02
_STILL_RAN = 0.1
_YET = " fail, but the trace did"
_NO_WORDS = ErrorText("")


def error_root(scene: Scene) -> Iterator[Finding]:
    """Failed spans without a failed child; those of one kind, under parents of one kind, are told once."""
    below = {
        scene.parent[node] for node, failed in enumerate(scene.failed) if failed and scene.parent[node] >= 0
    }
    groups: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for node, failed in enumerate(scene.failed):
        if not failed or node in below:
            continue
        length, top = _chain(scene, node)
        above = scene.label(scene.parent[node]) if scene.parent[node] >= 0 else ""
        groups.setdefault((scene.label(node), above, _ends(scene, top)), []).append((length, node))
    for (label, _, ends), leaves in groups.items():
        length, first = min(leaves, key=lambda leaf: (-leaf[0], scene.end[leaf[1]]))
        nodes = [first, *(node for _, node in leaves if node != first)]
        which = "An" if len(groups) > 1 and not ends.endswith(_YET) else "The"
        yield _error(scene, f"{which} error began in {label}", nodes, length, ends)


def _ends(scene: Scene, top: int) -> str:
    """What became of an error that got as far as `top`: "" where it is the trace that failed."""
    above = scene.parent[top]
    if top == scene.root:
        return ""
    if above < 0:
        return "; the response does not depend on it"
    if not scene.received[above]:
        return "; what called it was not received"
    if not scene.forest.blocking[top]:
        return f"; {scene.label(above)} did not wait for it"
    if _failed_by_itself(scene):
        return f"; {scene.label(above)} above it did not{_YET}"
    return f"; handled by {scene.label(above)}, which did not fail"


def _failed_by_itself(scene: Scene) -> bool:
    """The trace failed, and no failed span below its root says why."""
    return scene.failed[scene.root] and not any(
        failed and parent == scene.root for failed, parent in zip(scene.failed, scene.parent, strict=True)
    )


def _chain(scene: Scene, node: int) -> tuple[int, int]:
    """How many failed spans lie above one another from here up, and the uppermost."""
    length = 1
    while scene.parent[node] >= 0 and scene.failed[scene.parent[node]]:
        node = scene.parent[node]
        length += 1
    return length, node


def _error(scene: Scene, began: str, nodes: list[int], length: int, ends: str) -> Finding:
    first = nodes[0]
    said = scene.forest.columns.error_texts.get(int(scene.forest.source[first]), _NO_WORDS).message
    message = began + (f": {said[:200]}" if said else "")
    if len(nodes) > 1:
        message += f" ({len(nodes)} times)"
    severity = "medium" if ends.endswith(_YET) else "info" if ends else "high"
    return scene.finding(
        "error_root", nodes, message + ends, severity=severity, parent=scene.parent[first], chain=length,
        handled=int("handled" in ends[:10]),
    )  # fmt: skip


def retry(scene: Scene) -> Iterator[Finding]:
    """Attempts at one thing, one after another, all but the last failed. Wasted is what lies before the last."""
    for parent, calls in scene.calls_below.items():
        for group in scene.grouped(calls):
            for attempts in _attempts(scene, group):
                if found := _retried(scene, parent, attempts):
                    yield found


def _attempts(scene: Scene, group: list[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for node in group:
        other = run and scene.call(node).text != scene.call(run[0]).text
        if other:
            yield run
            run = []
        run.append(node)
        if not scene.failed[node]:
            yield run
            run = []
    yield run


def _retried(scene: Scene, parent: int, attempts: list[int]) -> Finding | None:
    said = any(scene.call(node).resent for node in attempts[1:])
    if (
        len(attempts) < scene.least("retry").count
        or not (scene.failed[attempts[0]] or said)
        or not pairs_in_turn(scene, attempts)
    ):
        return None
    if any(word in scene.name(attempts[0]).lower() for word in _HEALTH):
        return None
    first, last = attempts[0], attempts[-1]
    wasted_ns = scene.start[last] - scene.start[first]
    ended = "all failed" if scene.failed[last] else "the last succeeded"
    again = "tried" if scene.call(first).text or said else "called"  # nothing says that it asked for the same
    message = (
        f"{scene.label(first)} was {again} {len(attempts)} times in a row, {ended}: "
        f"{display.duration(wasted_ns)} before the last attempt began"
    )
    on_path = any(scene.on_path_ns.get(node, 0) for node in attempts)
    gain_ns = min(wasted_ns, scene.on_path_ns.get(parent, 0)) if on_path else 0
    return scene.finding(
        "retry", attempts, message, gain_ns, parent=parent, count=len(attempts), wasted_ns=wasted_ns
    )


def timeout(scene: Scene) -> Iterator[Finding]:
    """A caller that stopped waiting: it says so, or it failed after a round time while the server worked on."""
    for node in scene.call_nodes:
        if not scene.failed[node] or scene.kind[node] != Kind.CLIENT:
            continue
        server, waited_ns = scene.server_of(node), scene.length(node)
        worked_on = server >= 0 and scene.end[server] - scene.start[node] >= (1 + _STILL_RAN) * waited_ns
        says_so = scene.call(node).timed_out
        says_otherwise = int(scene.forest.source[node]) in scene.forest.columns.error_texts
        if not says_so and not (_is_round(waited_ns) and (worked_on or (server < 0 and not says_otherwise))):
            continue
        message = f"{scene.label(node)} gave up after {display.duration(waited_ns)}"
        if worked_on:
            message += (
                f"; {scene.service_name(server)} worked on it for {display.duration(scene.length(server))}"
            )
        elif not says_so:
            message += ", a round time, and nothing of the other side is recorded"
        gain_ns = scene.on_path_ns.get(node, 0) if says_so or worked_on else 0
        nodes = [node, server] if server >= 0 else [node]
        severity = "medium" if says_so or worked_on else "info"
        yield scene.finding(
            "timeout",
            nodes,
            message,
            gain_ns,
            severity=severity,
            parent=scene.parent[node],
            limit_ns=waited_ns,
        )


def _is_round(duration_ns: int) -> bool:
    """Within 2 % of a multiple of 100 ms, from a second on of half a second."""
    step = 100 * _MS if duration_ns < 1_000 * _MS else 500 * _MS
    nearest = max(step, round(duration_ns / step) * step)
    return abs(duration_ns - nearest) <= _ROUND_PART * min(duration_ns, step)
