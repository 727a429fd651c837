"""The spans of a trace as a table: summed by operation, or one by one; sorted by any column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from webapp import query as language
from webapp.analysis.operations import Operation, Operations, by_name, operations_of
from webapp.analysis.runs import Numbers
from webapp.model.columns import I64
from webapp.model.spans import Status
from webapp.store import Store
from webapp.views.present import slot
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.state import TraceState
from webapp.views.trace.views_chosen import Chosen, finding, pages_of


@dataclass(frozen=True, slots=True)
class Column:
    """`falls`: the first click sorts it from the largest down."""

    key: str
    words: str
    title: str
    falls: bool = True


OPERATIONS = (
    Column("name", "Service and operation", "", falls=False),
    Column("spans", "Spans", "How many"),
    Column("errors", "Errors", "How many have status error"),
    Column("total", "Total", "Sum of their durations, also of those that ran at the same time"),
    Column("self", "Self", "The part of it in which no child was waited for"),
    Column("critical", "Critical", "The part of the critical path that is theirs"),
    Column("p50", "p50", "Half of them took no longer"),
    Column("p95", "p95", "95% of them took no longer"),
    Column("max", "Max", "The longest"),
)
SPANS = (
    Column("name", "Service and operation", "", falls=False),
    Column("status", "Status", "Errors first"),
    Column("start", "Start", "From the start of the trace", falls=False),
    Column("duration", "Duration", "From its start to its end"),
    Column("self", "Self", "The part of it in which no child was waited for"),
    Column("critical", "Critical", "The part of the critical path that is its own"),
)
_FIRST = {"": "critical", "span": "start"}  # what a table is sorted by until somebody chooses


@dataclass(frozen=True, slots=True)
class Heading:
    """`sort` is the value of aria-sort, "" where the table is not sorted by this column."""

    key: str
    words: str
    title: str
    url: str
    sort: str


@dataclass(frozen=True, slots=True)
class OperationLine:
    of: Operation
    slot: int
    share: float  # of the response
    url: str
    longest_url: str


@dataclass(frozen=True, slots=True)
class SpanLine:
    id: str
    service: str
    name: str
    slot: int
    url: str
    error: str  # as in the waterfall: "", cause, passed
    message: str
    ok: bool
    start_ns: int
    duration_ns: int
    self_ns: int
    critical_ns: int
    x: float  # of its bar, in percent of the trace
    width: float


def spans_context(trace: OpenTrace, state: TraceState, chosen: Chosen, _store: Store) -> dict[str, object]:
    """All that `_spans.html` names."""
    single = state.by == "span"
    facts, nodes = trace.facts, chosen.nodes
    operations = _operations(trace, chosen)
    pages = pages_of(state, len(nodes) if single else len(operations), "span" if single else "operation")
    headings, key, falls = _headings(state, SPANS if single else OPERATIONS)
    lines: Sequence[OperationLine | SpanLine]
    if single:
        lines = _span_lines(trace, state, _sorted_spans(trace, chosen, key, falls)[pages.part])
    else:
        chosen_lines = operations.lines(_sorted_operations(operations, key, falls)[pages.part].tolist())
        lines = [_operation_line(trace, state, one) for one in chosen_lines]
    durations = facts.forest.end_ns[nodes] - facts.forest.start_ns[nodes]
    return {
        "single": single,
        "headings": headings,
        "lines": lines,
        "pages": pages,
        "sums": {
            "spans": len(nodes),
            "errors": int((facts.forest.status[nodes] == Status.ERROR).sum()),
            "total": int(durations.sum()),
            "self": int(facts.self_ns[nodes].sum()),
            "critical": int(facts.critical_ns[nodes].sum()),
            "max": int(durations.max(initial=0)),
            "operations": len(operations),
        },
        "missing": int((facts.forest.source < 0).sum()),
        "other_url": state.url(by="" if single else "span", order=""),
    }


def _operations(trace: OpenTrace, chosen: Chosen) -> Operations:
    if chosen.part is not None:
        return operations_of(trace.facts, chosen.nodes)
    return trace.once("operations", lambda: operations_of(trace.facts))


def _headings(state: TraceState, columns: Sequence[Column]) -> tuple[list[Heading], str, bool]:
    """The heads of the columns, the column sorted by, and whether from the largest down."""
    known = {column.key: column for column in columns}
    wanted = state.order.removeprefix("-")
    key = wanted if wanted in known else _FIRST[state.by]
    turned = state.order.startswith("-") and wanted in known
    falls = known[key].falls != turned
    headings = []
    for column in columns:
        own = column.key == key
        order = f"-{key}" if own and not turned else column.key
        sort = ("descending" if falls else "ascending") if own else ""
        headings.append(
            Heading(column.key, column.words, column.title, state.url(order=_short(state, order)), sort)
        )
    return headings, key, falls


def _short(state: TraceState, order: str) -> str:
    return "" if order == _FIRST[state.by] else order


def _sorted_operations(operations: Operations, key: str, falls: bool) -> I64:
    if key == "name":
        keys = by_name(operations.forest, operations.node)
        return np.lexsort(tuple(-ranks for ranks in keys) if falls else keys)
    values = {
        "spans": operations.spans, "errors": operations.errors, "total": operations.total_ns,
        "self": operations.self_ns, "critical": operations.critical_ns, "p50": operations.p50_ns,
        "p95": operations.p95_ns, "max": operations.max_ns,
    }[key]  # fmt: skip
    order: I64 = np.argsort(-values if falls else values, kind="stable")
    return order


def _sorted_spans(trace: OpenTrace, chosen: Chosen, key: str, falls: bool) -> I64:
    """Nodes that are alike keep the order of the waterfall."""
    facts, forest, nodes = trace.facts, trace.facts.forest, trace.rows.node.astype(np.int64)
    nodes = nodes[(forest.source >= 0 if chosen.part is None else chosen.part)[nodes]]
    of_all: Mapping[str, Numbers] = {
        "status": forest.status, "start": forest.start_ns, "self": facts.self_ns, "critical": facts.critical_ns,
    }  # fmt: skip
    if key == "name":
        name, service = by_name(forest, nodes)
        values = service * len(forest.columns.names) + name
    elif key == "duration":
        values = forest.end_ns[nodes] - forest.start_ns[nodes]
    else:
        values = of_all[key][nodes].astype(np.int64)
    order: I64 = nodes[np.argsort(-values if falls else values, kind="stable")]
    return order


def _operation_line(trace: OpenTrace, state: TraceState, one: Operation) -> OperationLine:
    terms = language.write_term("service", "=", one.service), language.write_term("operation", "=", one.name)
    return OperationLine(
        of=one,
        slot=slot(one.service),
        share=one.critical_ns / max(1, trace.facts.response_ns),
        url=state.url(by="span", order="", find=finding(state, *terms)),
        longest_url=state.url(f"show/{trace.span_id(one.node)}"),
    )


def _span_lines(trace: OpenTrace, state: TraceState, nodes: I64) -> list[SpanLine]:
    facts, forest, columns = trace.facts, trace.facts.forest, trace.facts.forest.columns
    lines = []
    for node in nodes.tolist():
        start_ns, end_ns = int(forest.start_ns[node]), int(forest.end_ns[node])
        service, span_id = columns.services[forest.service[node]], trace.span_id(node)
        failed = forest.status[node] == Status.ERROR
        told = columns.error_texts.get(int(forest.source[node]))
        lines.append(
            SpanLine(
                id=span_id,
                service=service,
                name=columns.names[forest.name[node]],
                slot=slot(service),
                url=state.url(f"show/{span_id}"),
                error="" if not failed else "cause" if trace.causes[node] else "passed",
                message=told.message if failed and told else "",
                ok=forest.status[node] == Status.OK,
                start_ns=start_ns - trace.begin_ns,
                duration_ns=end_ns - start_ns,
                self_ns=int(facts.self_ns[node]),
                critical_ns=int(facts.critical_ns[node]),
                x=round((start_ns - trace.begin_ns) * 100 / trace.length_ns, 2),
                width=round(max(0.4, (end_ns - start_ns) * 100 / trace.length_ns), 2),
            )
        )
    return lines
