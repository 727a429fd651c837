"""In which keys a text occurs: for who has a value, from a log or a dashboard, and does not know what it is called here."""

import re
from collections.abc import Iterator

from webapp.model.completions import Occurrence, Occurrences
from webapp.query import write_key, write_term
from webapp.store.conditions.catalogue import Catalogue

NEWEST = 300_000  # spans that are looked at
_BATCH = 16  # columns read in one statement
_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")  # in a regular expression
_LONGEST = 300  # characters of a value that is written into a query
# How often the text occurs in a value, the least and the greatest of these values, whether it occurs in just this case.
_Found = tuple[int, str | None, str | None, bool | None]


def find_occurrences(catalogue: Catalogue, text: str) -> Occurrences:
    spans, last = catalogue.rows("SELECT count(*), max(span_row) FROM spans")[0]
    newest = NEWEST if spans > NEWEST else None
    recent = f"s.span_row > {last - NEWEST}" if newest else "true"
    found = [
        *_named(catalogue, text, recent),
        *_attributes(catalogue, text, recent),
        *_resources(catalogue, text, recent),
    ]
    keys = [_occurrence(key, text, *counted) for key, counted in found if counted[0]]
    merged: dict[str, Occurrence] = {}
    for each in sorted(keys, key=lambda each: (-each.spans, each.key)):
        merged.setdefault(each.key, each)
    return Occurrences(list(merged.values()), newest)


def _occurrence(
    key: str, text: str, spans: int, least: str | None, greatest: str | None, as_written: bool | None
) -> Occurrence:
    example = least or ""
    if least == greatest and len(example) <= _LONGEST:
        term = write_term(key, "=", example)
    elif as_written and not set(text) & set('* "()\\'):
        term = f"{key}=*{text}*"
    else:
        term = write_term(key, "~", "(?i)" + _SPECIAL.sub(r"\\\g<0>", text))
    return Occurrence(key, spans, term, example)


def _selected(expression: str) -> str:
    hit = f"contains(lower({expression}), lower(?))"
    return (
        f"count(*) FILTER ({hit}), min({expression}) FILTER ({hit}), max({expression}) FILTER ({hit}), "
        f"bool_and(contains({expression}, ?)) FILTER ({hit})"
    )


def _read(
    catalogue: Catalogue, text: str, columns: list[tuple[str, str]], source: str
) -> Iterator[tuple[str, _Found]]:
    """`columns`: key, expression."""
    for start in range(0, len(columns), _BATCH):
        batch = columns[start : start + _BATCH]
        selected = ", ".join(_selected(expression) for _, expression in batch)
        row = catalogue.cursor.execute(f"SELECT {selected} {source}", [text] * (5 * len(batch))).fetchall()[0]
        for place, (key, _) in enumerate(batch):
            yield key, row[4 * place : 4 * place + 4]


def _named(catalogue: Catalogue, text: str, recent: str) -> Iterator[tuple[str, _Found]]:
    source = f"""
      FROM spans s JOIN operations o USING (operation_id) JOIN services v ON v.service_id = o.service_id WHERE {recent}
    """
    columns = [("service", "v.service"), ("name", "o.name"), ("status_message", "s.status_message")]
    return _read(catalogue, text, columns, source)


def _attributes(catalogue: Catalogue, text: str, recent: str) -> Iterator[tuple[str, _Found]]:
    expressions = [(key, f"s.{column}") for key, column in _columns(catalogue, "str")]
    yield from _read(catalogue, text, expressions, f"FROM spans s WHERE {recent}")
    numbers = _columns(catalogue, "int") if re.fullmatch(r"-?\d{1,18}", text) else []
    if numbers:
        counted = ", ".join(f"count(*) FILTER (s.{column} = {int(text)})" for _, column in numbers)
        row = catalogue.cursor.execute(f"SELECT {counted} FROM spans s WHERE {recent}").fetchall()[0]
        yield from ((key, (count, text, text, True)) for (key, _), count in zip(numbers, row, strict=True))


def _columns(catalogue: Catalogue, kind: str) -> list[tuple[str, str]]:
    """Key as a query writes it, column."""
    rows = catalogue.rows(
        """
        SELECT key, "column" FROM key_catalog
        WHERE scope = 'span' AND type = ? AND "column" IS NOT NULL
        ORDER BY key
        """,
        (kind,),
    )
    return [(write_key(key), column) for key, column in rows]


def _resources(catalogue: Catalogue, text: str, recent: str) -> Iterator[tuple[str, _Found]]:
    """Looked for among the few processes first."""
    rows = catalogue.cursor.execute(
        f"""
        SELECT r.key, sum(p.spans)::BIGINT, min(r.text), max(r.text), bool_and(contains(r.text, ?))
        FROM resource_attributes r
        JOIN (SELECT s.resource_id, count(*) AS spans FROM spans s WHERE {recent} GROUP BY 1) p USING (resource_id)
        WHERE contains(lower(r.text), lower(?))
        GROUP BY r.key
        """,
        [text, text],
    ).fetchall()
    return ((write_key(key), tuple(counted)) for key, *counted in rows)
