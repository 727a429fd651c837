"""Spans in relations (`{…} >> {…}`), which SQL alone would find slowly: which they are, and which traces have some.

Traces are gone through newest first, and only those in which each of the braces has spans; when that takes too long,
the older ones are left out, and the plan says so.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from webapp.model.columns import I64, Bool
from webapp.query import Query
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.matching import rows_of
from webapp.store.conditions.relations import Families, families, related
from webapp.store.conditions.sql import Fitting, Plan, Related, Sought, plan
from webapp.store.conditions.where import FALSE, TRUE, Where, either, every

PATIENCE_S = 1.0
_CHUNK = 300_000  # spans that are held at once
_MOST = 50_000  # traces found, which each further statement is told
_ANSWERS = "(s.shared OR s.kind IN (2, 5))"  # server, consumer


def planned(query: Query, catalogue: Catalogue, traces: Where, rows: Where = TRUE) -> Plan:
    """The query taken apart, for traces that fit a condition on t; `rows` on s holds for all of their spans."""
    looking = _Looking(catalogue, traces, time.monotonic() + PATIENCE_S)
    made = plan(query, catalogue, looking.traces_with, rows)
    if looking.floor_ns is None:
        return made
    newest = Where("t.start_ns >= ?", (looking.floor_ns,))
    return replace(made, traces=every([made.traces, newest]), whole=False)


def showing(catalogue: Catalogue, made: Plan, traces: Where) -> Plan:
    """The plan of a query that speaks of spans in braces alone, as if they stood outside: to say which it found.

    `traces` are a few.
    """
    if not made.shown:
        return made
    looking = _Looking(catalogue, traces, float("inf"))
    found = either(looking.condition(sought) for sought in made.shown)
    return replace(made, spans=TRUE, both=every([made.both or TRUE, made.traces, traces, found]))


class _Looking:
    """Among some traces. `floor_ns`: those that started earlier were left out, None if none were."""

    def __init__(self, catalogue: Catalogue, traces: Where, deadline: float) -> None:
        self._cursor = catalogue.cursor
        self._traces, self._deadline = traces, deadline
        self._rows: Where | None = None
        self.floor_ns: int | None = None

    @property
    def rows(self) -> Where:
        """A condition on s that holds for all spans of the traces."""
        if self._rows is None:
            self._rows = rows_of(self._cursor, self._traces, None)
        return self._rows

    def condition(self, sought: Sought) -> Where:
        """The sought spans, as a condition on s and t."""
        if isinstance(sought, Fitting):
            return sought.condition
        rows = np.concatenate([found[0] for found in self._found(sought)] or [np.empty(0, np.int64)])
        return _one_of("s.span_row", rows)

    def traces_with(self, sought: Related, having: Where) -> Where:
        """That the trace has such spans, which are `having` something together; a condition on t."""
        fitting: list[I64] = []
        for rows, first_rows in self._found(sought):
            fitting.append(self._having(rows, having) if having != TRUE else np.unique(first_rows))
            if sum(map(len, fitting)) > _MOST:
                self._deadline = 0
        return _one_of("t.first_row", np.concatenate(fitting or [np.empty(0, np.int64)]))

    def _having(self, rows: I64, having: Where) -> I64:
        if not len(rows):
            return rows
        self._cursor.register("related_rows", pa.table({"span_row": rows}))
        found = self._cursor.execute(
            f"""
            SELECT t.first_row
            FROM spans s JOIN traces t ON t.trace_id = s.trace_id
            WHERE s.span_row BETWEEN {rows.min()} AND {rows.max()} AND s.span_row IN (FROM related_rows)
            GROUP BY t.first_row
            HAVING {having.text}
            """,
            list(having.values),
        ).fetchnumpy()
        fitting: I64 = found["first_row"].astype(np.int64)
        return fitting

    def _found(self, sought: Related) -> Iterator[tuple[I64, I64]]:
        """Of the sought spans their rows and the first rows of their traces, of ever older traces."""
        fits = list(_braces(sought))
        for chunk, floor_ns in self._chunks(sought):
            yield self._found_in(chunk, sought, fits)
            if floor_ns is not None and time.monotonic() > self._deadline:
                self.floor_ns = max(floor_ns, self.floor_ns or 0)
                return

    def _found_in(self, chunk: pa.Table, sought: Related, fits: Sequence[Fitting]) -> tuple[I64, I64]:
        self._cursor.register("chunk", chunk)
        columns = ", ".join(f"({each.condition.text}) IS TRUE AS fits_{k}" for k, each in enumerate(fits))
        first, last = chunk["first_row"].to_numpy().min(), chunk["last_row"].to_numpy().max()
        found = self._cursor.execute(
            f"""
            SELECT s.span_row, t.first_row AS trace, s.span_id, s.parent_id, {_ANSWERS} AS answers, {columns}
            FROM spans s JOIN (FROM traces SEMI JOIN chunk USING (first_row)) t ON t.trace_id = s.trace_id
            WHERE s.span_row BETWEEN {first} AND {last}
            ORDER BY s.span_row
            """,
            [value for each in fits for value in each.condition.values],
        ).fetchnumpy()
        rows, trace = found["span_row"].astype(np.int64), found["trace"].astype(np.int64)
        if not len(rows):
            return rows, trace
        among = families(trace, found["span_id"], found["parent_id"], found["answers"].astype(np.bool_))
        flags = iter([found[f"fits_{k}"].astype(np.bool_) for k in range(len(fits))])
        mask = _mask(sought, flags, among)
        return rows[mask], trace[mask]

    def _chunks(self, sought: Related) -> Iterator[tuple[pa.Table, int | None]]:
        """Traces that can have such spans, newest first; with each part when its last one started, None for the end."""
        needed = every([self._traces, *map(self._has_spans, _needed(sought))])
        found = self._cursor.execute(
            f"""
            SELECT t.first_row, t.last_row, t.start_ns, t.spans
            FROM traces t
            WHERE {needed.text}
            ORDER BY t.start_ns DESC, t.first_row DESC
            """,
            list(needed.values),
        ).fetchnumpy()
        ends, starts_ns = np.cumsum(found["spans"].astype(np.int64)), found["start_ns"]
        place = 0
        while place < len(ends):
            before = ends[place - 1] if place else 0
            following = max(place + 1, int(np.searchsorted(ends, before + _CHUNK, side="right")))
            floor_ns = int(starts_ns[following - 1]) + 1 if following < len(ends) else None
            part = slice(place, following)
            yield pa.table({name: found[name][part] for name in ("first_row", "last_row")}), floor_ns
            place = following

    def _has_spans(self, fitting: Fitting) -> Where:
        if fitting.condition == TRUE:
            return TRUE
        spans = fitting.rows(self.rows)
        return Where(f"t.trace_id IN (SELECT s.trace_id {spans.text})", spans.values)


def _one_of(expression: str, numbers: I64) -> Where:
    """As text: a list of 100,000 numbers takes longer to bind than to cut up."""
    if not len(numbers):
        return FALSE
    listed = ",".join(map(str, numbers.tolist()))
    within = f"{expression} BETWEEN {numbers.min()} AND {numbers.max()}"
    return Where(f"{within} AND {expression} IN (SELECT unnest(string_split(?, ',')::BIGINT[]))", (listed,))


def _mask(sought: Sought, flags: Iterator[Bool], among: Families) -> Bool:
    """`flags` of the braces from left to right."""
    if isinstance(sought, Fitting):
        return next(flags)
    left = _mask(sought.left, flags, among)
    return related(sought.kind, left, _mask(sought.right, flags, among), among)


def _needed(sought: Sought) -> Iterator[Fitting]:
    """Braces without whose spans a trace has none of the sought: of a negated relation the left may be empty."""
    if isinstance(sought, Fitting):
        yield sought
        return
    if not sought.kind.startswith("!"):
        yield from _needed(sought.left)
    yield from _needed(sought.right)


def _braces(sought: Sought) -> Iterator[Fitting]:
    if isinstance(sought, Fitting):
        yield sought
    else:
        yield from _braces(sought.left)
        yield from _braces(sought.right)
