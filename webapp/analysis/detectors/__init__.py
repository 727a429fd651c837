"""Known patterns of waste and failure in one trace (analysis.md section 8): the list, and which findings stand.

Each detector is a function from a `Scene` to findings. They see the repaired tree and the critical path.
"""

from collections.abc import Callable, Iterator, Mapping

from webapp.analysis.detectors import failing, repeats, serial, slow, waiting
from webapp.analysis.detectors.scene import SEVERITIES, Analysed, Scene
from webapp.model.calls import Call
from webapp.model.columns import Bool
from webapp.model.facts import Finding
from webapp.model.thresholds import DEFAULTS, Thresholds

DETECTORS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    repeats.n_plus_one,
    repeats.repeated_identical,
    serial.serial_calls,
    failing.retry,
    failing.timeout,
    failing.error_root,
    waiting.gap,
    waiting.queue_wait,
    waiting.lock_or_pool_wait,
    serial.straggler,
    serial.serial_db,
    slow.slow_query,
    slow.large_transport,
    slow.connection_overhead,
    repeats.chatty,
    repeats.wide_fanout,
    slow.missing_spans,
    slow.duplicate_span,
)
# what they say of a group of calls is said better by one of the others, if that speaks of most of them
_GENERAL = ("chatty", "wide_fanout", "serial_db", "slow_query")
_TOLD = 0.8


def find(
    facts: Analysed,
    calls: Mapping[int, Call],
    thresholds: Thresholds = DEFAULTS,
    looked: Bool | None = None,
    go_on: Callable[[], None] = lambda: None,
) -> list[Finding]:
    """Worst first: by severity, then by what there is to gain. `calls` by node, `looked` as `Scene` has it. `go_on` is
    called now and then, and raises if nobody waits for the answer any more.
    """
    return find_in(Scene(facts, calls, thresholds, looked), thresholds, go_on)


def find_in(scene: Scene, thresholds: Thresholds, go_on: Callable[[], None] = lambda: None) -> list[Finding]:
    found: list[Finding] = []
    told: set[int] = set()
    for detect in DETECTORS:
        go_on()
        for finding in detect(scene):
            nodes = finding.nodes
            if finding.code not in thresholds:
                continue
            if finding.code in _GENERAL and sum(node in told for node in nodes) >= _TOLD * len(nodes):
                continue
            if len(nodes) > 1 and finding.code != "error_root":
                told.update(nodes)
            found.append(finding)
    return sorted(found, key=lambda finding: (SEVERITIES.index(finding.severity), -finding.gain_ns))
