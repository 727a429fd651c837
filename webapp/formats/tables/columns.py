"""What a table has, for whoever is asked what its columns hold: their names, and by field the one that has it."""

from dataclasses import dataclass

from webapp.formats import parquet
from webapp.formats.head import Head
from webapp.formats.sniff import head_of
from webapp.formats.tables import ipc, json_rows, text
from webapp.formats.tables.asking import UnknownTable
from webapp.formats.tables.dialect import dialect_of
from webapp.formats.tables.layout import layout_of
from webapp.formats.unpack import Unpacked

MOST_ASKED = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """`fields`: field -> column, known by its name or guessed; with its unit if that is known."""

    names: list[str]
    fields: dict[str, str]

    def field_of(self, column: str) -> str:
        return next((field for field, name in self.fields.items() if name == column), "")


def columns_of(content: Unpacked, format_name: str) -> Columns | None:
    """The first of them; None if this is no table. `format_name`: what it was read as, "" if refused.

    Raises UnreadableFile for a table that is damaged.
    """
    head = head_of(content.start)
    if not format_name and (found := text.unknown(head) or json_rows.unknown(head)):
        return Columns(list(found.columns[:MOST_ASKED]), found.guesses)
    names = _names(content, head, format_name)
    if not names:
        return None
    try:
        layout = layout_of(names)
    except UnknownTable as unknown:
        return Columns(names[:MOST_ASKED], unknown.guesses)
    fields = {
        f"{field}_{layout.units[field]}" if field in layout.units else field: column
        for field, column in layout.fields.items()
    }
    return Columns(names[:MOST_ASKED], fields)


def _names(content: Unpacked, head: Head, format_name: str) -> list[str]:
    if format_name in ("", parquet.NAME) and parquet.looks_like(head):
        return parquet.column_names(content.stream)
    if format_name in ("", ipc.NAME) and ipc.looks_like(head):
        return ipc.column_names(content.stream)
    if format_name not in (text.NAME, json_rows.NAME):
        return []
    if row := next(json_rows.first_rows(head), None):
        return list(row)
    dialect = dialect_of(head.start)
    return list(dialect.columns) if dialect and dialect.has_header else []
