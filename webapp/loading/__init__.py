"""The one path by which files come in: read, append, analyse. No parsing, no rules, no SQL of its own."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile

from webapp.analysis.batch import analyse_batch
from webapp.formats import TABLES
from webapp.formats.tables.layout import NO_MAPPING
from webapp.formats.tables.mapping import Mapping
from webapp.loading.batches import Batch, News, news_of
from webapp.loading.inserts import in_row_groups
from webapp.loading.logs import infer_spans
from webapp.loading.parts import File, read_ahead
from webapp.loading.paths import find_files
from webapp.loading.pool import Pool
from webapp.loading.sources import Sources
from webapp.loading.tasks import plan
from webapp.model.collector import collector_at_rest
from webapp.model.columns import SpanColumns
from webapp.model.results import SourceReport
from webapp.model.sources import Source
from webapp.progress import Progress
from webapp.store import Store

_TABLES = {table.NAME for table in TABLES}


def load(
    paths: Sequence[str], store: Store, progress: Progress, mapping: Mapping = NO_MAPPING
) -> list[SourceReport]:
    """Load files, folders, globs and `-` (standard input). One report a file, also for those that are not traces.

    `mapping` names the columns of those that are tables.
    Raises BadSetting, when all is stored, for a column of `mapping` that none of them has.
    Ends early when `progress.cancelled` is set; what was read until then is stored and analysed.
    """
    files = [File(path, mapping=mapping) for path in find_files(paths)]
    sources = load_files(files, store, progress)
    reports = [source.report for source in sources]
    check_mapping(mapping, reports)
    return reports


def load_files(files: Sequence[File], store: Store, progress: Progress) -> list[Source]:
    """The same for files each with its own mapping or format; their names differ. Also beside spans that are sent here."""
    progress.update(files_total=len(files))
    with collector_at_rest(), store.importing():
        with _reading(files, progress) as news:
            source_ids, columns = _store_news(news, store, progress)
        for file in files:
            file.mapping.seen.update(columns)
        progress.update(current="where the time went")
        analyse_pending(store)
        store.settle()
    return store.listing.some(source_ids)


def check_mapping(mapping: Mapping, reports: Sequence[SourceReport]) -> None:
    """Raises BadSetting for a column that it names and none of the tables has."""
    if any(report.format in _TABLES for report in reports):
        mapping.check_used()


def analyse_pending(store: Store, later: Collection[str] = ()) -> None:
    """All that have no facts yet, or got spans since; of these traces `later` can wait. One thread at a time."""
    with store.analysing:
        with store.steady:
            infer_spans(store)
        pending = store.pending(later=later)
        while _analyse_next(store, pending):
            pass


def _analyse_next(store: Store, pending: Iterator[SpanColumns]) -> bool:
    with store.steady:
        columns = next(pending, None)
        if columns is None:
            return False
        store.append_facts(columns, analyse_batch(columns))
    return True


def _store_news(news: Iterator[News], store: Store, progress: Progress) -> tuple[list[int], set[str]]:
    """The ids of the sources, and which of the columns that the user names were there."""
    sources = Sources(store)
    columns: set[str] = set()
    for each in in_row_groups(news):
        if isinstance(each, Batch):
            sources.store(each)
            for file in each.ended:
                columns |= file.mapping.seen
                progress.update(warnings=progress.warnings + len(file.warnings))
        else:
            progress.update(
                current=each.path,
                spans=progress.spans + each.spans,
                files_done=progress.files_done + each.files,
                skipped=progress.skipped + each.skipped,
            )
    sources.stop()
    return sources.ids, columns


@contextmanager
def _reading(files: Sequence[File], progress: Progress) -> Iterator[Iterator[News]]:
    """What the files hold: read by processes of their own if it is much, else by a thread."""
    tasks, workers = plan(files)
    if workers:
        with Pool(tasks, workers) as pool:
            yield takewhile(lambda _: not progress.cancelled, pool.news())
        return
    with read_ahead(files) as parts:
        yield news_of(takewhile(lambda _: not progress.cancelled, parts))
