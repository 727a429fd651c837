"""The query string of the page of two sets as an object, changed by `url(**changes)`. Every URL of it is made here."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from webapp.errors import BadQuery
from webapp.model.cohorts import BANDS, Baseline
from webapp.query import Window, parse
from webapp.query.tree import leaves
from webapp.views.state import SearchState

FLAMES = ("diff", "after", "before")
_KINDS = ("rest", "all", "before")
_ATTRIBUTES = ("now", "off")


@dataclass(frozen=True, slots=True)
class CohortState:
    """`b`: the query of the selection; `a`: that of the baseline, or a kind of `Baseline`. `from_`, `to` as in a search.

    `flame`: which flame graph; `frame`: the path that fills it, 16 hex digits. `faster`, `percent`: what if. `rows`:
    "" shows the paths that explain most, "all" all. `attributes`: "" asks for them after the rest of the page, "now"
    with it, "off" not at all.
    """

    a: str = "rest"
    b: str = ""
    from_: str = ""
    to: str = ""
    band: str = ""
    flame: str = "diff"
    frame: str = ""
    faster: str = ""
    percent: int = 50
    rows: str = ""
    attributes: str = ""

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> "CohortState":
        """What cannot be understood falls back to the default: a URL typed by hand must still open the page."""
        band, flame = arguments.get("band", ""), arguments.get("flame", "")
        frame, percent = arguments.get("frame", "").lower(), arguments.get("percent", "")
        return cls(
            a=arguments.get("a", "").strip() or "rest",
            b=arguments.get("b", "").strip(),
            from_=arguments.get("from", "").strip(),
            to=arguments.get("to", "").strip(),
            band=band if band in BANDS else "",
            flame=flame if flame in FLAMES else "diff",
            frame=frame if len(frame) == 16 and not set(frame) - set("0123456789abcdef") else "",
            faster=arguments.get("faster", ""),
            percent=min(100, int(percent))
            if percent.isascii() and percent.isdigit() and len(percent) < 4
            else 50,
            rows="all" if arguments.get("rows") == "all" else "",
            attributes=asked if (asked := arguments.get("attributes", "")) in _ATTRIBUTES else "",
        )

    def parameters(self) -> dict[str, str]:
        """`a` and `b` are always written: they say that two sets are compared."""
        return {
            field.name.rstrip("_"): str(getattr(self, field.name))
            for field in fields(self)
            if field.name in ("a", "b") or getattr(self, field.name) != field.default
        }

    def url(self, part: str = "", /, **changes: str | int) -> str:
        state: CohortState = replace(self, **changes)  # type: ignore[arg-type]
        return f"/compare{part}?{urlencode(state.parameters())}"

    def swapped_url(self) -> str:
        return self.url(a=self.b, b=self.a, frame="", band="")

    @property
    def baseline(self) -> Baseline:
        return Baseline(self.a) if self.a in _KINDS else Baseline("query", self.a)

    @property
    def search(self) -> SearchState:
        """The selection as a search, for its times and the way back."""
        return SearchState(q=self.b, from_=self.from_, to=self.to)


def means_sets(arguments: Mapping[str, str]) -> bool:
    """Whether two sets of traces are to be compared: the baseline is no trace, or what is measured is a query.

    Free words alone mean a trace, as they may be its id.
    """
    if arguments.get("a", "").strip() in _KINDS or arguments.get("band"):
        return True
    try:
        root = parse(arguments.get("b", "")).root
    except BadQuery as error:
        return error.position > 0
    return root is not None and (
        not (terms := list(leaves(root))) or any(term.scope != "text" for term in terms)
    )


def before(window: Window, first_ns: int, now_ns: int) -> Window:
    """The window of equal length that ends where this one begins; what is open ends with the data."""
    from_ns = first_ns if window.from_ns is None else window.from_ns
    to_ns = now_ns if window.to_ns is None else window.to_ns
    return Window(from_ns - max(0, to_ns - from_ns), from_ns)
