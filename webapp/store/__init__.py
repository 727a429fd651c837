"""Spans and facts in DuckDB. Rooms above speak of queries, pages and facts; SQL stays in this package."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from typing import Self

import duckdb

from webapp.model.collector import collector_at_rest
from webapp.model.columns import I64, SpanColumns
from webapp.model.facts import BatchFacts, TraceSummary
from webapp.model.results import Facet, Graph, HeatMap, Note, Point, ResultPage, SourceReport, Summary
from webapp.model.spans import Span
from webapp.query import Query, Term, Window, parse
from webapp.store import sources
from webapp.store.cohorts.cohorts import Cohorts
from webapp.store.conditions import ids
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.sql import plan
from webapp.store.connection import READ_SECONDS, Connection
from webapp.store.graph import graph
from webapp.store.insights.findings import Findings
from webapp.store.listing import Listing
from webapp.store.quality.quality import Quality
from webapp.store.reading import finding, logs, spans, traces, view_states
from webapp.store.reading.lines import Lines
from webapp.store.reading.links import LINK_SECONDS, Links
from webapp.store.reading.logs import MOST_LINES, encode_lines
from webapp.store.reading.operations import Operations
from webapp.store.reading.whole import WholeTrace, read_whole
from webapp.store.reading.words import Words
from webapp.store.receivers import Receivers
from webapp.store.removal import Removal, Removed
from webapp.store.retention import Retention
from webapp.store.searching import facets, heatmap, suggest
from webapp.store.searching import results as search
from webapp.store.searching.headline import Headline
from webapp.store.searching.recent import Asked, Recent
from webapp.store.searching.saved import Saved
from webapp.store.searching.span_search import SpanSearch
from webapp.store.searching.typing import Typing
from webapp.store.services.services import Services
from webapp.store.sources import Ended
from webapp.store.watched import Watched
from webapp.store.writing import colours, pending, sums
from webapp.store.writing.append import append_encoded
from webapp.store.writing.encode import Encoded, Encoder
from webapp.store.writing.facts import append_facts
from webapp.store.writing.keys import KeyCatalog
from webapp.store.writing.names import Names

__all__ = ["MOST_LINES", "Encoded", "Encoder", "Ended", "Removed", "Store", "encode_lines"]


class Store:
    """One database. Any number of threads may read; writes take turns, and are durable when they return."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._recent = Recent(connection)
        self._words = Words()
        self.operations = Operations(self._knowing)
        self.cohorts = Cohorts(self._knowing, self._words, lambda: connection.writes)
        self.findings = Findings(connection, self._words)
        self.quality = Quality(connection.reading, lambda: connection.writes)
        self.headline = Headline(self._asking)
        self.span_search = SpanSearch(self._asking, self._knowing)
        self.typing = Typing(self._knowing)
        self.receivers = Receivers(connection)
        self.listing = Listing(connection)
        self.analysing = Lock()  # held by the thread that has traces analysed
        self.saved = Saved(connection)
        self.lines = Lines(connection, self._knowing, self._append)
        self.services = Services(lambda window: self._asking(parse(""), window))
        self.links = Links(lambda: self._knowing(LINK_SECONDS))
        removal = Removal(connection, self._known_ids, self._forget_ids)
        self.remove_traces, self.remove_source = removal.traces, removal.source
        self.retention = Retention(connection, removal)
        self.watched = Watched(connection)
        self.steady = connection.steady  # held around reading and writing of it: nothing is removed meanwhile
        self._ids: tuple[Names, KeyCatalog] | None = None  # once something is written
        self.before_close: list[Callable[[], None]] = []
        connection.after_rollback = self._forget_ids  # those that were not written

    @classmethod
    def open(cls, path: Path | None) -> Self:
        """Open or create `path`; None keeps everything in memory."""
        return cls(Connection(path))

    def close(self) -> None:
        for leave in self.before_close:
            leave()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reading(self, seconds: float = READ_SECONDS) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A cursor for one read, stopped with TooSlow after `seconds`."""
        return self._connection.reading(seconds)

    # Writing

    def importing(self) -> AbstractContextManager[None]:
        """Around the load of many spans: checkpoints are rare meanwhile."""
        return self._connection.importing()

    def together(self) -> AbstractContextManager[object]:
        """Around several writes: they become one transaction."""
        return self._connection.writing()

    def start_source(self, path: str, file_format: str, reason: str) -> int:
        [source_id] = self.start_sources([(path, file_format, reason)])
        return source_id

    def start_sources(self, files: Sequence[tuple[str, str, str]]) -> list[int]:
        with self._connection.writing() as writer:
            return sources.start_sources(writer, files)

    def finish_sources(self, ended: Sequence[Ended]) -> None:
        with self._connection.writing() as writer:
            sources.finish_sources(writer, ended)

    def append(self, batch: list[Span], source_id: int) -> None:
        encoder = Encoder()
        encoder.add(batch, 0)
        self.append_encoded(encoder.take(), [source_id])

    def append_encoded(self, encoded: Encoded, source_ids: Sequence[int]) -> None:
        """Spans of several sources in one transaction: `source_ids` of the numbers given to the encoder."""
        with self._connection.writing() as writer:
            self._append(writer, encoded, source_ids)

    def pending(self, max_spans: int = 500_000, later: Collection[str] = ()) -> Iterator[SpanColumns]:
        """Whole traces that have no facts yet, or got spans since and are not for `later`. `append_facts` each at once."""
        return pending.hand_out(self._connection, self._words, max_spans, later)

    def append_facts(self, columns: SpanColumns, facts: BatchFacts) -> None:
        """Store what analysis found of a batch of `pending`; exact duplicates it names are deleted."""
        with self._connection.writing() as writer:
            names, keys = self._known_ids(writer)
            append_facts(writer, names, keys, columns, facts)
            names.flush(writer, keys)

    def settle(self) -> None:
        """After a load: give new services their colours, count the traces of each source, add up the calls."""
        with self._connection.writing() as writer:
            colours.assign_slots(writer)
            sums.compact(writer, loaded=True)
            sources.store_trace_counts(writer)

    # One trace

    def columns(self, trace_id: str) -> SpanColumns | None:
        with self._knowing() as catalogue:
            return traces.columns_of(catalogue, self._words, trace_id)

    def whole(self, trace_id: str, small: int = 0) -> WholeTrace | None:
        """The same, with what its page shows; up to so many spans also with what they ask for."""
        with self._knowing() as catalogue, collector_at_rest():
            return read_whole(catalogue, self._words, trace_id, small)

    def spans(self, trace_id: str, rows: Sequence[int] | None = None) -> list[Span]:
        """Full spans in the order of `rows` (SpanColumns.row), all in row order if None."""
        with self._knowing(spans.patience_for(rows)) as catalogue, collector_at_rest():
            return spans.read_spans(catalogue, trace_id, rows)

    def summary_of(self, trace_id: str) -> TraceSummary | None:
        """None while the trace is not analysed."""
        with self.reading() as cursor:
            return traces.summary_of(cursor, trace_id)

    def matching_rows(self, trace_id: str, query: Query) -> I64:
        """Which spans of a trace fit (SpanColumns.row), ascending. Raises BadQuery for what the store cannot search."""
        with self._knowing() as catalogue:
            return finding.matching_rows(catalogue, trace_id, query)

    def event_times(self, trace_id: str, words: Sequence[Term] = (), failed: bool = False) -> tuple[I64, I64]:
        """Of a trace's events, all or those that hold the words or failed: span (SpanColumns.row, ascending), time."""
        with self._knowing() as catalogue:
            return finding.event_times(catalogue, trace_id, words, failed=failed)

    def version(self, trace_id: str) -> int:
        """Grows whenever spans or log lines of the trace arrive; -1 for a trace that is not here."""
        with self._knowing() as catalogue:
            rows = traces.rows_of(catalogue, trace_id)
            return rows[1] + logs.line_count(catalogue, trace_id) if rows else -1

    def find(self, text: str) -> list[str]:
        """Ids of the traces that an id names, in whatever form it is pasted; also by span id or a prefix."""
        return self.meant(text).traces

    def meant(self, text: str) -> ids.Meant:
        """The same, and what the text is of them."""
        with self.reading() as cursor:
            return ids.find_traces(cursor, text)

    # Many traces

    def search(self, query: Query, window: Window, sort: str, page: int, per_page: int = 50) -> ResultPage:
        """`sort`: newest, slowest or spans. Page 1 is the first."""
        with self._asking(query, window) as (cursor, asked):
            return search.find_page(cursor, asked, sort, page, per_page)

    def notes(self, query: Query) -> list[Note]:
        """What to tell the user of how the query was understood: unknown keys and services."""
        with self._knowing() as catalogue:
            return list(plan(query, catalogue).notes)

    def totals(self, query: Query, window: Window) -> Summary:
        with self._asking(query, window) as (cursor, asked):
            return asked.once("totals", lambda: search.summarise(cursor, asked))

    def facets(self, query: Query, window: Window) -> list[Facet]:
        with self._asking(query, window) as (cursor, asked):
            return asked.once("facets", lambda: facets.find_facets(cursor, asked))

    def heatmap(self, query: Query, window: Window, columns: int, rows: int) -> HeatMap:
        """At most `columns` by `rows` cells."""
        with self._asking(query, window) as (cursor, asked):
            return asked.once((columns, rows), lambda: heatmap.draw_heatmap(cursor, asked, columns, rows))

    def points(self, query: Query, window: Window, limit: int) -> list[Point]:
        """The newest traces of the window, matching or not."""
        with self._asking(query, window) as (cursor, asked):
            return heatmap.list_points(cursor, asked, limit)

    def total(self, query: Query, window: Window) -> tuple[int, bool]:
        """How many traces match; False: more than that."""
        with self._asking(query, window) as (cursor, asked):
            return search.count_found(cursor, asked)

    def neighbours(self, query: Query, window: Window, sort: str, trace_id: str) -> tuple[str, str, int]:
        """Previous and next trace in the results, and the place of this one from 1; "" and 0 for none."""
        with self._asking(query, window) as (cursor, asked):
            return search.find_neighbours(cursor, asked, sort, trace_id)

    def keys(self) -> list[tuple[str, int]]:
        """Attribute keys, most frequent first."""
        with self._knowing() as catalogue:
            return suggest.attribute_keys(catalogue)

    def graph(
        self, window: Window, query: Query | None = None, groups: dict[str, str] | None = None
    ) -> Graph:
        """`groups`: by service the namespace in whose node it is drawn."""
        with self._asking(query or parse(""), window) as (cursor, asked):
            return graph.read_graph(self._recent.catalogue(cursor), asked, groups or {})

    def sources(self) -> list[SourceReport]:
        return [source.report for source in self.listing.all()]

    def keep_view_state(self, text: str) -> str:
        """A short id for a long state of a page. Only the last ones are kept."""
        with self._connection.writing() as writer:
            return view_states.keep(writer, text)

    def view_state(self, kept: str) -> str | None:
        with self.reading() as cursor:
            return view_states.find(cursor, kept)

    def service_slots(self) -> dict[str, int]:
        with self._knowing() as catalogue:
            return colours.service_slots(catalogue)

    def span_total(self) -> int:
        with self._knowing() as catalogue:
            return traces.span_total(catalogue)

    def bounds(self) -> tuple[int, int]:
        """First and newest start of a trace."""
        with self._knowing() as catalogue:
            return traces.bounds(catalogue)

    @contextmanager
    def _asking(self, query: Query, window: Window) -> Iterator[tuple[duckdb.DuckDBPyConnection, Asked]]:
        with self.reading() as cursor:
            yield cursor, self._recent.ask(cursor, query, window)

    @contextmanager
    def _knowing(self, seconds: float = READ_SECONDS) -> Iterator[Catalogue]:
        with self.reading(seconds) as cursor:
            yield self._recent.catalogue(cursor)

    def _append(self, writer: duckdb.DuckDBPyConnection, encoded: Encoded, source_ids: Sequence[int]) -> None:
        append_encoded(writer, *self._known_ids(writer), encoded, source_ids)

    def _known_ids(self, writer: duckdb.DuckDBPyConnection) -> tuple[Names, KeyCatalog]:
        if self._ids is None:
            names, keys = self._ids = Names(writer), KeyCatalog(writer)
            self._connection.brought_names = lambda: names.grew() | keys.grew()
        return self._ids

    def _forget_ids(self) -> None:
        self._ids = None
