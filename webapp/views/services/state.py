"""The addresses of the pages of services as objects, changed by `url(**changes)`, and the time that they show."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from webapp.model import display
from webapp.model.red import Period
from webapp.query import Window
from webapp.views.arrivals import now_ns
from webapp.views.state import SearchState

# by key: words of the column, and whether its greatest values come first
COLUMNS = {
    "name": ("Service", False),
    "rate": ("Rate", True),
    "calls": ("Calls", True),
    "errors": ("Errors", True),
    "p50": ("p50", True),
    "p95": ("p95", True),
    "p99": ("p99", True),
    "slower": ("p95 change", True),
    "worse": ("Error change", True),
    "critical": ("Critical path", True),
    "first": ("First seen", False),
    "last": ("Last seen", True),
}
DEFAULT_SORT = "critical"


@dataclass(frozen=True, slots=True)
class ServicesState:
    """`open` is the service whose operations are listed; `count=all` counts all spans, not only calls from outside.

    `order=back` turns the order of `sort` around. `name` is of the page of one service.
    """

    name: str = ""
    find: str = ""
    from_: str = ""
    to: str = ""
    sort: str = DEFAULT_SORT
    order: str = ""
    open: str = ""
    count: str = ""
    page: int = 1

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "ServicesState":
        sort, page = given.get("sort", ""), given.get("page", "")
        return cls(
            name=given.get("name", ""),
            find=given.get("find", "").strip(),
            from_=given.get("from", "").strip(),
            to=given.get("to", "").strip(),
            sort=sort if sort in COLUMNS else DEFAULT_SORT,
            order="back" if given.get("order") == "back" else "",
            open=given.get("open", ""),
            count="all" if given.get("count") == "all" else "",
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 5 else 1,
        )

    @property
    def entry(self) -> bool:
        return not self.count

    def parameters(self) -> dict[str, str]:
        return {
            field.name.rstrip("_"): str(getattr(self, field.name))
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }

    def url(self, path: str = "/services", /, **changes: str | int) -> str:
        changed = replace(self, **changes)  # type: ignore[arg-type]
        given = changed.parameters()
        return f"{path}?{urlencode(given)}" if given else path

    def service_url(self, name: str) -> str:
        """The page of a service, for the same time."""
        return ServicesState(name=name, from_=self.from_, to=self.to, count=self.count).url("/service")

    def sort_url(self, key: str, path: str = "/services") -> str:
        """Sorted by a column; by the one it is sorted by already, the other way round."""
        back = "back" if key == self.sort and not self.order else ""
        return self.url(path, sort=key, order=back, page=1)

    def window(self) -> tuple[Window, str]:
        """What the times mean, and a sentence about those that mean nothing."""
        return SearchState(from_=self.from_, to=self.to).window(now_ns())

    def search(self, period: Period, q: str, sort: str = "newest") -> SearchState:
        """A search for what was counted in the period: its times as written, unless they were widened."""
        if period.exact or not (self.from_ or self.to):
            return SearchState(q=q, from_=self.from_, to=self.to, sort=sort)
        return SearchState(q=q, from_=display.iso(period.from_ns), to=display.iso(period.to_ns), sort=sort)
