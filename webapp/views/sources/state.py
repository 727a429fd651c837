"""The address of `/sources` as an object, changed by `url(**changes)`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

SHOWS = {"": "All", "read": "Read", "remarks": "With remarks", "not": "Not read"}
# by key: words of the column, and whether its greatest values come first
COLUMNS = {
    "name": ("Source", False),
    "traces": ("Traces", True),
    "spans": ("Spans", True),
    "first": ("Times", False),
    "rejected": ("Rejected", True),
    "duplicates": ("Duplicates", True),
}
PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class SourcesState:
    """`find`: a part of a name; `sort`: a column, "" for the newest first; `load`: one whose progress is shown."""

    find: str = ""
    show: str = ""
    sort: str = ""
    order: str = ""
    load: str = ""
    page: int = 1

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "SourcesState":
        show, sort, page = given.get("show", ""), given.get("sort", ""), given.get("page", "")
        return cls(
            find=given.get("find", "").strip(),
            show=show if show in SHOWS else "",
            sort=sort if sort in COLUMNS else "",
            order="back" if given.get("order") == "back" else "",
            load=given.get("load", ""),
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        )

    def parameters(self) -> dict[str, str]:
        return {
            field.name: str(getattr(self, field.name))
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }

    def url(self, path: str = "/sources", /, **changes: str | int) -> str:
        given = replace(self, **changes).parameters()  # type: ignore[arg-type]
        return f"{path}?{urlencode(given)}" if given else path

    def sort_url(self, key: str) -> str:
        """Sorted by a column; by the one it is sorted by already, the other way round."""
        back = "back" if key == self.sort and not self.order else ""
        return self.url(sort=key, order=back, page=1)
