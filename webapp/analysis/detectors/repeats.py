"""The same thing asked again and again: N+1 queries and calls, identical questions, chatter, wide fan-out."""

from collections.abc import Iterator
from itertools import pairwise

from webapp.analysis.detectors.rules import MORE_ANYWHERE, TRACE_FACTOR
from webapp.analysis.detectors.scene import Scene, overlaps, quoted
from webapp.model import display
from webapp.model.calls import without_paging
from webapp.model.facts import Finding
from webapp.model.spans import Kind

_MS = 1_000_000
_IN_TURN = 0.8  # of neighbours that do not overlap
_POLLED_NS = 1_000 * _MS
_BATCH_FACTOR = 10
_MANY_FANOUT = 60
_CACHES = ("redis", "memcached", "valkey", "dragonfly", "aerospike")
_ORDERS = (
    "begin",
    "commit",
    "rollback",
    "ping",
    "set",
    "select 1",
    "select ?",
    "start transaction",
    "connect",
    "savepoint",
)


def n_plus_one(scene: Scene) -> Iterator[Finding]:
    """Rules 1 and 1b: one after another, of one parent, alike but for the values."""
    for parent, calls in scene.calls_below.items():
        for group in scene.grouped(calls):
            if len(group) >= _least_repeats(scene) and (found := _repeated(scene, parent, group)):
                yield found


def _least_repeats(scene: Scene) -> int:
    return min(scene.least("n_plus_one").count, scene.least("n_plus_one_calls").count)


def _repeated(scene: Scene, parent: int, group: list[int]) -> Finding | None:
    call = scene.call(group[0])
    total_ns = sum(map(scene.length, group))
    code = "n_plus_one" if call.type == "db" else "n_plus_one_calls"
    too_few = len(group) < scene.least(code).count
    if too_few or total_ns < scene.floor(code) or not _one_after_another(scene, group):
        return None
    texts = {scene.call(node).text for node in group}
    if len(texts) == 1 and not call.hides_parameters and not call.is_cut:
        return None  # the same question: `repeated_identical` speaks of that
    if call.type == "db" and (_is_housekeeping(call.system, call.template) or call.is_cut):
        return None
    longest = max(group, key=scene.length)
    gain_ns = scene.gain_without([node for node in group if node != longest])
    paged = call.type != "db" and len({without_paging(text) for text in texts}) == 1 < len(texts)
    what = call.template or scene.name(group[0])
    times = f"{display.count(len(group))} times in a row: {display.duration(total_ns)}"
    message = f"{scene.label(parent)} asks {quoted(what)} {times}"
    if call.hides_parameters and call.text:
        message += " (parameters hidden)"
    if paged:
        message += "; page by page, it seems"
    if source := _query_before(scene, parent, group[0]):
        message += f"; before that {quoted(source)}"
    severity = "info" if paged else "high"
    return scene.finding(
        code, group, message, gain_ns, severity=severity, parent=parent, count=len(group), total_ns=total_ns
    )


def _one_after_another(scene: Scene, group: list[int]) -> bool:
    in_turn = sum(not overlaps(scene, before, after) for before, after in pairwise(group))
    return in_turn >= _IN_TURN * (len(group) - 1)


def _is_housekeeping(system: str, template: str) -> bool:
    text = template.lower().strip(" ;")
    return (
        system in _CACHES or text in _ORDERS or text.split(" ")[0] in ("begin", "commit", "rollback", "ping")
    )


def _query_before(scene: Scene, parent: int, first: int) -> str:
    earlier = [node for node in scene.calls_below[parent] if scene.end[node] <= scene.start[first]]
    asked = [scene.call(node) for node in earlier if scene.call(node).type == "db"]
    return asked[-1].text or asked[-1].template if asked else ""


def repeated_identical(scene: Scene) -> Iterator[Finding]:
    """Rule 2: the same question with the same values, which one answer would do for."""
    told: set[int] = set()
    least = scene.least("repeated_identical").count
    for parent, calls in scene.calls_below.items():
        for group in _same_question(scene, calls):
            if len(group) >= least and (found := _identical(scene, parent, group)):
                told.update(group)
                yield found
    everywhere = [node for node in scene.call_nodes if node not in told]
    for group in _same_question(scene, everywhere):
        if len(group) >= least + MORE_ANYWHERE and (found := _identical(scene, -1, group)):
            yield found


def _same_question(scene: Scene, nodes: list[int]) -> Iterator[list[int]]:
    groups: dict[tuple[int, str, str], list[int]] = {}
    for node in nodes:
        call = scene.call(node)
        if call.only_reads and not call.hides_parameters and not call.is_cut and not scene.failed[node]:
            groups.setdefault((scene.service[node], scene.callee(node), call.text), []).append(node)
    yield from groups.values()


def _identical(scene: Scene, parent: int, group: list[int]) -> Finding | None:
    wasted_ns = sum(scene.length(node) for node in group[1:])
    call = scene.call(group[0])
    if wasted_ns < scene.floor("repeated_identical") or _is_housekeeping("", call.template):
        return None
    if all(scene.start[after] - scene.end[before] >= _POLLED_NS for before, after in pairwise(group)):
        return None
    message = (
        f"{scene.service_name(group[0])} asks {quoted(call.text)} {display.count(len(group))} times with the same values: "
        f"{display.duration(wasted_ns)} after the first"
    )
    gain_ns = scene.gain_without(group[1:])
    return scene.finding(
        "repeated_identical", group, message, gain_ns, parent=parent, count=len(group), wasted_ns=wasted_ns
    )


def chatty(scene: Scene) -> Iterator[Finding]:
    """Rule 8: many calls between two parties for one request. The network is what fewer calls would save."""
    least = scene.least("chatty").count * (_BATCH_FACTOR if scene.is_batch else 1)
    pairs: dict[tuple[int, str], list[int]] = {}
    for node in scene.call_nodes:
        pairs.setdefault((scene.caller(node), scene.callee(node)), []).append(node)
    told = 0
    for (caller, callee), calls in pairs.items():
        if len(calls) >= least and callee:
            told += 1
            who = scene.name_of_service(caller)
            message = f"{who} calls {callee} {display.count(len(calls))} times for one request"
            yield scene.finding("chatty", calls, message, _network_ns(scene, calls), count=len(calls))
    if not told and len(scene.call_nodes) >= round(least * TRACE_FACTOR):
        calls = scene.call_nodes
        message = f"{display.count(len(calls))} remote calls for one request"
        yield scene.finding("chatty", calls, message, _network_ns(scene, calls), count=len(calls))


def _network_ns(scene: Scene, calls: list[int]) -> int:
    """Time of the path in calls whose server is recorded, while that was not at work."""
    return sum(int(scene.facts.critical_ns[node]) for node in calls if scene.server_of(node) >= 0)


def wide_fanout(scene: Scene) -> Iterator[Finding]:
    """Rule 9b: one span with very many calls of its own."""
    for parent, calls in scene.calls_below.items():
        if (
            len(calls) < scene.least("wide_fanout").count
            or scene.kind[parent] == Kind.CONSUMER
            or not scene.received[parent]
        ):
            continue
        message = f"{scene.label(parent)} makes {display.count(len(calls))} calls itself"
        severity = "medium" if len(calls) > _MANY_FANOUT else "info"
        yield scene.finding("wide_fanout", calls, message, severity=severity, parent=parent, count=len(calls))
