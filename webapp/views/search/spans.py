"""Search results that are spans, or groups of them: records for the templates `search/_spans.html` and `_groups.html`."""

from dataclasses import dataclass

from webapp.errors import TooSlow
from webapp.model.results import Note
from webapp.model.spans_found import FoundSpan, Group, Groups, SpanPage
from webapp.query import Query, Window, add_term, write_key, write_term
from webapp.query.tree import Group as Braces
from webapp.query.tree import Node, Or, Relation, found_sets, speaks_of_spans
from webapp.store.conditions.fields import OWN_FIELDS
from webapp.views.present import slot, store
from webapp.views.services import words
from webapp.views.services.queries import CALLS
from webapp.views.state import PER_PAGE, SearchState
from webapp.views.trend import bars_path

NO_FIELD = "service"  # what groups share until a field is chosen
TREND = (72, 18)  # pixels
_AMONG = {"all": "", "root": "root", "entry": CALLS}  # as terms of the query


@dataclass(frozen=True, slots=True)
class GroupRow:
    group: Group
    slot: int | None
    url: str
    rate: str
    percentiles: tuple[int | None, ...]  # p50, p95, p99
    critical_share: float
    bars: str  # SVG path of TREND


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands in place of the list of traces; `page` or `groups` is set. `among` is what was settled for the query."""

    among: str
    by: str
    page: SpanPage | None = None
    urls: tuple[str, ...] = ()
    groups: Groups | None = None
    rows: tuple[GroupRow, ...] = ()
    notes: tuple[Note, ...] = ()


def shown(state: SearchState, query: Query, window: Window, per_page: int = PER_PAGE) -> Shown | None:
    """None when the search is for traces."""
    if not state.show:
        return None
    among = state.among or spans_meant(query)
    try:
        if state.show == "groups":
            return _groups(state, query, window, among)
        sort = "slowest" if state.sort == "slowest" else "newest"
        page = store().span_search.page(query, window, among, sort, state.page, per_page, state.field_list)
        return Shown(
            among,
            "",
            page,
            tuple(_span_url(state, span) for span in page.rows),
            notes=_unknown(state.field_list),
        )
    except TooSlow:
        return Shown(among, state.by, notes=(Note("This takes too long: narrow the time or the query."),))


def spans_meant(query: Query) -> str:
    """Among which spans to look when nobody said: all once the query speaks of spans, else roots."""
    return "all" if speaks_of_spans(query.root) or found_sets(query.root) else "root"


def fields() -> list[str]:
    """What can be grouped by or shown: own facts first, then attributes, the most frequent first."""
    return [*OWN_FIELDS, *(name for name, _ in store().keys())]  # noqa: SIM118 - a question to the store


def number_fields() -> list[str]:
    """Attributes that hold numbers, the most frequent first."""
    return store().span_search.number_keys()


def trace_fields(state: SearchState, trace_ids: list[str]) -> dict[str, list[str | None]]:
    """By trace: the values of the further columns."""
    return store().span_search.of_traces(trace_ids, state.field_list) if state.field_list else {}


def _span_url(state: SearchState, span: FoundSpan) -> str:
    url = state.trace_url(span.trace_id)
    return f"{url}{'&' if '?' in url else '?'}span={span.span_id}"


def _groups(state: SearchState, query: Query, window: Window, among: str) -> Shown:
    by = state.by or NO_FIELD
    groups = store().span_search.groups(query, window, among, by, state.order or "spans")
    rated = not store().services.tail_sampled()
    rows = tuple(
        _row(
            state,
            by,
            group,
            groups,
            _narrowed(state.q, query.root, _AMONG[among], term_of(by, group.value)),
            rated=rated,
        )
        for group in groups.groups
    )
    return Shown(among, by, groups=groups, rows=rows, notes=_unknown([by]))


def _narrowed(text: str, root: Node | None, *wanted: str) -> str:
    """The query that asks what is wanted, too, of the spans that were counted: of those in its braces, if they were."""
    sets, bare = found_sets(root), text.rstrip()
    last = sets[0].right if sets and isinstance(sets[0], Relation) else sets[0] if sets else None
    one = len(sets) == 1 and not isinstance(root, Or) and not speaks_of_spans(root)
    if one and bare.endswith("}") and isinstance(last, Braces) and not isinstance(last.inner, Or):
        return " ".join([bare[:-1].rstrip(), *filter(None, wanted)]) + "}"
    for term in wanted:
        text = add_term(text, term)
    return text


def _row(state: SearchState, by: str, group: Group, groups: Groups, query: str, *, rated: bool) -> GroupRow:
    red = group.red
    return GroupRow(
        group,
        slot(group.value) if by == "service" and group.value else None,
        state.url(q=query, show="", among=""),
        words.rate_of(red, groups.period, rated=rated),
        tuple(words.percentile(red, name) for name in ("p50", "p95", "p99")),
        red.critical_ns / max(1, groups.critical_ns),
        bars_path(group.counts, *TREND),
    )


def term_of(field: str, value: str | None) -> str:
    """The query term for a value of a field, or for spans without any."""
    key = field if field in OWN_FIELDS else write_key(field)
    if value is None:
        return f"-{key}?"
    if field in ("error", "root"):
        return field if value == "true" else f"-{field}"
    return write_term(key, "=", value)


def _unknown(fields: list[str]) -> tuple[Note, ...]:
    return tuple(
        Note(f"No span has an attribute “{field}”.")
        for field in fields
        if not store().span_search.knows(field)
    )
