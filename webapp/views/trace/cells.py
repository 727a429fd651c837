"""What stands in the chosen columns of a row. Which columns there are: `columns.py`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from webapp.analysis.summary import critical_times
from webapp.model import display
from webapp.model.columns import I32, I64
from webapp.model.spans import Attributes
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.columns import ATTRIBUTE, OWN
from webapp.views.trace.row_facts import RowFacts
from webapp.views.trace.state import TraceState
from webapp.views.trace.values import plain

_MOST_LETTERS = 60  # of a value in a row; its title has more
_MOST_TITLE = 400
_APART = "Each of them has its own: unfold them"


@dataclass(frozen=True, slots=True)
class Cell:
    """`kind`: "time", "number" of an attribute, or "text"."""

    kind: str
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    kind: str  # as the cells below
    words: str
    title: str


def headings_of(columns: Sequence[str], cells_of_rows: Iterable[list[Cell]]) -> list[Heading]:
    """An attribute's stands over numbers where the first rows have nothing else."""
    kinds = [{cell.kind for cell in cells if cell.text} for cells in zip(*cells_of_rows, strict=True)]
    headings = []
    for place, name in enumerate(columns):
        if name.startswith(ATTRIBUTE):
            numbers = bool(kinds) and kinds[place] == {"number"}
            headings.append(Heading("number" if numbers else "text", name[1:], name[1:]))
        else:
            headings.append(Heading("time", *OWN[name]))
    return headings


class CellMaker:
    """`values`: the attributes of a node that are asked for, of each row that is drawn."""

    def __init__(self, trace: OpenTrace, state: TraceState, values: Mapping[int, Attributes]) -> None:
        self._trace, self._columns, self._values = trace, state.cols, values
        self._slack_ns = trace.slack_ns() if "slack" in self._columns else None
        self._critical_ns = _critical_ns(trace, state) if "critical" in self._columns else None

    def of_span(self, of: RowFacts) -> list[Cell]:
        return [self._cell(name, of) for name in self._columns]

    def of_missing(self) -> list[Cell]:
        """Of a span that nobody sent."""
        return [Cell("text" if name.startswith(ATTRIBUTE) else "time", "") for name in self._columns]

    def of_run(self, own_ns: int, begin_ns: int, end_ns: int, nodes: I32) -> list[Cell]:
        """Of siblings that are alike: their sums, first start and last end."""
        times_ns = {"self": own_ns, "start": begin_ns, "end": end_ns}
        if self._critical_ns is not None:
            times_ns["critical"] = int(self._critical_ns[nodes].sum())
        if self._slack_ns is not None:
            times_ns["slack"] = int(self._slack_ns[nodes].min())
        return [
            Cell("text", "…", _APART) if name.startswith(ATTRIBUTE) else _time(times_ns[name])
            for name in self._columns
        ]

    def _cell(self, name: str, of: RowFacts) -> Cell:
        if name.startswith(ATTRIBUTE):
            return self._attribute(name[1:], of.node)
        if name == "self":
            return _time(of.self_ns)
        if name == "critical" and self._critical_ns is not None:
            return _time(int(self._critical_ns[of.node]))
        if name == "slack" and self._slack_ns is not None:
            return _time(int(self._slack_ns[of.node]))
        return _time((of.end_ns if name == "end" else of.start_ns) - self._trace.begin_ns)

    def _attribute(self, key: str, node: int) -> Cell:
        value = self._values.get(node, {}).get(key)
        if value is None:
            return Cell("text", "")
        text = " ".join(plain(value).split())
        kind = "number" if isinstance(value, int | float) and not isinstance(value, bool) else "text"
        return Cell(kind, _cut(text, _MOST_LETTERS), _cut(text, _MOST_TITLE))


def _critical_ns(trace: OpenTrace, state: TraceState) -> I64:
    which = trace.which_path(state.path)
    if which == "response":
        return trace.facts.critical_ns
    path = trace.chosen_path(state.path)
    return trace.once(f"critical {which}", lambda: critical_times(trace.facts.forest, path))


def _time(ns: int) -> Cell:
    """A slack below nothing is none."""
    if ns < 0:
        return Cell("time", "–", "Nothing waits for it")
    return Cell("time", display.duration(ns) if ns else "0", f"{ns:,} ns")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
