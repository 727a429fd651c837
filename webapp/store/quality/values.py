"""Which keys have values that look sensitive: looked for among the distinct values of each key.

First one cheap expression over all columns, to pass over those in which nothing can be found. Of very many spans a part
is looked at, spread over all of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from webapp.model.sensitive import CARD_LIKE, HINT, LOOKS, TELLING_KEY
from webapp.query import write_key
from webapp.store.conditions.sensitive import holds
from webapp.store.conditions.where import Where, either, every
from webapp.store.quality.asking import Asking

MOST_SPANS = 2_000_000  # of more than that …
_PARTS, _PART = 16, 62_500  # … so many parts of so many rows are looked at
_LEAST_CARDS = 0.5  # of the different numbers of such lengths under one key; of others a few add up by chance
_CARD_NUMBERS = "BETWEEN 30000000000000 AND 9999999999999999"
_BAGS = {  # scope -> column, and JSON {key: AnyValue} in it
    "span.": ("s.attributes_rest", "s.attributes_rest"),
    "event.": ("s.events", "unnest(json_extract(s.events, '$[*][3]'))"),
    "link.": ("s.links", "unnest(json_extract(s.links, '$[*][3]'))"),
}


@dataclass(frozen=True, slots=True)
class Suspect:
    """`key` as a query writes it; `look` of `model.sensitive`; `example`: a text that has it, never to be shown."""

    key: str
    look: str
    example: str


@dataclass(frozen=True, slots=True)
class Cells:
    """SELECT of `key` and `text` of values; `scope`: of a key in a query, "" for keys that every span has."""

    scope: str
    rows: Where


def looked_at(asking: Asking) -> tuple[Where, int]:
    """A condition on the spans s whose values are looked at, and how many these are."""
    rows = asking.rows
    count, first, last = _one(asking, "count(*), min(span_row), max(span_row)", rows)
    if count <= MOST_SPANS:
        return rows, count
    step = (last - first) // _PARTS
    starts = [last - _PART + 1 - part * step for part in range(_PARTS)]
    parts = (Where(f"s.span_row BETWEEN {start} AND {start + _PART - 1}") for start in starts)
    chosen = every([rows, either(parts)])
    return chosen, _one(asking, "count(*)", chosen)[0]


def _one(asking: Asking, columns: str, among: Where, first: tuple[object, ...] = ()) -> tuple:  # type: ignore[type-arg]
    text = f"SELECT {columns} FROM spans s WHERE {among.text}"
    return asking.cursor.execute(text, [*first, *among.values]).fetchall()[0]


def suspects(asking: Asking, among: Where, step: Callable[[], None]) -> list[Suspect]:
    """Each key with each look that values of it have; `step` is called after each part of the work."""
    found: list[Suspect] = []
    for cells in (*_columns(asking, among), *_numbers(asking, among), *_tables(among), *_bags(among)):
        found += _looks(asking, cells)
        step()
    secret = {each.key for each in found if each.look == "unmasked"}
    return [each for each in found if each.look == "unmasked" or each.key not in secret]


def _catalogued(asking: Asking, kind: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = asking.cursor.execute(
        """
        SELECT key, "column" FROM key_catalog
        WHERE scope = 'span' AND type = ? AND "column" IS NOT NULL ORDER BY count DESC, key
        """,
        [kind],
    ).fetchall()
    return found


def _columns(asking: Asking, among: Where) -> Iterator[Cells]:
    """Those of texts in which a hint was seen, or whose key tells of secrets."""
    columns = [("", "status_message", "status_message")]
    columns += [("span.", key, column) for key, column in _catalogued(asking, "str")]
    seen = _one(
        asking,
        ", ".join(
            f"bool_or(regexp_matches(s.{column}, ?)) OR regexp_matches(?, ?)" for _, _, column in columns
        ),
        among,
        tuple(value for _, key, _ in columns for value in (HINT, key, TELLING_KEY)),
    )
    for (scope, key, column), hinted in zip(columns, seen, strict=True):
        if hinted:
            yield _cells(scope, key, f"s.{column}", among)


def _numbers(asking: Asking, among: Where) -> Iterator[Cells]:
    """Whole numbers of as many digits as cards have."""
    columns = _catalogued(asking, "int")
    if not columns:
        return
    tests = (f"bool_or(s.{column} {_CARD_NUMBERS})" for _, column in columns)
    for (key, column), hinted in zip(columns, _one(asking, ", ".join(tests), among), strict=True):
        if hinted:
            yield _cells("span.", key, f"s.{column}::VARCHAR", among)


def _cells(scope: str, key: str, text: str, among: Where) -> Cells:
    return Cells(
        scope, Where(f"SELECT ? AS key, {text} AS text FROM spans s WHERE {among.text}", (key, *among.values))
    )


def _tables(among: Where) -> Iterator[Cells]:
    """Names of operations and attributes of processes: few rows, however many spans."""
    for scope, columns, number, table in (
        ("", "'name' AS key, name AS text", "operation_id", "operations"),
        ("resource.", "key, text", "resource_id", "resource_attributes"),
    ):
        used = f"{number} IN (SELECT s.{number} FROM spans s WHERE {among.text})"
        yield Cells(scope, Where(f"SELECT {columns} FROM {table} WHERE {used}", among.values))


def _bags(among: Where) -> Iterator[Cells]:
    """Attributes without a column, those of events and of links: texts and whole numbers, not what lists hold. And names
    of events, which are the message where log lines are kept as events.
    """
    for scope, (column, bag) in _BAGS.items():
        there = every([among, Where(f"{column} IS NOT NULL")])
        text = f"""
            SELECT cell.key AS key, coalesce(cell.value->>'$.stringValue', cell.value->>'$.intValue') AS text
            FROM (
              SELECT unnest(map_entries(bag::JSON::MAP(VARCHAR, JSON))) AS cell
              FROM (SELECT {bag} AS bag FROM spans s WHERE {there.text})
            )
        """
        yield Cells(scope, Where(text, there.values))
    there = every([among, Where("s.events IS NOT NULL")])
    names = "unnest(json_extract_string(s.events, '$[*][0]'))"
    yield _cells("", "event.name", names, there)


def _looks(asking: Asking, cells: Cells) -> list[Suspect]:
    """By key, what its distinct values look like."""
    tests = {name: holds("text", name) for name in LOOKS}
    tests["unmasked"] = every([Where("regexp_matches(key, ?)", (TELLING_KEY,)), tests["unmasked"]])
    examples = ", ".join(f"min(text) FILTER ({test.text})" for test in tests.values())
    card = tests["card"]
    found = asking.cursor.execute(
        f"""
        WITH cells AS (
          SELECT DISTINCT key, text
          FROM ({cells.rows.text})
          WHERE text <> '' AND (regexp_matches(text, ?) OR regexp_matches(key, ?))
        )
        SELECT key, count(*) FILTER ({card.text}), count(*) FILTER (regexp_matches(text, ?)), {examples}
        FROM cells
        GROUP BY key
        ORDER BY key
        """,
        [
            *cells.rows.values, HINT, TELLING_KEY, *card.values, CARD_LIKE,
            *(value for test in tests.values() for value in test.values),
        ],
    ).fetchall()  # fmt: skip
    suspected = []
    for key, cards, numbers, *texts in found:
        written = f"{cells.scope}{write_key(key)}" if cells.scope else key
        by_chance = cards < _LEAST_CARDS * numbers
        for name, text in zip(tests, texts, strict=True):
            if text is not None and not (name == "card" and by_chance):
                suspected.append(Suspect(written, name, text))
    return suspected
