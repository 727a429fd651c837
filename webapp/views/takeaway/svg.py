"""The rows of a waterfall as one SVG picture, in the state of the page. Presentation attributes only: no sheet, no script.

Texts are measured by guess and clipped by the picture; what a name has too much of is in its title.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape

from webapp import assets
from webapp.analysis.preview import SLOTS
from webapp.model import display
from webapp.views.present import clock, day
from webapp.views.takeaway.trace import Taken
from webapp.views.trace.head import head_of
from webapp.views.trace.rows import Row
from webapp.views.trace.state import TraceState
from webapp.views.trace.view import Waterfall

MOST_ROWS = 500
_WIDTH, _PAD, _ROW = 1400, 20, 26
_NAMES, _NUMBER = 430, 70  # widths of the columns; the lane has the rest
_LANE = _PAD + _NAMES + 2 * _NUMBER + 12
_LANE_WIDTH = _WIDTH - _LANE - _PAD
_HEAD, _FOOT = 98, 44
_INDENT, _DEEPEST = 14, 12
_FONT = 'Inter, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'
_TOKEN = re.compile(r"--([\w-]+):\s+light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ISOLATED = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"


def svg_of(taken: Taken, state: TraceState, theme: str) -> str:
    """`theme`: light or dark. The rows from the state's place on, 500 at most, which the picture says."""
    waterfall = Waterfall(taken.trace, state, taken.store)
    total = len(waterfall.view)
    first = waterfall.place(state.row) if total > MOST_ROWS else 0
    rows, _ = waterfall.rows(first, MOST_ROWS)
    picture = _Picture(_palette(theme))
    height = _HEAD + _ROW * len(rows) + _FOOT
    picture.open(height)
    _head(picture, taken, state)
    _axis(picture, waterfall, len(rows))
    for number, row in enumerate(rows):
        _row(picture, row, _HEAD + number * _ROW)
    _foot(picture, taken, height, (first, len(rows), total))
    return picture.closed()


@cache
def _palette(theme: str) -> Mapping[str, str]:
    """The colours of the pages, by the names they have there."""
    tokens = (assets.folder("static") / "css" / "tokens.css").read_text("utf-8")
    return {name: dark if theme == "dark" else light for name, light, dark in _TOKEN.findall(tokens)}


class _Picture:
    """Marks written one after the other. `text` is the only way in for what is not ours."""

    def __init__(self, colours: Mapping[str, str]) -> None:
        self.colours = colours
        self._parts: list[str] = []

    def service(self, slot: int) -> str:
        return self.colours[f"svc-{slot}" if slot < SLOTS else "control"]

    def open(self, height: int) -> None:
        self._parts.append(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_WIDTH} {height}" font-family="{escape(_FONT)}" font-size="13">'
            f'<clipPath id="lane"><rect x="{_LANE}" width="{_LANE_WIDTH + _PAD}" height="{height}"/></clipPath>'
        )
        self.rect(0, 0, _WIDTH, height, self.colours["surface"])

    def rect(self, x: float, y: float, width: float, height: float, fill: str, extra: str = "") -> None:
        self._parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{fill}"{extra}/>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str) -> None:
        self._parts.append(
            f'<path d="M{x1:.2f} {y1:.2f}L{x2:.2f} {y2:.2f}" stroke="{colour}" fill="none" shape-rendering="crispEdges"/>'
        )

    def mark(self, path: str, colour: str, fill: str = "none") -> None:
        self._parts.append(f'<path d="{path}" stroke="{colour}" stroke-width="1.5" fill="{fill}"/>')

    def text(
        self, x: float, y: float, words: Iterable[tuple[str, str, str]], size: float = 13, end: bool = False
    ) -> None:
        """`words`: text, colour and further attributes of our own, of each piece."""
        spans = "".join(
            f'<tspan fill="{colour}"{extra}>{_ISOLATED.format(_clean(piece))}</tspan>'
            for piece, colour, extra in words
        )
        anchor = ' text-anchor="end"' if end else ""
        self._parts.append(f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size}"{anchor}>{spans}</text>')

    def clipped(self) -> None:
        self._parts.append('<g clip-path="url(#lane)">')

    def unclipped(self) -> None:
        self._parts.append("</g>")

    def titled(self, title: str) -> None:
        self._parts.append(f"<g><title>{_clean(title)}</title>")

    def closed(self) -> str:
        return "".join(self._parts) + "</svg>\n"


def _clean(text: str) -> str:
    return escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))


_BOLD, _APART = ' font-weight="600"', ' dx="6"'


def _width(text: str) -> float:
    """Of a text of 11 px, about; rather too wide."""
    return sum(map(_pixels, text))


def _pixels(character: str) -> float:
    if ord(character) >= 0x1100:  # Hangul, and the wide scripts and pictures behind it
        return 11.5
    return 8 if character.isupper() or character in "mw%@" else 6.2 if character.isalnum() else 4


def fitted(text: str, width: float, size: float) -> str:
    """As much of the text as has room, with "…" where it is cut."""
    if _width(text) * size / 11 <= width:
        return text
    room, kept = width - size, ""
    for character in text:
        room -= _pixels(character) * size / 11
        if room < 0:
            break
        kept += character
    return f"{kept}…"


def _head(picture: _Picture, taken: Taken, state: TraceState) -> None:
    trace, colours = taken.trace, picture.colours
    head, facts = head_of(trace, state), taken.trace.facts
    picture.rect(_PAD, 15, 11, 11, picture.service(head.slot), ' rx="3"')
    service = fitted(head.service, 300, 15)
    name = fitted(head.name, 500, 15)
    took = display.duration(facts.response_ns)
    picture.text(
        _PAD + 20,
        26,
        [
            (service, colours["ink"], _BOLD),
            (name, colours["ink-3"], _APART),
            (took, colours["ink"], _BOLD + _APART),
        ],
        15,
    )
    when = f"{display.plural(head.spans, 'span')} · {day(facts.start_ns)} {clock(facts.start_ns)} · {trace.trace_id}"
    picture.text(_WIDTH - _PAD, 26, [(when, colours["ink-3"], "")], 11, end=True)
    verdict = (
        facts.completion_verdict if state.path == "completion" and facts.completion_verdict else facts.verdict
    )
    sentence = facts.failure.sentence if facts.failure else " ".join([verdict.sentence, *head.reasons])
    colour = colours["error"] if facts.failure else colours["ink"]
    picture.text(_PAD, 52, [(fitted(sentence, _WIDTH - 2 * _PAD, 14), colour, "")], 14)


def _axis(picture: _Picture, waterfall: Waterfall, rows: int) -> None:
    colours = picture.colours
    y = _HEAD - 10
    ticks, _, _ = waterfall.lane.ticks(waterfall.trace.begin_ns)
    for tick in ticks:
        x = _LANE + tick.x * _LANE_WIDTH / 100
        picture.line(x, _HEAD, x, _HEAD + rows * _ROW, colours["line"])
        picture.text(
            x + (-3 if tick.side == "end" else 3),
            y,
            [(tick.text, colours["ink-3"], "")],
            11,
            end=tick.side == "end",
        )
    for words, x in (("Total", _PAD + _NAMES + _NUMBER), ("Self", _PAD + _NAMES + 2 * _NUMBER)):
        picture.text(x, y, [(words, colours["ink-3"], "")], 11, end=True)
    picture.text(_PAD, y, [("Service and operation", colours["ink-3"], "")], 11)
    picture.line(0, _HEAD, _WIDTH, _HEAD, colours["line-strong"])


def _row(picture: _Picture, row: Row, top: float) -> None:
    colours, middle = picture.colours, top + _ROW / 2
    text_y = middle + 4.5
    left = _PAD + min(row.level - 1, _DEEPEST) * _INDENT
    picture.line(0, top + _ROW, _WIDTH, top + _ROW, colours["line"])
    picture.titled(f"{row.service} {row.name}".strip())
    if row.expanded is not None:
        down = f"M{left + 1} {middle - 2}l4 4 4-4" if row.expanded else f"M{left + 3} {middle - 4}l4 4-4 4"
        picture.mark(down, colours["ink-3"])
    picture.rect(left + 16, middle - 4, 8, 8, picture.service(row.slot), ' rx="2.5"')
    x, room = left + 31.0, _PAD + _NAMES - left - 31.0
    if row.error:
        fill = colours["error"] if row.error == "cause" else "none"
        picture.mark(f"M{x} {middle}a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0", colours["error"], fill)
        picture.mark(
            f"M{x + 5.5} {middle - 3}v3.4m0 2v.6", colours["surface"] if fill != "none" else colours["error"]
        )
        x, room = x + 17, room - 17
    below = f"{row.alike:,} alike" if row.stands else f"+{row.hidden:,}" if row.hidden else ""
    room -= _width(below) + 12 if below else 0
    service = fitted(row.service, room * 0.6, 13)
    name = fitted(row.name, room - _width(service) * 13 / 11 - (6 if service else 0), 13)
    words = [(service, colours["ink"], _BOLD)] if service else []
    dim = ' opacity="0.4"' if row.found is False else ""
    picture.text(
        x, text_y, [*words, (name, colours["ink-2" if service else "ink"], dim + (_APART if service else ""))]
    )
    if below:
        picture.text(_PAD + _NAMES, text_y, [(below, colours["ink-3"], "")], 11, end=True)
    picture.text(_PAD + _NAMES + _NUMBER, text_y, [(row.total, colours["ink"], "")], 12, end=True)
    picture.text(_PAD + _NAMES + 2 * _NUMBER, text_y, [(row.own, colours["ink-3"], "")], 12, end=True)
    picture.unclipped()
    _bar(picture, row, top)


def _bar(picture: _Picture, row: Row, top: float) -> None:
    colours, bar = picture.colours, row.bar
    colour, y, scale = picture.service(row.slot), top + 7, _LANE_WIDTH / 100
    picture.clipped()
    if bar.width:
        stroke = f' fill-opacity="0.2" stroke="{colour}" rx="2.5"' + (
            "" if row.received else ' stroke-dasharray="3 2"'
        )
        for x, width in bar.pieces or [(bar.x, bar.width)]:
            picture.rect(_LANE + x * scale, y + 0.5, width * scale, 11, colour, stroke)
        for x, width in bar.solid:
            picture.rect(_LANE + x * scale, y, width * scale, 12, colour, ' rx="1.5"')
        if row.error:
            ring = f' stroke="{colours["error"]}" stroke-width="1.6" rx="3"'
            picture.rect(_LANE + bar.x * scale, y, bar.width * scale, 12, "none", ring)
    for thread in bar.threads:
        ends = {"down": (top + 19, top + _ROW), "up": (top, top + 7), "": (top, top + _ROW)}[thread.part]
        picture.line(_LANE + thread.x * scale, ends[0], _LANE + thread.x * scale, ends[1], colours["ink-2"])
    for x in bar.events:
        picture.mark(
            f"M{_LANE + x * scale - 2:.2f} {y + 6}a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
            colours["ink"],
            colours["surface"],
        )
    label, at = bar.label, _LANE + bar.label.x * scale
    if label.side == "inside":
        edge = f' stroke="{colour}" stroke-opacity="0.4" rx="3"'
        picture.rect(at + 5, y - 1.5, label.width - 8, 15, colours["surface"], edge)
    shift = {"before": -5, "inside": 9}.get(label.side, 5)
    words = [(label.text, colours["error" if row.error else "ink-3"], "")]
    picture.text(at + shift, top + 17, words, 11, end=label.side == "before")
    picture.unclipped()


def _foot(picture: _Picture, taken: Taken, height: int, shown: tuple[int, int, int]) -> None:
    first, count, total = shown
    said = (
        f"All {display.plural(total, 'row')}"
        if count == total
        else f"Rows {first + 1:,} to {first + count:,} of {total:,}"
    )
    said += ". A bar is solid where the response was waiting for exactly this span."
    if taken.removed:
        said += " Redacted: " + ", ".join(f"{key} × {number:,}" for key, number in taken.removed.items())
    grey = picture.colours["ink-3"]
    picture.text(_PAD, height - 17, [(fitted(said, _WIDTH - 2 * _PAD - 80, 11), grey, "")], 11)
    picture.text(_WIDTH - _PAD, height - 17, [("Tailrace", grey, "")], 11, end=True)
