"""Links between spans, seen from both ends. What a span links to lies with it; who links to it has to be looked for.

There is no index of links: few spans have any, and blocks without are skipped by their statistics.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from webapp.model.link_ends import LinkedTrace, LinkEnd, Linking
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.reading.traces import rows_of
from webapp.store.writing.anyvalue import decode_links
from webapp.store.writing.pending import setting

LINK_SECONDS = 0.5  # who links to a span is worth no longer wait
_END = """
    replace(s.trace_id::VARCHAR, '-', '') AS trace, printf('%016x', s.span_id) AS span,
    v.service, o.name, s.start_ns, s.end_ns
"""
_NAMED = "spans s JOIN operations o USING (operation_id) JOIN services v ON v.service_id = o.service_id"


class Links:
    """`knowing` opens the small tables, with a cursor, for one look."""

    def __init__(self, knowing: Callable[[], AbstractContextManager[Catalogue]]) -> None:
        self._knowing = knowing

    def to_spans(self, trace_id: str, span_ids: Sequence[str], most: int) -> list[Linking]:
        """Links that name one of these spans, by time: those of the first `most` spans that have some."""
        if not span_ids:
            return []
        named = [_written(trace_id, span_id) for span_id in span_ids]
        condition = " OR ".join(["contains(s.links, ?)"] * len(named))
        with self._knowing() as catalogue:
            rows = catalogue.cursor.execute(
                f"""
                WITH near AS MATERIALIZED (
                  SELECT span_row, links FROM spans WHERE links IS NOT NULL AND contains(links, ?)
                )
                SELECT span_row FROM near s WHERE {condition} ORDER BY span_row LIMIT ?
                """,
                [_written(trace_id), *named, most],
            ).fetchall()
            found = _linking(catalogue, [row for (row,) in rows])
        wanted = set(span_ids)
        return [
            Linking(LinkEnd(*end), link.span_id, link.attributes)
            for *end, links in found
            for link in decode_links(links)
            if link.trace_id == trace_id and link.span_id in wanted
        ]

    def ends(self, targets: Sequence[tuple[str, str]]) -> dict[tuple[str, str], LinkEnd]:
        """The spans of these (trace id, span id) that are here."""
        targets = [target for target in targets if _is_id(target[0], 32) and _is_id(target[1], 16)]
        if not targets:
            return {}
        trace_ids = sorted({trace_id for trace_id, _ in targets})
        span_ids = sorted({int(span_id, 16) for _, span_id in targets})
        with self._knowing() as catalogue:
            first, last = catalogue.cursor.execute(
                "SELECT min(first_row), max(last_row) FROM traces WHERE trace_id IN (SELECT unnest(?::UUID[]))",
                [trace_ids],
            ).fetchall()[0]
            extent = (0, -1) if first is None else (first, last)
            found = catalogue.cursor.execute(
                f"""
                SELECT {_END}
                FROM {_NAMED}
                WHERE (s.span_row BETWEEN ? AND ? OR s.span_row >= ?)
                  AND s.trace_id IN (SELECT unnest(?::UUID[])) AND s.span_id IN (SELECT unnest(?::UBIGINT[]))
                """,
                [*extent, setting(catalogue.cursor, "settled_row"), trace_ids, span_ids],
            ).fetchall()
        ends = {(end.trace_id, end.span_id): end for end in (LinkEnd(*row) for row in found)}
        return {target: ends[target] for target in targets if target in ends}

    def to_trace(self, trace_id: str, most: int) -> list[LinkedTrace]:
        """Other traces of which spans link to this one, by time."""
        with self._knowing() as catalogue:
            if not _any(catalogue):
                return []
            counted = catalogue.cursor.execute(
                """
                SELECT replace(trace_id::VARCHAR, '-', ''), count(*)
                FROM spans
                WHERE links IS NOT NULL AND contains(links, ?) AND trace_id <> ?::UUID
                GROUP BY trace_id
                ORDER BY min(start_ns)
                LIMIT ?
                """,
                [_written(trace_id), trace_id, most],
            ).fetchall()
            return _traces(catalogue, counted)

    def of_trace(self, trace_id: str, most: int) -> tuple[list[LinkedTrace], int]:
        """The first `most` of the other traces that spans of this one link to, and how many they are."""
        with self._knowing() as catalogue:
            extent = rows_of(catalogue, trace_id)
            if extent is None or not _any(catalogue):
                return [], 0
            found = catalogue.cursor.execute(
                """
                SELECT CAST(json_extract_string(links, '$[*][0]') AS VARCHAR[])
                FROM spans
                WHERE trace_id = ?::UUID AND span_row BETWEEN ? AND ? AND links IS NOT NULL
                ORDER BY span_row
                """,
                [trace_id, *extent],
            ).fetchall()
            counted = Counter(other for (others,) in found for other in others if other != trace_id)
            return _traces(catalogue, list(counted.items())[:most]), len(counted)


def _linking(catalogue: Catalogue, rows: Sequence[int]) -> list[tuple[Any, ...]]:
    """Ends and links of some spans, by time."""
    if not rows:
        return []
    return catalogue.cursor.execute(
        f"""
        SELECT {_END}, s.links
        FROM {_NAMED}
        WHERE s.span_row BETWEEN ? AND ? AND s.span_row IN (SELECT unnest(?::BIGINT[]))
        ORDER BY s.start_ns, s.span_row
        """,
        [min(rows), max(rows), rows],
    ).fetchall()


def _traces(catalogue: Catalogue, counted: Sequence[tuple[str, int]]) -> list[LinkedTrace]:
    if not counted:
        return []
    found = catalogue.cursor.execute(
        """
        SELECT replace(trace_id::VARCHAR, '-', ''), root_service, root_name, start_ns
        FROM traces
        WHERE trace_id IN (SELECT unnest(?::UUID[]))
        """,
        [[trace_id for trace_id, _ in counted if _is_id(trace_id, 32)]],
    ).fetchall()
    known = {trace_id: (service, name, start_ns) for trace_id, service, name, start_ns in found}
    linked = []
    for trace_id, number in counted:
        service, name, start_ns = known.get(trace_id, ("", "", 0))
        linked.append(LinkedTrace(trace_id, service, name, start_ns, number))
    return linked


def _any(catalogue: Catalogue) -> bool:
    """Whether there are links at all: in most stores none, and then nothing has to be looked through."""
    return bool(catalogue.rows("SELECT 1 FROM spans WHERE links IS NOT NULL LIMIT 1"))


def _written(trace_id: str, span_id: str = "") -> str:
    """How a link to a trace or a span begins in the column: `encode_links`. Text within is escaped, so only a link can."""
    return f'["{trace_id}","{span_id}",' if span_id else f'["{trace_id}","'


def _is_id(text: str, digits: int) -> bool:
    return len(text) == digits and not set(text) - set("0123456789abcdef")
