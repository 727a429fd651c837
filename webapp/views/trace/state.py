"""The query string of the trace page as an object, changed by `url(**changes)`. Every trace URL is made here."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from webapp.query import write_duration, write_term
from webapp.query.spelling import UNITS_NS
from webapp.views.state import SearchState
from webapp.views.trace.columns import DEFAULT, read_columns, write_columns
from webapp.views.trace.folds import RUN, Folds, LookUp, span_ids

PATHS = ("", "0", "response", "completion")
VIEWS = ("", "flame", "spans", "map", "events")  # "" is the waterfall
# What is forgotten with the view it belongs to; and what changes which lines the pages of a list hold.
_OF_A_VIEW = {"of": "", "frame": "", "by": "", "order": "", "page": 1}
_PLACED_BY = {"by", "order", "find", "only", "errors", "t0_ns", "t1_ns"}
SHAPES = ("flat", "tree")  # of attributes
ONLY = ("", "1", "path")
MOST_OPENED = 50  # spans open at once; the oldest close
ALL_DEPTHS = 0
_TIME = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*(ns|us|µs|ms|s|m|h)", re.IGNORECASE)
_TIMES = re.compile(rf"(?:{_TIME.pattern}\s*){{1,3}}", re.IGNORECASE)

_ORDER = re.compile(r"-?[a-z0-9]{1,12}")
_SOME_ID = secrets.token_hex(16)  # stands for the id of a span; nothing typed into an address equals it

_ANY = SearchState()
_UNFOLDED = Folds()


@dataclass(frozen=True, slots=True)
class TraceState:
    """What the page shows, beside the search it came from.

    `depth`: levels shown, ALL_DEPTHS for all, None for the rule of `analysis.rows`. `fold`: nodes that are open
    where `depth` closes them, or closed where it opens them. `alike`: runs of alike siblings are folded, but for those
    that `fold` turns. `only`: rows that do not fit are hidden, but for those that lead to others; "1" keeps what `find`
    finds, "path" the spans on the path. `root`: the span whose subtree is shown, "" for the whole trace. `span`: opened
    spans. `path`: "" draws the critical path that `OpenTrace.which_path` names, "0" none, "completion" the one that ends
    with the last span; "truncate", in URLs `overflow=truncate`, the one that Jaeger draws. `t0_ns`, `t1_ns`: the part of
    the trace that fills the lane, from its start. `row`: how many visible rows come before the first one shown.
    `cols`: columns beside the total (`columns.py`). `faster`: what would be `percent` faster (`whatif.py`).

    `view`: one of VIEWS. `of`: what the flame graph measures, "" critical time or "busy" self time; `frame`: a span
    in the frame that fills it. `by`: a line of the spans view is "" an operation or "span"; `order`: the column that
    it is sorted by, with "-" the other way round. `page` of a list. `attributes`: "tree" or "flat", "" for the user's
    preference, which is flat unless a cookie says otherwise.
    """

    trace_id: str
    search: SearchState = _ANY
    span: tuple[str, ...] = ()
    depth: int | None = None
    fold: Folds = _UNFOLDED
    alike: bool = True
    only: str = ""
    root: str = ""
    find: str = ""
    errors: bool = False
    path: str = ""
    t0_ns: int | None = None
    t1_ns: int | None = None
    row: int = 0
    cols: tuple[str, ...] = DEFAULT
    view: str = ""
    of: str = ""
    frame: str = ""
    by: str = ""
    order: str = ""
    page: int = 1
    faster: str = ""
    percent: int = 50
    attributes: str = ""

    @classmethod
    def read(
        cls, trace_id: str, arguments: Mapping[str, str], look_up: LookUp = lambda _: None
    ) -> "TraceState":
        """What cannot be understood falls back to the default: a URL typed by hand must still open the page.

        `look_up` finds the text of folds that are kept under an id.
        """
        depth = _number(arguments.get("depth", ""))
        path = arguments.get("path", "")
        t0_ns, t1_ns = time_in(arguments.get("t0", "")), time_in(arguments.get("t1", ""))
        if t0_ns is not None and t1_ns is not None and t1_ns <= t0_ns:
            t0_ns = t1_ns = None
        return cls(
            trace_id=trace_id,
            search=SearchState.carried(arguments),
            span=span_ids(arguments.get("span", "")),
            depth=depth,
            fold=Folds.read(arguments.get("fold", ""), look_up),
            alike=arguments.get("alike", "") != "0",
            only=only if (only := arguments.get("only", "")) in ONLY else "",
            root=next(iter(span_ids(arguments.get("root", ""))), ""),
            find=arguments.get("find", "").strip(),
            errors=arguments.get("errors", "") == "1",
            path="truncate" if arguments.get("overflow") == "truncate" else path if path in PATHS else "",
            t0_ns=t0_ns,
            t1_ns=t1_ns,
            row=_number(arguments.get("row", "")) or 0,
            cols=read_columns(arguments),
            faster=arguments.get("faster", ""),
            percent=min(100, _number(arguments.get("percent", "")) or 50),
            attributes=shape if (shape := arguments.get("attributes", "")) in SHAPES else "",
            **_shown(arguments),
        )

    def parameters(self) -> dict[str, str]:
        """What differs from the defaults, by its name in the URL."""
        given = {
            "span": ".".join(self.span),
            "depth": "" if self.depth is None else str(self.depth),
            "fold": self.fold.text(),
            "alike": "" if self.alike else "0",
            "only": self.only,
            "root": self.root,
            "find": self.find,
            "errors": "1" if self.errors else "",
            "path": self.path if self.path != "truncate" else "",
            "overflow": "truncate" if self.path == "truncate" else "",
            "t0": "" if self.t0_ns is None else write_duration(self.t0_ns),
            "t1": "" if self.t1_ns is None else write_duration(self.t1_ns),
            "row": str(self.row or ""),
            "cols": write_columns(self.cols),
            "view": self.view,
            "of": self.of,
            "frame": self.frame,
            "by": self.by,
            "order": self.order,
            "page": str(self.page) if self.page > 1 else "",
            "faster": self.faster,
            "percent": str(self.percent) if self.faster and self.percent != 50 else "",
            "attributes": self.attributes,
        }
        return self.search.parameters() | {name: text for name, text in given.items() if text}

    def changed(self, **changes: object) -> "TraceState":
        """Another state; whatever changes which rows there are forgets the exceptions and the place."""
        if changes.keys() & {"depth", "errors", "alike", "only"}:
            changes = {"fold": _UNFOLDED, "row": 0} | changes
        if "root" in changes:
            changes = {"row": 0, "t0_ns": None, "t1_ns": None} | changes
        if "view" in changes:
            changes = _OF_A_VIEW | changes
        elif changes.keys() & _PLACED_BY:
            changes = {"page": 1} | changes
        return replace(self, **changes)  # type: ignore[arg-type]

    def url(self, part: str = "", /, **changes: object) -> str:
        """Of the page, or of one of its parts: `rows`, `bars`, `find`, `span/<id>`."""
        parameters = (self.changed(**changes) if changes else self).parameters()
        path = f"/trace/{self.trace_id}" + (f"/{part}" if part else "")
        return f"{path}?{urlencode(parameters)}" if parameters else path

    def service_url(self, service: str) -> str:
        """With the spans of one service only; of all again where that is so."""
        term = write_term("service", "=", service)
        on = self.only == "1" and self.find == term
        return self.url(find="" if on else term, only="" if on else "1")

    @property
    def path_only(self) -> str:
        """Where forms lead."""
        return f"/trace/{self.trace_id}"

    def download_url(self, format_name: str = "") -> str:
        return f"/trace/{self.trace_id}.json" + (f"?as={format_name}" if format_name else "")

    def results_url(self) -> str:
        return self.search.url()

    def other_trace_url(self, trace_id: str) -> str:
        return self.search.trace_url(trace_id)

    def opened(self, span_id: str) -> tuple[str, ...]:
        """`span` with one id more or less, the newest last."""
        ids = self.span
        return tuple(i for i in ids if i != span_id) if span_id in ids else (*ids, span_id)[-MOST_OPENED:]

    def toggles(self) -> Callable[[str, str], str]:
        """`toggle_url` for many spans: written out once, then only the span's id is put in."""
        names = ("fold", "alike", "span")
        parts = {name: self.toggle_url(name, _SOME_ID).split(_SOME_ID) for name in names}
        folds = {*self.fold.ids, *self.fold.stored}
        written = {"fold": folds, "alike": {i[:-1] for i in folds if i.endswith(RUN)}, "span": set(self.span)}

        def toggle(name: str, span_id: str) -> str:
            return self.toggle_url(name, span_id) if span_id in written[name] else span_id.join(parts[name])

        return toggle

    def toggle_url(self, name: str, span_id: str) -> str:
        """With one `fold`, also of the run that is `alike`, or one opened `span` more or less."""
        if name == "span":
            url = self.url(span=self.opened(span_id))
        else:
            url = self.url(fold=self.fold.toggled(span_id + (RUN if name == "alike" else "")))
        return url + "#s" + quote(span_id)


def time_in(text: str) -> int | None:
    """Nanoseconds of `80 ms`, `3.28s`, `1_500 us`, `1 m 30 s`; None for what is no time."""
    plain = text.strip().replace(",", "").replace("_", "")
    if not _TIMES.fullmatch(plain):
        return 0 if plain == "0" else None
    return sum(_nanoseconds(*match.groups()) for match in _TIME.finditer(plain))


def _nanoseconds(number: str, unit: str) -> int:
    whole, _, fraction = number.partition(".")
    unit_ns = UNITS_NS[unit.lower().replace("µ", "u")]
    beyond_ns: int = int(fraction or 0) * unit_ns // 10 ** len(fraction)
    return int(whole) * unit_ns + beyond_ns


def _shown(arguments: Mapping[str, str]) -> dict[str, Any]:
    """What belongs to a view; an order that the view does not know is left to it."""
    view, of, by = (arguments.get(name, "") for name in ("view", "of", "by"))
    return {
        "view": view if view in VIEWS else "",
        "of": of if of == "busy" else "",
        "frame": next(iter(span_ids(arguments.get("frame", ""))), ""),
        "by": by if by == "span" else "",
        "order": order if _ORDER.fullmatch(order := arguments.get("order", "")) else "",
        "page": max(1, _number(arguments.get("page", "")) or 1),
    }


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
