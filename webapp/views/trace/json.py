"""The `.json` twin of the trace page, and one span as it stands in it. Field names are fixed (architecture.md)."""

from webapp.analysis.edges import calls, edges
from webapp.model.facts import Failure, Path, Verdict, Where
from webapp.model.logs import LogLine
from webapp.model.spans import Attributes, Kind, Span, Status
from webapp.store import Store
from webapp.views.arrivals import is_arriving
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.findings import findings_json
from webapp.views.trace.rows import MISSING
from webapp.views.trace.why import qualified_verdict


def trace_json(trace: OpenTrace, store: Store) -> dict[str, object]:
    """Everything the page knows, for machines. Spans in the order of the rows."""
    facts, forest = trace.facts, trace.facts.forest
    nodes = trace.rows.node.tolist()
    wanted = forest.columns.row[forest.source[forest.source >= 0]].tolist()
    arriving, completion = is_arriving(trace.trace_id), facts.completion_verdict
    found = dict(zip(wanted, store.spans(trace.trace_id, wanted), strict=True))
    return {
        "trace_id": trace.trace_id,
        "start_ns": facts.start_ns,
        "duration_ns": facts.end_ns - facts.start_ns,
        "response_ns": facts.response_ns,
        "root_span_id": trace.span_id(int(forest.root[0])),
        "spans": [span_json(trace, node, found.get(_store_row(trace, node))) for node in nodes],
        "critical_path": [_segment(trace, facts.path, k) for k in range(len(facts.path.node))],
        "completion_path": [
            _segment(trace, path, k) | {"wait": bool(path.where[k] == Where.WAIT)}
            for path in [facts.completion or facts.path]
            for k in range(len(path.node))
        ],
        "verdict": None if arriving else verdict_json(qualified_verdict(trace, store, "response")),
        "completion_verdict": verdict_json(completion) if completion and not arriving else None,
        "opens_on": trace.which_path(""),
        "error": failure_json(facts.failure),
        "warnings": [
            {name: getattr(warning, name) for name in ("code", "where", "span_id", "message", "count")}
            for warning in facts.warnings
        ],
        "findings": findings_json(trace, store),
        "logs": [
            _log(trace, node, line)
            for node in nodes
            for line in (trace.logs.beside(node) if trace.logs.lines else ())
        ],
        "edges": [
            {name: getattr(edge, name) for name in ("caller", "callee", "type", "calls", "errors")}
            for edge in edges(calls(forest))
        ],
    }


def span_json(trace: OpenTrace, node: int, span: Span | None) -> dict[str, object]:
    """Times as recorded; for a placeholder as reckoned. `span` is None for a placeholder."""
    facts, forest = trace.facts, trace.facts.forest
    span_id, parent = trace.span_id(node), int(forest.parent[node])
    offset_ns = int(forest.offset_ns[node])
    return {
        "span_id": span_id,
        "parent_span_id": trace.span_id(parent) if parent >= 0 else "",
        "service": span.service if span else MISSING,
        "name": span.name if span else MISSING,
        "kind": Kind(int(forest.kind[node])).name if int(forest.kind[node]) < len(Kind) else "UNSPECIFIED",
        "status": Status(int(forest.status[node])).name
        if int(forest.status[node]) < len(Status)
        else "UNSET",
        "start_ns": span.start_ns if span else int(forest.start_ns[node]) - offset_ns,
        "end_ns": span.end_ns if span else int(forest.end_ns[node]) - offset_ns,
        "offset_ns": offset_ns,
        "synthetic": span is None,
        "self_ns": int(facts.self_ns[node]),
        "critical_ns": int(facts.critical_ns[node]),
        "slack_ns": slack_ns if (slack_ns := int(trace.slack_ns()[node])) >= 0 else None,
        "depth": int(trace.rows.depth[trace.rows.row_of_node[node]]),
        "status_message": span.status_message if span else "",
        "attributes": span.attributes if span else {},
        "resource": span.resource.attributes if span else {},
        "events": [_event(event.name, event.time_ns, event.attributes) for event in span.events]
        if span
        else [],
        "links": [
            {"trace_id": link.trace_id, "span_id": link.span_id, "attributes": link.attributes}
            for link in (span.links if span else [])
        ],
        "warnings": sorted({warning.code for warning in facts.warnings if warning.span_id == span_id}),
    }


def verdict_json(verdict: Verdict) -> dict[str, object]:
    return {name: getattr(verdict, name) for name in Verdict.__slots__}


def failure_json(failure: Failure | None) -> dict[str, object] | None:
    return {name: getattr(failure, name) for name in Failure.__slots__} if failure else None


def _event(name: str, time_ns: int, attributes: Attributes) -> dict[str, object]:
    return {"name": name, "time_ns": time_ns, "attributes": attributes}


def _log(trace: OpenTrace, node: int, line: LogLine) -> dict[str, object]:
    """`span_id`: the span it stands beside, also where the line itself names none."""
    fields = ("time_ns", "level", "message", "service", "attributes")
    return {"span_id": trace.span_id(node), **{name: getattr(line, name) for name in fields}}


def _segment(trace: OpenTrace, path: Path, index: int) -> dict[str, object]:
    return {
        "span_id": trace.span_id(int(path.node[index])),
        "start_ns": int(path.start_ns[index]),
        "end_ns": int(path.end_ns[index]),
    }


def _store_row(trace: OpenTrace, node: int) -> int:
    source = int(trace.facts.forest.source[node])
    return int(trace.facts.forest.columns.row[source]) if source >= 0 else -1
