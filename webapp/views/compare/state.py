"""The query string of the comparison as an object, changed by `url(**changes)`. Every URL of it is made here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

MOST_TURNED = 50  # rows turned, and rows opened; the oldest go back
_ROW_ID = re.compile(r"u?g?x?[0-9a-f]{16}(?:_[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class CompareState:
    """Rows have ids of their own: a span id of B; x and the one of A, for what only A has; g and the id of its first
    row, for a row that stands for several calls; u and the id of the first one, for a line of unchanged rows.

    `a`, `b`: as given, canonical once a page is shown. `rows`: "" shows what changed, "all" all. `causes`: likewise.
    `fold`: rows turned from how they open. `open`: rows with their detail. `row`: how many come before this page.
    """

    a: str = ""
    b: str = ""
    rows: str = ""
    causes: str = ""
    fold: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    row: int = 0

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> "CompareState":
        """What cannot be understood falls back to the default: a URL typed by hand must still open the page."""
        row = arguments.get("row", "")
        return cls(
            a=arguments.get("a", "").strip(),
            b=arguments.get("b", "").strip(),
            rows="all" if arguments.get("rows") == "all" else "",
            causes="all" if arguments.get("causes") == "all" else "",
            fold=_row_ids(arguments.get("fold", "")),
            open=_row_ids(arguments.get("open", "")),
            row=int(row) if row.isascii() and row.isdigit() and len(row) < 10 else 0,
        )

    def changed(self, **changes: object) -> "CompareState":
        """Another state; other rows begin with the first one."""
        if "rows" in changes:
            changes = {"row": 0, "fold": ()} | changes
        return replace(self, **changes)  # type: ignore[arg-type]

    def url(self, part: str = "", /, **changes: object) -> str:
        """Of the page, or of its JSON (`.json`)."""
        state = self.changed(**changes)
        given = {
            field.name: ".".join(value) if isinstance(value, tuple) else str(value)
            for field in fields(state)
            if (value := getattr(state, field.name)) != field.default
        }
        return f"/compare{part}" + (f"?{urlencode(given)}" if given else "")

    def toggle_url(self, name: str, row_id: str) -> str:
        """With one row turned (`fold`) or opened (`open`) more or less."""
        ids: tuple[str, ...] = getattr(self, name)
        turned = tuple(i for i in ids if i != row_id) if row_id in ids else (*ids, row_id)[-MOST_TURNED:]
        return self.url(**{name: turned}) + f"#r{row_id.removeprefix('u')}"

    def with_other(self, given: str, other: str) -> "CompareState":
        """Both traces, the other one in the place that was left open."""
        return CompareState(other, given) if self.b else CompareState(given, other)

    def swapped_url(self) -> str:
        """B measured by … A measured by B. Rows are named by spans of B: none stays opened."""
        return self.url(a=self.b, b=self.a, fold=(), open=(), row=0)


def row_id_in(text: str) -> str:
    """The id of a row; "" for what is none."""
    return text if _ROW_ID.fullmatch(text) else ""


def _row_ids(text: str) -> tuple[str, ...]:
    known = dict.fromkeys(part for part in text.lower().split(".") if _ROW_ID.fullmatch(part))
    return tuple(known)[-MOST_TURNED:]
