"""Which keys and values the newest spans have, of those that fit the rest of a query: counted, the most frequent first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from webapp.query.keys import ALIASES
from webapp.query.lexer import SCOPES, Token
from webapp.query.spelling import unquote
from webapp.store.conditions.beside import TRACE_TABLES
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.sql import Plan
from webapp.store.conditions.where import TRUE, Where, every

NEWEST = 300_000  # spans
_LISTED = 12
_FEW = 5_000  # spans whose events, links and other JSON are read
_BAGS = {"event.": ("s.events", "$[*][3]"), "link.": ("s.links", "$[*][3]")}
_LISTS = {
    "event.name": ("s.events", "$[*][0]"),
    "link.trace_id": ("s.links", "$[*][0]"),
    "link.span_id": ("s.links", "$[*][1]"),
}
_TRACE_TEXTS = {
    "trace.service": "unnest(t.services).service",
    "trace.root": "t.root_service || ' · ' || t.root_name",
    "trace.root.service": "t.root_service",
    "trace.root.name": "t.root_name",
    "trace.bottleneck": "t.verdict_service || ' · ' || t.verdict_name",
}
_NAMED = {  # keys of every span: what to join, and the value there
    "error_message": ("", "s.error_message"),
    "source": ("JOIN sources b USING (source_id)", "b.path"),
    "peer": ("JOIN nodes b ON b.node_id = s.peer_id", "b.name"),
}
Counts = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Among:
    """Spans s that `fits` holds for, and the traces t they are of; `source` names both where both are asked.

    `spans`: how many there are in the store; `newest`: how many are looked at, None for all.
    """

    catalogue: Catalogue
    fits: Where
    source: str
    plan: Plan
    spans: int
    newest: int | None

    @classmethod
    def of(cls, catalogue: Catalogue, made: Plan) -> Self:
        spans, last = catalogue.rows("SELECT count(*), max(span_row) FROM spans")[0]
        asked = every([made.spans or TRUE, made.traces, made.both or TRUE])
        of_traces = (made.traces, made.both) != (TRUE, None)
        source = "spans s JOIN traces t USING (trace_id)" if of_traces else "spans s"
        newest = NEWEST if spans > NEWEST else None
        recent = Where(f"s.span_row > {last - NEWEST}") if newest else TRUE
        return cls(catalogue, every([recent, asked]), source, made, spans, newest)

    @property
    def narrowed(self) -> bool:
        """Whether the rest of the query asks anything."""
        return (self.plan.spans, self.plan.traces) != (None, TRUE)

    def with_keys(self, keys: list[str]) -> Counts:
        """How many of the spans have each of these attributes; those that none has are left out."""
        columns = [(key, each.column) for key in keys for each in self.catalogue.columns(key) if each.column]
        counted: dict[str, int] = {}
        if columns:
            numbers = self._rows(f"SELECT {', '.join(f'count(s.{column})' for _, column in columns)}")[0]
            for (key, _), number in zip(columns, numbers, strict=True):
                counted[key] = counted.get(key, 0) + number
        wanted = set(keys)
        resources = self._rows(
            "SELECT r.key, sum(hits.spans)::BIGINT FROM (SELECT s.resource_id, count(*) AS spans",
            "GROUP BY s.resource_id) hits JOIN resource_attributes r USING (resource_id) GROUP BY r.key",
        )
        odd = self._rows(
            "SELECT key, count(*) FROM (SELECT unnest(json_keys(attributes_rest)) AS key FROM (SELECT s.attributes_rest",
            f"AND s.attributes_rest IS NOT NULL LIMIT {_FEW})) GROUP BY key",
        )
        for key, number in [*resources, *odd]:
            if key in wanted:
                counted[key] = counted.get(key, 0) + number
        return [(key, number) for key, number in counted.items() if number]

    def counted(self, value: str, join: str, joined: list[str], typed: str) -> Counts:
        """Values that hold the typed text."""
        return self._rows(
            f"SELECT value, count(*) FROM (SELECT {value} AS value",
            f""") WHERE value IS NOT NULL AND contains(lower(value), lower(?))
            GROUP BY value ORDER BY 2 DESC, 1 LIMIT {_LISTED}""",
            join=join,
            joined=joined,
            last=[typed],
        )

    def listed(self, column: str, expression: str, typed: str) -> Counts:
        """Values within the JSON of a column."""
        return self._rows(
            f"SELECT value, count(*) FROM (SELECT unnest({expression}) AS value FROM (SELECT {column} AS list",
            f"""AND {column} IS NOT NULL LIMIT {_FEW})) WHERE value IS NOT NULL AND contains(lower(value), lower(?))
            GROUP BY value ORDER BY 2 DESC, 1 LIMIT {_LISTED}""",
            last=[typed],
        )

    def named(self, table: str, values: Sequence[str], typed: str) -> Counts:
        """Of the traces in which such spans are, what a table with a row for each says of them; counts traces."""
        spans = f"SELECT s.trace_id FROM {self.source} WHERE {self.fits.text}"
        return self.catalogue.cursor.execute(
            f"""
            SELECT value, count(DISTINCT trace_id)
            FROM (SELECT trace_id, unnest([{", ".join(values)}]) AS value FROM {table} WHERE trace_id IN ({spans}))
            WHERE contains(lower(value), lower(?))
            GROUP BY value ORDER BY 2 DESC, 1 LIMIT {_LISTED}
            """,
            [*self.fits.values, typed],
        ).fetchall()

    def _rows(
        self,
        select: str,
        then: str = "",
        *,
        join: str = "",
        joined: list[str] | None = None,
        last: list[str] | None = None,
    ) -> list[tuple]:  # type: ignore[type-arg]
        fits = self.fits
        return self.catalogue.cursor.execute(
            f"{select} FROM {self.source} {join} WHERE ({fits.text}) {then}",
            [*(joined or []), *fits.values, *(last or [])],
        ).fetchall()


def summed(among: Among, name: str, typed: str) -> Counts:
    """Services, or texts of the trace: from the sums, unless the rest of the query narrows them."""
    if among.narrowed:
        if name == "service":
            return among.counted("v.service", "JOIN services v USING (service_id)", [], typed)
        return _of_traces(among, _TRACE_TEXTS[name], typed)
    facet = name.removeprefix("trace.").partition(".")[0]
    value = {"service": "service", "root.service": "service", "root.name": "name"}.get(
        name.removeprefix("trace."), "service || ' · ' || name"
    )
    return among.catalogue.cursor.execute(
        f"""
        SELECT {value} AS value, sum(traces)::BIGINT AS counted
        FROM facet_sums
        WHERE facet = ? AND service != '' AND contains(lower(value), lower(?))
        GROUP BY value
        HAVING counted > 0
        ORDER BY 2 DESC, 1
        LIMIT {_LISTED}
        """,
        [facet, typed],
    ).fetchall()


def _of_traces(among: Among, value: str, typed: str) -> Counts:
    spans = Where(
        f"t.trace_id IN (SELECT s.trace_id FROM {among.source} WHERE {among.fits.text})", among.fits.values
    )
    return among.catalogue.cursor.execute(
        f"""
        SELECT value, count(*)
        FROM (SELECT {value} AS value FROM traces t WHERE {spans.text})
        WHERE contains(lower(value), lower(?))
        GROUP BY value ORDER BY 2 DESC, 1 LIMIT {_LISTED}
        """,
        [*spans.values, typed],
    ).fetchall()


def values_of(among: Among, key: Token, typed: str) -> Counts:
    """Of an attribute, of a name, or within events and links."""
    name = ALIASES.get(key.text, key.text)
    if name == "name":
        return among.counted("o.name", "JOIN operations o USING (operation_id)", [], typed)
    if name in _NAMED:
        join, value = _NAMED[name]
        return among.counted(value, join, [], typed)
    if name.removeprefix("trace.") in TRACE_TABLES and name.startswith("trace."):
        return among.named(*TRACE_TABLES[name.removeprefix("trace.")], typed)
    if name in ("scope.name", "scope.version"):
        join = "JOIN scopes c USING (scope_id)"
        return among.counted(f"nullif(c.{name.removeprefix('scope.')}, '')", join, [], typed)
    if name in _LISTS:
        column, path = _LISTS[name]
        return among.listed(column, f"json_extract_string(list, '{path}')", typed)
    scope = next((scope for scope in SCOPES if name.startswith(scope)), "")
    name = unquote('"' + key.text.partition('"')[2]) if key.kind == "quoted" else name.removeprefix(scope)
    if scope in _BAGS:
        return _in_bag(among, scope, name, typed)
    return [] if scope == "scope." else _attribute_values(among, scope, name, typed)


def _attribute_values(among: Among, scope: str, name: str, typed: str) -> Counts:
    found: Counts = []
    columns = among.catalogue.columns(name) if scope != "resource." else []
    for column in columns:
        if column.column:
            found += among.counted(f"s.{column.column}::VARCHAR", "", [], typed)
    if scope == "span.":
        return found
    join = "JOIN resource_attributes r ON r.resource_id = s.resource_id AND r.key = ?"
    return found + among.counted("r.text", join, [name], typed)


def _in_bag(among: Among, scope: str, name: str, typed: str) -> Counts:
    """Texts and whole numbers of an attribute of events or links."""
    column, path = _BAGS[scope]
    if set(name) & set("\"'\\"):  # cannot be written in a path
        return []
    texts, numbers = (
        f"json_extract_string(list, '{path}.\"{name}\".{wrapper}')" for wrapper in ("stringValue", "intValue")
    )
    return among.listed(column, f"list_concat({texts}, {numbers})", typed)


def nested_keys(among: Among, typed: str) -> Counts:
    """Keys of events or links, once their scope is written."""
    found: Counts = []
    for scope, (column, path) in _BAGS.items():
        if typed.startswith(scope):
            keys = among.listed(
                column,
                f"flatten(list_transform(json_extract(list, '{path}'), lambda x: json_keys(x)))",
                typed.removeprefix(scope),
            )
            found += [(f"{scope}{key}", count) for key, count in keys if not set(key) & set(' "()')]
    return found
