"""`/compare?a=…&b=…`: two traces on one page; two sets of traces are `views/cohorts`. Which, if not said, is asked here."""

from typing import NamedTuple

from flask import Blueprint, Response, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import BadSetting, NotFound
from webapp.views.cohorts.page import attributes_part, cohort_json_response, cohort_page
from webapp.views.cohorts.state import CohortState, means_sets
from webapp.views.compare.cache import ComparisonCache
from webapp.views.compare.choose import offers, usual_trace
from webapp.views.compare.detail import compared_spans
from webapp.views.compare.head import head_of
from webapp.views.compare.json import comparison_json
from webapp.views.compare.pair import PAGE_ROWS, Pair
from webapp.views.compare.rows import compare_rows
from webapp.views.compare.state import CompareState, row_id_in
from webapp.views.fragments import leave_to, page_or_part
from webapp.views.patience import patient
from webapp.views.search.page import traces_meant
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.page import open_canonical
from webapp.views.trace.values import to_json

blueprint = Blueprint("compare", __name__)


class Asked(NamedTuple):
    """What one of the two fields means: a trace, or in words why none."""

    text: str
    trace: OpenTrace | None
    problem: str


@blueprint.get("/compare")
@patient
def page() -> BaseResponse:
    if ticked := request.args.getlist("trace"):
        return _ticked(ticked)
    if means_sets(request.args):
        return cohort_page(CohortState.read(request.args))
    state = CompareState.read(request.args)
    a, b = _asked(state.a), _asked(state.b)
    if a.trace is None or b.trace is None:
        return _choose(state, a, b)
    canonical = state.changed(a=a.trace.trace_id, b=b.trace.trace_id)
    pair = Pair(a.trace, b.trace, _comparisons().open(a.trace, b.trace))
    if (row := _asked_row(pair)) is not None:
        return leave_to(pair.revealing(canonical, row).url() + f"#r{pair.row_id(row)}")
    if canonical != state:
        return redirect(canonical.url())
    return _compared(pair, state)


@blueprint.get("/compare/attributes")
def attributes() -> BaseResponse:
    return attributes_part(CohortState.read(request.args))


def _compared(pair: Pair, state: CompareState) -> Response:
    view = pair.view(state)
    if state.row >= len(view):
        state = state.changed(row=max(0, len(view) - 1) // PAGE_ROWS * PAGE_ROWS)
    shown = compare_rows(pair, view, state)
    details = {
        row.id: compared_spans(pair, int(view.row[state.row + place]))
        for place, row in enumerate(shown)
        if row.opened and not row.unchanged and not row.id.startswith("g")
    }
    lane, _ = pair.lanes()
    root_ns = int(pair.a.facts.forest.start_ns[pair.a.facts.forest.root[0]])
    ticks, first, step = lane.ticks(root_ns)
    return page_or_part(
        "compare/page.html",
        "compare/_compare.html",
        state=state,
        head=head_of(pair, state),
        view=view,
        rows=shown,
        details=details,
        ticks=ticks,
        grid=(f"{100 * first:.4f}%", f"{100 * step:.4f}%"),
        per_page=PAGE_ROWS,
        difference_ns=pair.b.facts.response_ns - pair.a.facts.response_ns,
    )


@blueprint.get("/compare.json")
def page_json() -> Response:
    """All causes, and rows from `row` on; `next_row` says where to go on."""
    if means_sets(request.args):
        return cohort_json_response(CohortState.read(request.args))
    state = CompareState.read(request.args)
    a, b = _asked(state.a), _asked(state.b)
    if problems := " ".join(asked.problem for asked in (a, b) if asked.problem):
        raise NotFound(problems)
    if a.trace is None or b.trace is None:
        raise BadSetting("Two traces are needed.", hint="Write /compare.json?a=<trace id>&b=<trace id>.")
    pair = Pair(a.trace, b.trace, _comparisons().open(a.trace, b.trace))
    return Response(
        to_json(comparison_json(pair, state.row), "pretty" in request.args), mimetype="application/json"
    )


def _asked(text: str) -> Asked:
    if not text:
        return Asked("", None, "")
    trace = open_canonical(text)
    if trace is not None:
        return Asked(text, trace, "")
    found = traces_meant(text)
    if len(found) == 1 and (trace := open_canonical(found[0])):
        return Asked(text, trace, "")
    if found:
        return Asked(text, None, f"{len(found)} traces fit the id {text}: write more of its digits.")
    return Asked(text, None, f"The trace {text} is not here (yet).")


def _asked_row(pair: Pair) -> int | None:
    """The row that `at` asks to be shown."""
    row_id = row_id_in(request.args.get("at", "").lower())
    return pair.row_of(row_id) if row_id else None


def _choose(state: CompareState, a: Asked, b: Asked) -> BaseResponse:
    """The page that asks for what is missing; 404 for a trace that is named and not here."""
    given = a.trace or b.trace
    problem = bool(a.problem or b.problem)
    p50 = given is not None and not problem and request.args.get("with") == "p50"
    if given and p50 and (usual := usual_trace(given)):
        return redirect(state.with_other(given.trace_id, usual.trace_id).url())
    offered = offers(given, state) if given and not problem else None
    html = render_template("compare/choose.html", a=a, b=b, given=given, offered=offered, at_p50=p50)
    return Response(html, status=404 if problem else 200)


def _ticked(trace_ids: list[str]) -> BaseResponse:
    """From the results: the shorter one is what the other is measured by."""
    if len(trace_ids) > 2:
        raise BadSetting(
            f"{len(trace_ids)} traces are ticked, and two can be compared.", hint="Go back and tick two."
        )
    traces = [trace for trace_id in trace_ids if (trace := open_canonical(trace_id))]
    traces.sort(key=lambda trace: trace.facts.response_ns)
    ids = [trace.trace_id for trace in traces]
    return redirect(CompareState(a="".join(ids[:1]), b="".join(ids[1:])).url())


def _comparisons() -> ComparisonCache:
    cache: ComparisonCache = current_app.extensions.setdefault("tailrace_comparisons", ComparisonCache())
    return cache
