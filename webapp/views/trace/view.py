"""What the waterfall and the bars above it are made of: rows, zoom, overview, notes; one dict for a template."""

from collections.abc import Sequence

from webapp.analysis.folding import View, find_next
from webapp.analysis.preview import Minimap
from webapp.model.spans import Attributes, Span
from webapp.store import Store
from webapp.views.present import link_templates
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.cells import headings_of
from webapp.views.trace.columns import MOST_COLUMNS, choices_of, keys_in, width_px, write_columns
from webapp.views.trace.detail import Beside, OpenedSpan, opened_span
from webapp.views.trace.focus import crumbs_of, levels_of, pills_of
from webapp.views.trace.notes import Note as Note
from webapp.views.trace.notes import notes_of
from webapp.views.trace.related import link_ends
from webapp.views.trace.reveal import WINDOW, revealed, shortened
from webapp.views.trace.row_html import rows_html
from webapp.views.trace.rows import Row, Window, lane_of, rows_in
from webapp.views.trace.shown import ends_ns, in_subtree, opening_of, sought, view_of
from webapp.views.trace.state import TraceState
from webapp.views.trace.zoom import Asked, zoom_of

PAGE_ROWS = 100  # that a page begins with, and has without script: twice what a screen shows
SEGMENT = 250_000  # rows that one document can hold: beyond, browsers place them wrongly
_MOST_DEPTHS = 4
_CROWDED = 3  # times the response that the whole takes, from which the response has a link of its own
_DEEP = 8  # levels from which each is indented less
_MOST_KEYS = 40  # offered as columns
_MAP_WIDTH, _MAP_HEIGHT = 500, 46


class Waterfall:
    """The rows of one trace in one state."""

    def __init__(self, trace: OpenTrace, state: TraceState, store: Store) -> None:
        self.trace, self.state, self.store = trace, state, store
        self.view: View = view_of(trace, state, store)
        self.lane = lane_of(trace, state, self.view)
        self.found, self.problem = sought(trace, state, store)
        if self.found is not None:
            self.found = in_subtree(self.view, self.found)

    def rows(self, first: int, count: int) -> tuple[list[Row], dict[str, OpenedSpan]]:
        """Rows of the view, and the opened spans among them."""
        values = self._values(self.view.node[first : first + count].tolist())
        window = Window(self.trace, self.state, self.view, self.lane, self.found, values)
        nodes = []
        if self.state.span:
            shown = set(self.view.node[first : first + count].tolist())
            asked = (self.trace.node_of(span_id) for span_id in self.state.span)
            nodes = [node for node in asked if node is not None and node in shown]
        return rows_in(window, first, count), self.opened(nodes)

    def _values(self, nodes: Sequence[int]) -> dict[int, Attributes]:
        """The attributes that are columns, of the nodes whose rows are drawn."""
        keys, rows = keys_in(self.state.cols), self._rows_of(nodes)
        if not keys or not rows:
            return {}
        found = self.store.operations.values(self.trace.trace_id, list(rows.values()), keys)
        return {node: found[row] for node, row in rows.items() if row in found}

    def _rows_of(self, nodes: Sequence[int]) -> dict[int, int]:
        """Where received spans lie in the store."""
        forest = self.trace.facts.forest
        return {
            node: int(forest.columns.row[forest.source[node]]) for node in nodes if forest.source[node] >= 0
        }

    def opened(self, nodes: Sequence[int]) -> dict[str, OpenedSpan]:
        """By id."""
        if not nodes:
            return {}
        spans = self.sent(nodes)
        beside = Beside(
            link_ends(self.store, self.trace.trace_id, list(spans.values())),
            self.store.operations,
            link_templates(),
        )
        return {
            self.trace.span_id(node): opened_span(self.trace, self.state, node, spans.get(node), beside)
            for node in nodes
        }

    def sent(self, nodes: Sequence[int]) -> dict[int, Span]:
        """The spans as recorded; none for a placeholder."""
        rows = self._rows_of(nodes)
        found = self.store.spans(self.trace.trace_id, list(rows.values())) if rows else []
        if len(found) != len(rows):  # a duplicate was taken away meanwhile
            by_node = {node: self.store.spans(self.trace.trace_id, [row]) for node, row in rows.items()}
            return {node: one[0] for node, one in by_node.items() if one}
        return dict(zip(rows, found, strict=True))

    def first_found_url(self) -> str:
        """To the first match, for those who cannot press n; "" if there is none."""
        node = find_next(self.trace.rows, self.found, None) if self.found is not None else None
        if node is None:
            return ""
        state = shortened(revealed(self.trace, self.state, node, self.store), self.store)
        return state.url() + f"#s{self.trace.span_id(node)}"

    def folded_away(self) -> list[Note]:
        """What is said of opened spans that have no row."""
        nodes = {span_id: self.trace.node_of(span_id) for span_id in self.state.span}
        away = [i for i, node in nodes.items() if node is not None and self.view.position(node) < 0]
        if not away:
            return []
        words = "The opened span is" if len(away) == 1 else f"{len(away)} opened spans are"
        link = "Show it" if len(away) == 1 else "Show the last"
        return [Note(f"{words} folded away.", [(link, self.state.url(f"show/{away[-1]}"))])]

    def place(self, wanted: int) -> int:
        """Where a window of rows begins so that it holds row `wanted`."""
        return max(0, min(wanted, len(self.view) - 1)) // WINDOW * WINDOW


def view_context(waterfall: Waterfall, count: int, asked: Asked) -> dict[str, object]:
    """All that `_view.html` names, for `count` rows from the state's place."""
    trace, state, view = waterfall.trace, waterfall.state, waterfall.view
    first = waterfall.place(state.row)
    base = first // SEGMENT * SEGMENT
    rows, details = waterfall.rows(first, min(count, base + SEGMENT - first))
    ticks, grid_x, grid_step = waterfall.lane.ticks(trace.begin_ns)
    at_rest = state.changed(row=0, span=())
    levels = levels_of(view)
    return {
        "trace": trace,
        "state": state,
        "view": view,
        "opening": opening_of(trace, view.top),
        "crumbs": crumbs_of(trace, state, view),
        "pills": pills_of(trace, state),
        "depths": range(1, min(_MOST_DEPTHS, levels) + 1),
        "deep": levels > _DEEP,
        "first": first,
        "base": base,
        "segment": SEGMENT,
        "per_page": PAGE_ROWS,
        "rows": rows,
        "columns": headings_of(state.cols, (row.cells for row in rows)),
        "columns_px": width_px(state.cols, trace.is_long),
        "written_columns": write_columns(state.cols, whole=True),
        "choices": choices_of(state.cols),
        "keys": [key for key, _ in waterfall.store.keys()[:_MOST_KEYS]],
        "most_columns": MOST_COLUMNS,
        "chunks": [
            ((first + k) // WINDOW, rows_html(rows[k : k + WINDOW], details, state))
            for k in range(0, len(rows), WINDOW)
        ],
        "hidden_total": int(view.hidden.sum()),
        "found_total": None if waterfall.found is None else len(waterfall.found),
        "first_found_url": waterfall.first_found_url(),
        "problem": waterfall.problem,
        "notes": [*notes_of(waterfall.view, trace, state), *waterfall.folded_away()],
        "ticks": ticks,
        "grid": (f"{grid_x:.6f}", f"{grid_step:.6f}"),
        "zoom": zoom_of(trace, waterfall.lane, asked),
        "response_url": _response_url(trace, state),
        "overview": _paths(trace.preview.minimap(view.shown, _MAP_WIDTH, _MAP_HEIGHT, ends_ns(view))),
        "seen": _share_seen(first, len(rows), len(view)),
        "rows_url": at_rest.url("rows"),
        "bars_url": at_rest.url("bars"),
        "find_url": at_rest.url("find"),
    }


def _response_url(trace: OpenTrace, state: TraceState) -> str:
    """To the response alone, where work that goes on long after it leaves it little room."""
    forest = trace.facts.forest
    root = int(forest.root[0])
    begin_ns = int(forest.start_ns[root]) - trace.begin_ns
    end_ns = begin_ns + trace.facts.response_ns
    crowded = 0 < _CROWDED * trace.facts.response_ns < trace.length_ns
    return state.url(t0_ns=begin_ns, t1_ns=end_ns) if crowded and state.t1_ns != end_ns else ""


def _share_seen(first: int, count: int, total: int) -> tuple[float, float]:
    whole = max(1, total)
    return round(100 * first / whole, 2), round(max(1.0, 100 * count / whole), 2)


def _paths(overview: Minimap) -> list[tuple[int, str]]:
    """The bars of each colour as one SVG path."""
    height = overview.thickness
    return [
        (slot, "".join(f"M{x} {y}h{width}v{height}h-{width}z" for x, y, width in bars))
        for slot, bars in overview.bars
    ]
