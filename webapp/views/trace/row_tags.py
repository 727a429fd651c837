"""Words beside the name of a span: what was repaired, where a failure was handled, which logs there are."""

from dataclasses import dataclass

from webapp.analysis.attribution import label
from webapp.analysis.failure import handler_of
from webapp.model import display
from webapp.model.facts import Forest
from webapp.model.warnings import CODES
from webapp.views.trace.cache import OpenTrace

_CLIPPED_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Tag:
    kind: str  # "", warn
    text: str
    title: str


def span_tags(forest: Forest, node: int) -> list[Tag]:
    tags = []
    parent = int(forest.parent[node])
    offset_ns = int(forest.offset_ns[node])
    if offset_ns != (int(forest.offset_ns[parent]) if parent >= 0 else 0):
        words = display.offset(offset_ns)
        tags.append(
            Tag("", f"clock {words}", f"The clock of this host disagrees; its times were shifted by {words}.")
        )
    if parent >= 0 and forest.source[parent] < 0:
        tags.append(
            Tag("warn", "parent missing", "Its parent was not received; a placeholder stands for it.")
        )
    if forest.unfinished[node]:
        tags.append(Tag("warn", "no end", "The span has no end; it is drawn to the end of its children."))
    if (clipped_ns := _clipped_ns(forest, node, parent)) >= _CLIPPED_NS:
        words = display.duration(clipped_ns)
        meaning = f"It runs {words} beyond its parent; only the part inside can be on the critical path."
        tags.append(Tag("", f"clipped {words}", meaning))
    return tags


def handled_tags(forest: Forest, node: int) -> list[Tag]:
    """Where an error went no further."""
    above = handler_of(forest, node)
    if above < 0:
        return []
    return [Tag("", "handled", f"{' · '.join(label(forest, above))}, which waited for this, did not fail.")]


def log_tags(trace: OpenTrace, node: int) -> list[Tag]:
    if trace.facts.forest.columns.inferred and trace.facts.forest.source[node] >= 0:
        return [Tag("", "from logs", CODES["inferred_from_logs"])]
    if count := trace.logs.count(node):
        words = display.plural(count, "log line")
        return [Tag("", words, f"{words} of this span or of its time: open it to read them.")]
    return []


def _clipped_ns(forest: Forest, node: int, parent: int) -> int:
    if parent < 0 or not forest.blocking[node] or forest.source[parent] < 0:
        return 0
    early_ns = int(forest.start_ns[parent] - forest.start_ns[node])
    late_ns = int(forest.end_ns[node] - forest.end_ns[parent])
    return max(0, early_ns) + max(0, late_ns)
