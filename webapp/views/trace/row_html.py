"""The rows of the waterfall as HTML. By hand, for a template takes ten times as long for the rows of a page.

Each text is escaped where it is put in; all else are numbers and words of our own.
"""

from collections.abc import Callable, Iterable, Mapping

from flask import current_app
from markupsafe import Markup, escape

from webapp.model import display
from webapp.views.trace.cells import Cell
from webapp.views.trace.detail import OpenedSpan
from webapp.views.trace.lane import Bar, Label, Thread
from webapp.views.trace.row_tags import Tag
from webapp.views.trace.rows import Row
from webapp.views.trace.state import TraceState

_FAILED = {"cause": "Failed; nothing below it failed", "passed": "Failed because something below it failed"}
_THREAD = {"down": ' y1="22" y2="30"', "up": ' y2="8"', "": ' y2="30"'}
_CELLS = {"time": "num own", "number": "num own val", "text": "own val"}
_OUTSIDE = {"before": ("‹ ", ""), "after": ("", " ›"), "": ("", "")}
Toggle = Callable[[str, str], str]


def rows_html(rows: Iterable[Row], details: Mapping[str, OpenedSpan], state: TraceState) -> Markup:
    """What a `tbody` holds; below an opened row its detail. Links keep the state."""
    toggle, parts = state.toggles(), []
    for row in rows:
        parts.append(_row(row, toggle))
        if row.opened and row.id in details:
            parts.append(_detail(details[row.id], state))
    return Markup("".join(parts))  # noqa: S704 - each text in it is escaped


def rows_html_apart(rows: Iterable[Row]) -> Markup:
    """The same for a file of its own, in which no page lies behind a link: links lead to the row itself."""
    return Markup("".join(_row(row, lambda _, span_id: f"#s{span_id}") for row in rows))  # noqa: S704 - as above


def _detail(opened: OpenedSpan, state: TraceState) -> str:
    html = current_app.jinja_env.get_template("trace/_span.html").render(d=opened, state=state)
    cell = f'<td role="gridcell" colspan="{3 + len(state.cols)}">'
    return f'<tr role="row" class="detail" id="d{opened.id}">{cell}{html}</td></tr>'


def _row(row: Row, toggle: Toggle) -> str:
    opened = " is-open" if row.opened else " is-alike" if row.stands else ""
    dim = " is-dim" if row.found is False else ""
    expanded = "" if row.expanded is None else f' aria-expanded="{"true" if row.expanded else "false"}"'
    selected = ' aria-selected="true"' if row.opened else ""
    return (
        f'<tr role="row" class="r d{row.indent}{opened}{dim}" id="s{row.id}" aria-level="{row.level}" '
        f'aria-posinset="{row.place}" aria-setsize="{row.siblings}" aria-rowindex="{row.index + 2}"{expanded}{selected} '
        f'aria-label="{escape(row.words)}" tabindex="-1">\n'
        f'<td role="gridcell" class="n">{_name(row, toggle)}</td>\n'
        f'<td role="gridcell" class="num" title="{row.duration_ns:,} ns">{row.total}</td>'
        f"{''.join(map(_cell, row.cells))}\n"
        f'<td role="gridcell" class="lane"><svg aria-hidden="true">{_lane(row)}</svg></td></tr>\n'
    )


def _cell(cell: Cell) -> str:
    title = f' title="{escape(cell.title)}"' if cell.title else ""
    return f'<td role="gridcell" class="{_CELLS[cell.kind]}"{title}>{escape(cell.text)}</td>'


def _name(row: Row, toggle: Toggle) -> str:
    folds, opens = ("alike", "alike") if row.stands else ("fold", "span")
    if row.expanded is None:
        caret = '<i class="leaf"></i>'
    else:
        does = "Fold" if row.expanded else "Unfold"
        caret = f'<a class="caret" href="{escape(toggle(folds, row.id))}" aria-label="{does}"></a>'
    service = f"<b>{escape(row.service)}</b> " if row.service else ""
    name = escape(row.name) if row.name or row.service else "no name"
    return (
        f'{caret}<i class="dot s{row.slot}"></i>{_error(row) if row.error else ""}'
        f'<a class="t{" hit" if row.found else ""}" href="{escape(toggle(opens, row.id))}">{service}'
        f'<span class="op{"" if service else " own"}">{name}</span></a>'
        f"{_peer(row.peer) if row.peer else ''}"
        f"{_alike(row, toggle) if row.alike else ''}"
        f"{_tags(row.tags) if row.tags else ''}{_below(row) if row.children or row.hidden else ''}"
    )


def _peer(words: str) -> str:
    return f'<span class="peer" title="{escape(words)}, which sent no spans">{escape(words)}</span>'


def _alike(row: Row, toggle: Toggle) -> str:
    words = f"{row.alike:,} alike"
    if row.stands:
        return f'<span class="tag alike" title="{row.stands}">{words}</span>'
    return f'<a class="tag alike" href="{escape(toggle("alike", row.id))}" title="Fold them to one row">{words}</a>'


def _error(row: Row) -> str:
    message = f": {escape(row.message)}" if row.message else ""
    return f'<i class="err {row.error}" title="{_FAILED[row.error]}{message}"></i>'


def _tags(tags: list[Tag]) -> str:
    first, more = tags[0], tags[1:]
    kind = f' data-kind="{first.kind}"' if first.kind else ""
    html = f'<span class="tag"{kind} title="{escape(first.title)}"><i>{escape(first.text)}</i></span>'
    if more:
        html += f'<span class="tag" title="{escape(" ".join(tag.title for tag in more))}"><i>+{len(more)}</i></span>'
    return html


def _below(row: Row) -> str:
    """How many children there are; of a folded row how many spans are folded, and errors among them."""
    if not row.hidden:
        return f'<span class="k">{row.children:,}</span>'
    if not row.hidden_errors:
        return f'<span class="k" title="{row.hidden:,} folded">+{row.hidden:,}</span>'
    title = f"{row.hidden:,} folded, {display.plural(row.hidden_errors, 'error')} among them"
    return f'<span class="k bad" title="{title}"><i class="err passed"></i>+{row.hidden:,}</span>'


def _lane(row: Row) -> str:
    bar = row.bar
    drawn = _bar(row, bar) if bar.width else ""
    threads = "".join(map(_thread, bar.threads))
    marks = "".join([_gap(x, width, words) for x, width, words in bar.gaps])
    if bar.late:
        marks += f'<rect class="late s{row.slot}" x="{bar.late[0]}%" width="{bar.late[1]}%"/>'
    events = "".join([f'<circle class="ev" cx="{x}%"/>' for x in bar.events])
    return f'<rect class="g" fill="url(#grid)"/>{drawn}{marks}{threads}{events}{_labels(row, bar)}'


def _bar(row: Row, bar: Bar) -> str:
    extent = f'x="{bar.x}%" width="{bar.width}%"'
    classes = f"b s{row.slot}{' e' if row.error else ''}{'' if row.received else ' miss'}"
    solid = "".join([f'<rect class="c s{row.slot}" x="{x}%" width="{width}%"/>' for x, width in bar.solid])
    ring = f'<rect class="ring" {extent}/>' if row.error else ""
    pieces = bar.pieces or [(bar.x, bar.width)]
    pale = "".join([f'<rect class="{classes}" x="{x}%" width="{width}%"/>' for x, width in pieces])
    return f"{pale}{solid}{ring}"


def _gap(x: float, width: float, words: str) -> str:
    return f'<rect class="gap" fill="url(#hatch)" x="{x}%" width="{width}%"><title>{words}</title></rect>'


def _thread(thread: Thread) -> str:
    classes = f"th {thread.part}" if thread.part else "th"
    return f'<line class="{classes}" x1="{thread.x}%" x2="{thread.x}%"{_THREAD[thread.part]}/>'


def _labels(row: Row, bar: Bar) -> str:
    if bar.narrow is None:
        return _label(row, bar, bar.label, "")
    return _label(row, bar, bar.label, " wide") + _label(row, bar, bar.narrow, " narrow")


def _label(row: Row, bar: Bar, label: Label, where: str) -> str:
    chip = ""
    if label.side == "inside":
        chip = f'<rect class="chip s{row.slot}{where}" x="{label.x}%" width="{label.width}"/>'
    before, after = _OUTSIDE[bar.outside]
    classes = f"{label.side}{' e' if row.error else ''}{' far' if bar.outside else ''}{where}"
    return f'{chip}<text class="{classes}" x="{label.x}%">{before}{escape(label.text)}{after}</text>'
