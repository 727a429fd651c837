"""The search page for machines: `.json` as architecture fixes it, the same rows as CSV and Parquet; spans and groups too."""

import csv
import io
from dataclasses import asdict

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from flask import Blueprint, Response, request

from webapp.errors import BadSetting, TooSlow
from webapp.model import display
from webapp.model.facts import TraceSummary, Verdict
from webapp.model.red import Period
from webapp.model.results import ResultPage
from webapp.model.spans_found import FoundSpan
from webapp.query.keys import KINDS, STATUSES
from webapp.views.arrivals import is_arriving
from webapp.views.present import store, tail_note
from webapp.views.search.page import Asked, understand
from webapp.views.search.spans import GroupRow, shown
from webapp.views.services.json import red
from webapp.views.state import PER_PAGE, SearchState

blueprint = Blueprint("search_export", __name__)
MOST = 1_500
_COLUMNS = (
    "trace_id", "start", "duration_ns", "root_service", "root_name", "spans", "services", "errors", "failed",
    "failure", "bottleneck_service", "bottleneck_name", "bottleneck_ns", "sentence",
)  # fmt: skip


@blueprint.get("/traces.json")
def traces_json() -> Response:
    asked = _asked()
    if asked.state.show:
        body = _instead(asked, PER_PAGE)
    else:
        page = _found(asked, PER_PAGE)
        body = {
            "total": page.total,
            "total_exact": page.total_exact,
            "traces": [summary_json(row.summary) for row in page.rows],
        }
    return Response(orjson.dumps(body), mimetype="application/json")


@blueprint.get("/traces.csv")
def traces_csv() -> Response:
    columns, rows, cut = _table(_asked())
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_tame(value) for value in row] for row in rows)
    return _file(out.getvalue().encode(), "text/csv", "traces.csv", cut)


@blueprint.get("/traces.parquet")
def traces_parquet() -> Response:
    columns, rows, cut = _table(_asked())
    out = io.BytesIO()
    pq.write_table(pa.table({name: [row[place] for row in rows] for place, name in enumerate(columns)}), out)
    return _file(out.getvalue(), "application/vnd.apache.parquet", "traces.parquet", cut)


def _file(body: bytes, mimetype: str, name: str, cut: str) -> Response:
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if cut:
        response.headers["X-Truncated"] = cut
    return response


def _table(asked: Asked) -> tuple[list[str], list[list[object]], str]:
    """Columns, rows, and what was left out of them, "" for nothing."""
    if not asked.state.show:
        page = _found(asked, MOST)
        cut = f"the first {MOST} of {page.total}" if page.has_more else ""
        return list(_COLUMNS), [_cells(row.summary) for row in page.rows], cut
    body = _instead(asked, MOST)
    [(_, listed)] = [(name, value) for name, value in body.items() if isinstance(value, list)]
    columns = list(listed[0]) if listed else []
    rows = [[_flat(value) for value in each.values()] for each in listed]
    left_out = body.get("more") or max(0, int(str(body["total"])) - len(rows) if "spans" in body else 0)
    return columns, rows, f"the first {len(rows)}; {left_out} are not here" if left_out else ""


def _flat(value: object) -> object:
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


def _instead(asked: Asked, limit_default: int) -> dict[str, object]:
    """Spans or groups, with what they were looked for in. Raises TooSlow."""
    found = shown(asked.state, asked.query, asked.window, _limit(limit_default))
    if found and found.page:
        spans = [_span_json(span, asked.state.field_list) for span in found.page.rows]
        return {
            "total": found.page.total,
            "based_on_traces": found.page.based_on,
            "among": found.among,
            "spans": spans,
        }
    if not (found and found.groups):
        raise TooSlow("This search takes too long.", hint="Narrow the time or the query.")
    groups = found.groups
    return {
        "by": found.by, "among": found.among, "from_ns": groups.period.from_ns, "to_ns": groups.period.to_ns,
        "more": groups.more, "total_spans": groups.red.spans, "based_on_traces": groups.based_on, "note": tail_note(),
        "groups": [_group_json(row, groups.period) for row in found.rows],
    }  # fmt: skip


def _group_json(row: GroupRow, period: Period) -> dict[str, object]:
    group = row.group
    return {
        "value": group.value, "traces": group.traces, **red(group.red, period), "critical_ns": group.red.critical_ns,
        "critical_share": row.critical_share, "first_ns": group.red.first_ns, "last_ns": group.red.last_ns,
        "counts": group.counts,
    }  # fmt: skip


def _span_json(span: FoundSpan, fields: list[str]) -> dict[str, object]:
    body = asdict(span) | {"kind": KINDS[span.kind], "status": STATUSES[span.status]}
    return body | {"values": dict(zip(fields, body.pop("values"), strict=True))}


def _asked() -> Asked:
    """A query that cannot be read is an error here, since nobody sees a caret.

    Raises:
        BadQuery: the query text.
        BadSetting: a time that is none.
    """
    asked = understand(SearchState.read(request.args))
    if asked.error:
        raise asked.error
    if asked.time_problem:
        raise BadSetting(asked.time_problem, where="from, to")
    return asked


def _limit(default: int) -> int:
    """Raises BadSetting for what is no number from 1 to 1,500."""
    text = request.args.get("limit", str(default))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= limit <= MOST:
        raise BadSetting(f"{text!r} is no limit.", where="limit", hint=f"Use 1 to {MOST:,}.")
    return limit


def _found(asked: Asked, limit_default: int) -> ResultPage:
    """The page of results. Raises BadSetting for a wrong limit."""
    state = asked.state
    return store().search(asked.query, asked.window, state.sort, state.page, _limit(limit_default))


def verdict_json(verdict: Verdict) -> dict[str, object]:
    return {name: getattr(verdict, name) for name in Verdict.__slots__}


def summary_json(trace: TraceSummary) -> dict[str, object]:
    return {
        "trace_id": trace.trace_id,
        "root": {"service": trace.root_service, "name": trace.root_name},
        "start_ns": trace.start_ns,
        "duration_ns": trace.duration_ns,
        "response_ns": trace.response_ns,
        "spans": trace.spans,
        "services": [
            {"service": s.service, "spans": s.spans, "errors": s.errors, "critical_ns": s.critical_ns}
            for s in trace.services
        ],
        "errors": trace.errors,
        "failed": trace.failed,
        "failure": trace.failure_sentence or None,
        "verdict": None if is_arriving(trace.trace_id) else verdict_json(trace.verdict),
        "opens_on": "completion" if trace.late_verdict else "response",
        "completion_verdict": verdict_json(trace.late_verdict) if trace.late_verdict else None,
    }


def _cells(trace: TraceSummary) -> list[object]:
    verdict = trace.verdict
    said: tuple[object, ...] = (verdict.service, verdict.name, verdict.critical_ns, verdict.sentence)
    if is_arriving(trace.trace_id):
        said = (None,) * 4
    return [
        trace.trace_id, display.iso(trace.start_ns), trace.duration_ns, trace.root_service, trace.root_name, trace.spans,
        len(trace.services), trace.errors, trace.failed, trace.failure_sentence, *said,
    ]  # fmt: skip


def _tame(value: object) -> object:
    """Names are hostile text: a spreadsheet must not take one for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
