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
    """`find`: a part of a name; `sort`: a column, "" for the newest first.

    `load`: number of the first load that is shown also when it is over; 0 for none.
    """

    find: str = ""
    show: str = ""
    sort: str = ""
    order: str = ""
    load: int = 0
    page: int = 1

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "SourcesState":
        show, sort = given.get("show", ""), given.get("sort", "")
        return cls(
            find=given.get("find", "").strip(),
            show=show if show in SHOWS else "",
            sort=sort if sort in COLUMNS else "",
            order="back" if given.get("order") == "back" else "",
            load=_number(given.get("load", "")),
            page=max(1, _number(given.get("page", ""))),
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

    def showing(self, load: int) -> "SourcesState":
        """The same, and that load when it is over."""
        return replace(self, load=min(load, self.load or load))

    def sort_url(self, key: str) -> str:
        """Sorted by a column; by the one it is sorted by already, the other way round."""
        back = "back" if key == self.sort and not self.order else ""
        return self.url(sort=key, order=back, page=1)


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 7 else 0
