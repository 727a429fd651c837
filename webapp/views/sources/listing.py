"""What the list of sources shows: which, in which order, and what is said of all of them together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from webapp.model.display import plural
from webapp.model.results import SourceReport
from webapp.model.sources import Source, SourceTimes
from webapp.model.warnings import REPAIRS
from webapp.query import write_term
from webapp.views.sources.state import COLUMNS, SourcesState
from webapp.views.state import SearchState

_NO_TIMES = SourceTimes(0, 0)


@dataclass(frozen=True, slots=True)
class Row:
    """`remarks`: what the reader said; what repair found in the traces is told on the page of the source."""

    source: Source
    times: SourceTimes
    query: str

    @property
    def report(self) -> SourceReport:
        return self.source.report

    @property
    def remarks(self) -> list[dict[str, object]]:
        return remarks(self.report)

    @property
    def folder(self) -> str:
        return self.report.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.report.path.rpartition("/")[2] or self.report.path

    @property
    def traces_url(self) -> str:
        return SearchState(q=self.query).url()


def remarks(report: SourceReport) -> list[dict[str, object]]:
    return [warning for warning in report.warnings if warning["code"] not in REPAIRS]


def repairs(report: SourceReport) -> list[dict[str, object]]:
    return [warning for warning in report.warnings if warning["code"] in REPAIRS]


def queries(sources: Sequence[Source]) -> dict[int, str]:
    """By id the query that finds the spans of a source: by its name, if no other has it."""
    names = Counter(source.report.path for source in sources)
    return {
        source.source_id: write_term(
            "source", "=", source.report.path if names[source.report.path] == 1 else str(source.source_id)
        )
        for source in sources
    }


def chosen(sources: Sequence[Source], state: SourcesState) -> list[Source]:
    sought = state.find.casefold()
    return [
        source
        for source in sources
        if sought in f"{source.report.path}\n{source.report.format}".casefold()
        and _is_shown(source.report, state)
    ]


def _is_shown(report: SourceReport, state: SourcesState) -> bool:
    return {
        "": True,
        "read": bool(report.format),
        "remarks": bool(report.format and (report.rejected or remarks(report))),
        "not": not report.format,
    }[state.show]


def ordered(sources: Sequence[Source], state: SourcesState, times: dict[int, SourceTimes]) -> list[Source]:
    """The newest first, unless a column says otherwise."""
    newest = sorted(sources, key=lambda source: -source.source_id)
    if not state.sort:
        return newest
    keys = {
        "name": lambda source: source.report.path.casefold(),
        "first": lambda source: times.get(source.source_id, _NO_TIMES).first_ns,
    }
    key = keys.get(state.sort, lambda source: getattr(source.report, state.sort))
    _, greatest_first = COLUMNS[state.sort]
    return sorted(newest, key=key, reverse=greatest_first != bool(state.order))


def rows(sources: Sequence[Source], found: dict[int, str], times: dict[int, SourceTimes]) -> list[Row]:
    return [
        Row(source, times.get(source.source_id, _NO_TIMES), found[source.source_id]) for source in sources
    ]


def sentence(sources: Sequence[Source], traces: str, spans: int) -> str:
    """Of all of them; `traces` and `spans` are what the store holds."""
    files = [source.report for source in sources if not source.is_receiver]
    receivers = len(sources) - len(files)
    read = sum(bool(report.format) for report in files)
    origins = [plural(read, "file")] if read or not receivers else []
    origins += [plural(receivers, "receiver")] if receivers else []
    held = f"{traces} with {plural(spans, 'span')} from {' and '.join(origins)}"
    rejected = sum(source.report.rejected for source in sources)
    lost = [f"{plural(len(files) - read, 'file')} skipped"] if len(files) > read else []
    lost += (
        [f"{plural(rejected, 'record')} {'was' if rejected == 1 else 'were'} left out"] if rejected else []
    )
    return f"{held}; {', '.join(lost)}." if lost else f"{held}; all of it was read."


def by_format(sources: Sequence[Source]) -> list[tuple[str, int]]:
    """Formats of files, the most frequent first."""
    return Counter(chain(source.report.format for source in sources if source.report.format)).most_common()
