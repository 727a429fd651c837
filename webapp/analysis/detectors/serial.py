"""One after another what could run together (rules 3, 12), and one that all the others wait for (rule 9)."""

from collections.abc import Iterator
from statistics import median

from webapp.analysis.detectors.scene import Scene, overlaps
from webapp.model import display
from webapp.model.facts import Finding

WORTH_NS = 10_000_000  # shorter calls are not worth to be made together
_DISTINCT = 0.6
_SIGN_IN = ("auth", "login", "token", "session", "signin")
_WRITES = ("insert", "update", "delete", "replace", "merge", "upsert")
_SLOWER = 2


def serial_calls(scene: Scene) -> Iterator[Finding]:
    """Rule 3. What one call needs of another's answer is not recorded, so it is only ever "if independent"."""
    for parent, calls in scene.calls_below.items():
        run = _run_on_path(scene, [node for node in calls if scene.call(node).type != "db"], WORTH_NS)
        if run and any(word in scene.name(run[0]).lower() for word in _SIGN_IN):
            run = run[1:]
        different = {scene.operation(node) for node in run}
        if len(run) < scene.least("serial_calls").count or len(different) < max(2, _DISTINCT * len(run)):
            continue
        if any(scene.failed[node] for node in run):
            continue
        saving_ns = sum(map(scene.length, run)) - max(map(scene.length, run))
        if saving_ns < scene.floor("serial_calls"):
            continue
        message = (
            f"{scene.label(parent)} makes {len(run)} calls one after another; "
            f"if independent, together they would take {display.duration(saving_ns)} less"
        )
        gain_ns = min(saving_ns, scene.path_sum(run))
        yield scene.finding(
            "serial_calls",
            run,
            message,
            gain_ns,
            severity="medium",
            parent=parent,
            count=len(run),
            saving_ns=saving_ns,
        )


def serial_db(scene: Scene) -> Iterator[Finding]:
    """Rule 12: most of the response is queries waiting for each other."""
    for parent, calls in scene.calls_below.items():
        run = _run_on_path(scene, [node for node in calls if scene.call(node).type == "db"], 0)
        total_ns = sum(map(scene.length, run))
        alike = {scene.operation(node) for node in run}
        few = len(run) < scene.least("serial_db").count or len(alike) < _DISTINCT * len(run)
        if few or total_ns < scene.floor("serial_db"):
            continue
        if _reads_what_it_wrote(scene, run):
            continue
        longest_ns = max(map(scene.length, run))
        message = (
            f"{scene.label(parent)} waits for {len(run)} queries one after another: "
            f"{display.duration(total_ns)}; if independent, together they would take "
            f"{display.duration(total_ns - longest_ns)} less"
        )
        gain_ns = min(total_ns - longest_ns, scene.path_sum(run))
        severity = "info" if scene.is_batch else "medium"
        yield scene.finding(
            "serial_db",
            run,
            message,
            gain_ns,
            severity=severity,
            parent=parent,
            count=len(run),
            total_ns=total_ns,
        )


def _run_on_path(scene: Scene, calls: list[int], least_ns: int) -> list[int]:
    """Those the path goes through, none beginning before the last has ended."""
    run: list[int] = []
    for node in calls:
        if (
            scene.on_path_ns.get(node, 0)
            and scene.length(node) >= least_ns
            and not (run and overlaps(scene, run[-1], node))
        ):
            run.append(node)
    return run


def _reads_what_it_wrote(scene: Scene, run: list[int]) -> bool:
    written: set[str] = set()
    for node in run:
        call = scene.call(node)
        if call.text.lower().lstrip().startswith(_WRITES):
            written.add(call.table)
        elif call.table in written:
            return True
    return False


def straggler(scene: Scene) -> Iterator[Finding]:
    """Rule 9: of siblings that run together one ends long after the rest."""
    for parent, nodes in scene.children.items():
        if len(nodes) < scene.least("straggler").count:
            continue
        groups: dict[tuple[int, str], list[int]] = {}
        for node in nodes:
            groups.setdefault((scene.service[node], scene.name(node)), []).append(node)
        for group in groups.values():
            if len(group) >= scene.least("straggler").count and (found := _last_of(scene, parent, group)):
                yield found


def _last_of(scene: Scene, parent: int, group: list[int]) -> Finding | None:
    second, last = sorted(group, key=scene.end.__getitem__)[-2:]
    late_ns = scene.end[last] - scene.end[second]
    middle_ns = median(map(scene.length, group))
    beside = (
        sum(scene.start[node] < scene.end[last] and scene.start[last] < scene.end[node] for node in group) - 1
    )
    if (
        late_ns < scene.floor("straggler")
        or scene.length(last) < _SLOWER * middle_ns
        or beside < scene.least("straggler").count - 1
    ):
        return None
    if not scene.on_path_ns.get(last, 0):
        return None
    sizes = sorted(scene.call(node).size for node in group)
    explained = sizes[len(sizes) // 2] > 0 and scene.call(last).size >= _SLOWER * sizes[len(sizes) // 2]
    message = (
        f"One of {len(group)} {scene.label(last)} ends {display.duration(late_ns)} after the others: "
        f"{display.duration(scene.length(last))}, where {display.duration(round(middle_ns))} is usual"
    )
    if explained:
        message += "; its answer is larger"
    return scene.finding(
        "straggler", [last], message, late_ns, parent=parent, severity="info" if explained else "high",
        late_ns=late_ns, count=len(group),
    )  # fmt: skip
