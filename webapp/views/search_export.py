"""The search page for machines: `.json` as architecture fixes it, and the same rows as CSV."""

import csv
import io

import orjson
from flask import Blueprint, Response, request

from webapp.errors import BadSetting
from webapp.model import display
from webapp.model.facts import TraceSummary, Verdict
from webapp.model.results import ResultPage
from webapp.views.present import store
from webapp.views.search import Asked, understand
from webapp.views.state import PER_PAGE, SearchState

blueprint = Blueprint("search_export", __name__)
MOST = 1_500
_COLUMNS = (
    "trace_id", "start", "duration_ns", "root_service", "root_name", "spans", "services", "errors", "failed",
    "failure", "bottleneck_service", "bottleneck_name", "bottleneck_ns", "sentence",
)  # fmt: skip


@blueprint.get("/traces.json")
def traces_json() -> Response:
    page = _found(PER_PAGE)
    body = {
        "total": page.total,
        "total_exact": page.total_exact,
        "traces": [summary_json(row.summary) for row in page.rows],
    }
    return Response(orjson.dumps(body), mimetype="application/json")


@blueprint.get("/traces.csv")
def traces_csv() -> Response:
    page = _found(MOST)
    response = Response(_csv(page), mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="traces.csv"'
    if page.has_more:
        response.headers["X-Truncated"] = f"the first {MOST} of {page.total}"
    return response


def _found(limit_default: int) -> ResultPage:
    """The page of results; a query that cannot be read is an error here, since nobody sees a caret.

    Raises:
        BadQuery: the query text.
        BadSetting: a limit that is no number from 1 to 1,500, or a time that is none.
    """
    asked: Asked = understand(SearchState.read(request.args))
    if asked.error:
        raise asked.error
    if asked.time_problem:
        raise BadSetting(asked.time_problem, where="from, to")
    text = request.args.get("limit", str(limit_default))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 1 <= limit <= MOST:
        raise BadSetting(f"{text!r} is no limit.", where="limit", hint=f"Use 1 to {MOST:,}.")
    return store().search(asked.query, asked.window, asked.state.sort, asked.state.page, limit)


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
        "verdict": verdict_json(trace.verdict),
    }


def _csv(page: ResultPage) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for row in page.rows:
        writer.writerow([_tame(value) for value in _cells(row.summary)])
    return out.getvalue()


def _cells(trace: TraceSummary) -> list[object]:
    verdict = trace.verdict
    return [
        trace.trace_id, display.iso(trace.start_ns), trace.duration_ns, trace.root_service, trace.root_name, trace.spans,
        len(trace.services), trace.errors, trace.failed, trace.failure_sentence, verdict.service, verdict.name,
        verdict.critical_ns, verdict.sentence,
    ]  # fmt: skip


def _tame(value: object) -> object:
    """Names are hostile text: a spreadsheet must not take one for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
