"""A trace as one HTML file that asks for nothing else: verdict, waterfall, details. Its spans are OTLP JSON in a data block.

The script in the file (`templates/takeaway/offline.js`) draws the rows from columns of numbers; without it the first rows
are there as they are. Span data is hostile: no `<` of it stands in a data block, and the file's own policy runs one script.
"""

import base64
import hashlib
from functools import cache

import msgspec
import numpy as np
from flask import render_template
from markupsafe import Markup

from webapp import assets
from webapp.errors import BadSetting
from webapp.formats import otlp
from webapp.formats.digest import MEMBER, stamp
from webapp.formats.tailrace_html import GENERATOR, SPANS_ID
from webapp.model.facts import Forest
from webapp.model.warnings import CODES
from webapp.views.takeaway.trace import Taken
from webapp.views.trace.findings import finding_lines
from webapp.views.trace.head import emphasised, head_of
from webapp.views.trace.row_html import rows_html_apart
from webapp.views.trace.rows import MISSING
from webapp.views.trace.state import TraceState
from webapp.views.trace.view import PAGE_ROWS, Waterfall

_SHEETS = ("tokens", "base", "parts", "waterfall", "span", "why")
_FAILED, _CAUSE, _UNFINISHED, _NAMES_SERVICE = 1, 2, 4, 8  # bits of `marks`
MOST_SPANS = 300_000  # browsers take no text of more than half a gigabyte


def html_of(taken: Taken) -> bytes:
    """The whole file. Raises BadSetting for a trace that no browser could open."""
    trace = taken.trace
    if len(trace.rows) > MOST_SPANS:
        hint = "Download OTLP JSON or Parquet, which Tailrace opens again."
        raise BadSetting(f"One HTML file holds up to {MOST_SPANS:,} spans.", where="html", hint=hint)
    forest, rows = trace.facts.forest, trace.rows
    state = TraceState(trace.trace_id, alike=False)  # the file has no rows that stand for several
    waterfall = Waterfall(trace, state, taken.store)
    first, _ = waterfall.rows(0, PAGE_ROWS)
    source = forest.source[rows.node]
    spans = taken.store.spans(trace.trace_id, forest.columns.row[source[source >= 0]].tolist())
    told = stamp(spans, taken.removed)
    document, order = otlp.written(spans, {MEMBER: told})
    sheet, script = _inline()
    ticks, grid_x, grid_step = waterfall.lane.ticks(trace.begin_ns)
    page = render_template(
        "takeaway/offline.html",
        trace=trace,
        head=head_of(trace, state),
        sentence=emphasised(trace.facts.verdict, ""),
        findings=finding_lines(trace, state, taken.store),
        generator=GENERATOR,
        policy=f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(sheet)}; "
        "base-uri 'none'; form-action 'none'",
        sheet=Markup(sheet),  # noqa: S704 - our own
        rows=rows_html_apart(first),
        shown=len(first),
        total=len(rows),
        ticks=ticks,
        grid=(f"{grid_x:.6f}", f"{grid_step:.6f}"),
        deep=int(rows.depth.max()) > 8,
        told=told,
        removed=taken.removed,
    )
    return b"".join(
        (
            page.rstrip().encode(),
            b'\n<script type="application/json" id="tailrace-rows">',
            _harmless(msgspec.json.encode(_columns(taken, waterfall, order))),
            b'</script>\n<script type="application/json" id="' + SPANS_ID.encode() + b'">',
            _harmless(document),
            b"</script>\n<script>" + script.encode() + b"</script>\n</body>\n</html>\n",
        )
    )


def _columns(taken: Taken, waterfall: Waterfall, order: list[int]) -> dict[str, object]:
    """What the rows are drawn from, by row; `span` is the place in the document, -1 for what was not received."""
    trace = taken.trace
    forest, rows, facts = trace.facts.forest, trace.rows, trace.facts
    node, every = rows.node, np.arange(len(rows))
    received = forest.source[node] >= 0
    place = np.full(len(node), -1, np.int64)
    place[np.flatnonzero(received)[order]] = np.arange(len(order))
    services = [*forest.columns.services, MISSING]
    failed = np.zeros(len(node), np.int64)
    failed[rows.row_of_node[trace.errors]] = _FAILED
    marks = failed | trace.causes[node] * _CAUSE | forest.unfinished[node] * _UNFINISHED
    marks |= trace.preview.names_service(every) * _NAMES_SERVICE
    path = trace.path
    return {
        "response": facts.response_ns,
        "length": trace.length_ns,
        "services": services,
        "names": [*forest.columns.names, "span not received"],
        "slot": trace.preview.slot(every).tolist(),
        "depth": rows.depth.tolist(),
        "service": np.where(received, forest.service[node], len(services) - 1).tolist(),
        "name": np.where(received, forest.name[node], len(forest.columns.names)).tolist(),
        "start": (forest.start_ns[node] - trace.begin_ns).tolist(),
        "took": (forest.end_ns[node] - forest.start_ns[node]).tolist(),
        "own": facts.self_ns[node].tolist(),
        "critical": facts.critical_ns[node].tolist(),
        "marks": marks.tolist(),
        "span": place.tolist(),
        "bounds": path.bounds.tolist(),
        "from": (path.start_ns - trace.begin_ns).tolist(),
        "to": (path.end_ns - trace.begin_ns).tolist(),
        "closed": np.flatnonzero(~waterfall.view.open & (rows.children > 0)).tolist(),
        "notes": _notes(taken),
        "shift": _shifts(forest, node),
    }


def _notes(taken: Taken) -> dict[int, list[str]]:
    """What was repaired, by row."""
    trace = taken.trace
    notes: dict[int, list[str]] = {}
    for warning in trace.facts.warnings:
        found = trace.node_of(warning.span_id) if warning.span_id else None
        if found is not None:
            words = warning.message or CODES.get(warning.code, "")
            notes.setdefault(int(trace.rows.row_of_node[found]), []).append(words)
    return notes


def _shifts(forest: Forest, node: np.ndarray) -> dict[int, int]:
    """Nanoseconds by which the clock of a row's host was put right."""
    shift_ns = forest.offset_ns[node]
    return {row: int(shift_ns[row]) for row in np.flatnonzero(shift_ns).tolist()}


def _harmless(text: bytes) -> bytes:
    """JSON in which nothing can end a script element, nor a line of a script in old browsers."""
    text = text.replace(b"<", b"\\u003c").replace(b">", b"\\u003e")
    return text.replace("\u2028".encode(), b"\\u2028").replace("\u2029".encode(), b"\\u2029")


@cache
def _inline() -> tuple[str, str]:
    """The sheet and the script."""
    styles, parts = assets.folder("static") / "css", assets.folder("templates") / "takeaway"
    sheets = [(styles / f"{name}.css").read_text("utf-8") for name in _SHEETS]
    return "\n".join([*sheets, (parts / "offline.css").read_text("utf-8")]), (parts / "offline.js").read_text(
        "utf-8"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
