"""The query string of the search page as an object, changed by `url(**changes)`. Every search URL is made here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from webapp.model import display
from webapp.query import Window, time_ns
from webapp.query.spelling import UNITS_NS

SORTS = {"newest": "Newest", "slowest": "Slowest", "spans": "Most spans"}
CHARTS = {"heat": "Heat map", "scatter": "Points", "histogram": "Histogram"}
SHOWS = {"": "Traces", "spans": "Spans", "groups": "Groups"}
AMONG = {"all": "All spans", "root": "Roots", "entry": "Entries"}
ORDERS = {"": "Spans", "errors": "Errors", "p95": "p95", "critical": "Critical"}
CARRIED = ("q", "from", "to", "sort")  # what a trace keeps of the search it came from
MOST_FIELDS = 8
PER_PAGE = 50
_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?", re.ASCII)
_RELATIVE = re.compile(r"-(\d{1,9})(ns|us|ms|s|m|h|d)")
_DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class SearchState:
    """`from_` and `to` as the user wrote them: `2025-11-20T10:32:07Z`, relative `-1h`, or "" for open.

    `show`: traces, or spans or groups of spans; `among`: which spans, "" for what suits the query; `by`: what groups share;
    `order` of groups; `fields`: what further columns show, with commas between; `y`: the field
    whose numbers the chart shows, "" for the duration of traces.
    """

    q: str = ""
    from_: str = ""
    to: str = ""
    sort: str = "newest"
    page: int = 1
    chart: str = ""
    show: str = ""
    among: str = ""
    by: str = ""
    order: str = ""
    fields: str = ""
    y: str = ""

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> "SearchState":
        """Unknown values fall back to the default: a URL typed by hand must still open the page."""
        sort, chart, page = arguments.get("sort", ""), arguments.get("chart", ""), arguments.get("page", "")
        show, among, order = (arguments.get(name, "") for name in ("show", "among", "order"))
        return cls(
            q=arguments.get("q", "").strip(),
            from_=arguments.get("from", "").strip(),
            to=arguments.get("to", "").strip(),
            sort=sort if sort in SORTS else "newest",
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
            chart=chart if chart in CHARTS else "",
            show=show if show in SHOWS else "",
            among=among if among in AMONG else "",
            by=arguments.get("by", "").strip(),
            order=order if order in ORDERS else "",
            fields=",".join(_fields(arguments.get("fields", ""))),
            y=arguments.get("y", "").strip(),
        )

    @classmethod
    def carried(cls, arguments: Mapping[str, str]) -> "SearchState":
        """Of the address of another page: what it keeps of the search it came from."""
        return cls.read({name: arguments[name] for name in CARRIED if name in arguments})

    @property
    def field_list(self) -> list[str]:
        return _fields(self.fields)

    def parameters(self) -> dict[str, str]:
        """What differs from the defaults, by its name in the URL."""
        return {
            field.name.rstrip("_"): str(getattr(self, field.name))
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }

    def changed(self, **changes: str | int) -> "SearchState":
        """Another state; whatever changes the results leads back to their first page."""
        if changes.keys() - {"page", "chart"}:
            changes.setdefault("page", 1)
        return replace(self, **changes)  # type: ignore[arg-type]

    def url(self, path: str = "/traces", /, **changes: str | int) -> str:
        parameters = self.changed(**changes).parameters()
        return f"{path}?{urlencode(parameters)}" if parameters else path

    def trace_url(self, trace_id: str) -> str:
        """The trace, carrying the search it came from for previous, next and the way back."""
        carried = {name: text for name, text in self.parameters().items() if name in CARRIED}
        return f"/trace/{quote(trace_id)}" + (f"?{urlencode(carried)}" if carried else "")

    def window(self, now_ns: int) -> tuple[Window, str]:
        """The time window, and a sentence if one of its ends cannot be understood (it is then open)."""
        problems = []
        ends: list[int | None] = []
        for label, text in (("from", self.from_), ("to", self.to)):
            moment = _moment(text, now_ns)
            if text and moment is None:
                problems.append(
                    f"“{text}” is no time for “{label}”: write 2025-11-20T10:32:07Z, 10:32 or -1h."
                )
            ends.append(moment)
        return Window(ends[0], ends[1]), " ".join(problems)

    def pinned(self, now_ns: int) -> str:
        """Both ends as absolute times, as part of a query string; "" if they are no relative ones.

        `-1h` and an open end move on with the newest span; what is pinned shows for ever what is shown now. Whole
        milliseconds, outward.
        """
        relative = any(_RELATIVE.fullmatch(text) or _CLOCK.fullmatch(text) for text in (self.from_, self.to))
        if not relative:
            return ""
        window, _ = self.window(now_ns)
        ends = {"from": window.from_ns, "to": (now_ns if window.to_ns is None else window.to_ns) + 999_999}
        return urlencode({name: display.iso(max(0, ns)) for name, ns in ends.items() if ns is not None})


def _fields(text: str) -> list[str]:
    names = (name.strip() for name in text.split(","))
    return list(dict.fromkeys(name for name in names if name))[:MOST_FIELDS]


def _moment(text: str, now_ns: int) -> int | None:
    match = _RELATIVE.fullmatch(text)
    if match:
        unit_ns = _DAY_NS if match[2] == "d" else UNITS_NS[match[2]]
        return now_ns - int(match[1]) * unit_ns
    if _CLOCK.fullmatch(text):  # of the newest day
        day = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC)
        text = f"{day:%Y-%m-%d}T{text}" if len(text) > 5 else f"{day:%Y-%m-%d}T{text}:00"
    return time_ns(text) if text else None
