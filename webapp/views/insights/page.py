"""`/insights`: what stands out over all traces, most time lost first; how far the search for it is, and its thresholds."""

from dataclasses import asdict, dataclass

from flask import Blueprint, Response, current_app, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import TooSlow
from webapp.loading.findings import Looker
from webapp.loading.quality import BREAKING
from webapp.model.insights import BrokenContext, LateService, Progress
from webapp.query import Window
from webapp.store.insights.insights import Insights
from webapp.views.arrivals import now_ns
from webapp.views.fragments import page_or_part
from webapp.views.insights.changes import ChangeLines, changes_json, changes_of
from webapp.views.insights.rows import TREND, Row, rows_of, threshold_lines
from webapp.views.insights.sentences import LABELS
from webapp.views.insights.state import InsightsState
from webapp.views.patience import patient
from webapp.views.present import store, thresholds
from webapp.views.state import SearchState
from webapp.working import step

blueprint = Blueprint("insights", __name__)
SECTIONS = {
    "lost": (
        "Where time is lost",
        "how much sooner responses, and the last of their messages, could end in all",
    ),
    "failing": ("What fails", "by how many traces"),
    "seen": ("Also seen", "nobody waited for it, as far as the traces show"),
}
_WAIT_SECONDS = 0.5  # for the search to end, before the page says how far it is
_SHOWN = 12  # of a section; the rest is folded
_LEAST_CHILDREN, _LATE_SHARE = 50, 0.20


def looker() -> Looker:
    """Made when first asked for, so that who never asks pays nothing."""
    found: Looker | None = current_app.config.get("looker")
    if found is None:
        found = current_app.config["looker"] = Looker(store(), thresholds())
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    state: InsightsState
    window: Window
    problems: list[str]
    progress: Progress
    insights: Insights
    rows: list[Row]
    late: list[LateService]
    span: tuple[int, int]
    changes: ChangeLines | None
    broken: list[BrokenContext] | None  # None: too many spans to look


def answer(wait_seconds: float = _WAIT_SECONDS) -> Answer:
    state = InsightsState.read(request.args)
    progress = looker().wake(wait_seconds)
    first_ns, newest_ns = store().bounds()
    window, problem = SearchState(from_=state.from_, to=state.to).window(now_ns())
    asked = state.asked(window)
    span = _span(window, first_ns, newest_ns)
    step("Adding up findings", 1, 3)
    insights = store().findings.insights(asked, span)
    complete = 0 < progress.traces == progress.looked
    late = store().findings.late_services(asked, _LEAST_CHILDREN) if not state.kind else []
    step("Looking for broken traces", 2, 3)
    broken = _broken(state, span) if not state.kind else []
    step("Looking for what is new", 3, 3)
    return Answer(
        state=state,
        window=window,
        problems=[*filter(None, [problem]), *state.amounts()[1]],
        progress=progress,
        insights=insights,
        rows=rows_of(insights.listed, state, thresholds(), store().service_slots(), span),
        late=[each for each in late if each.share > _LATE_SHARE],
        span=span,
        broken=broken,
        changes=changes_of(state, span) if complete and not state.kind else None,
    )


def _broken(state: InsightsState, span: tuple[int, int]) -> list[BrokenContext] | None:
    try:
        found = store().findings.broken_context(BREAKING, span)
    except TooSlow:
        return None
    return [each for each in found if state.service in ("", each.caller, each.service)]


def _span(window: Window, first_ns: int, newest_ns: int) -> tuple[int, int]:
    begin = first_ns if window.from_ns is None else max(first_ns, window.from_ns)
    end = newest_ns if window.to_ns is None else min(newest_ns, window.to_ns - 1)
    return begin, max(begin, end)


@blueprint.get("/insights")
@patient
def page() -> Response:
    found = answer()
    sections = [
        (name, *words, [row for row in found.rows if row.section == name]) for name, words in SECTIONS.items()
    ]
    return page_or_part(
        "insights/page.html",
        "insights/_insights.html",
        found=found,
        state=found.state,
        progress=found.progress,
        looker=looker(),
        changes=found.changes,
        sections=[section for section in sections if section[3]],
        labels=LABELS,
        looked_for=[LABELS[code] for code in thresholds()],
        thresholds=threshold_lines(found.state, thresholds()),
        shown=_SHOWN,
        trend=TREND,
        chosen=_chosen(found),
    )


def _chosen(found: Answer) -> str:
    """What `kind` is called; "" if nothing is chosen."""
    kind = found.state.kind
    if kind in LABELS:
        return LABELS[kind]
    row = next((row for row in found.rows if row.of.kind.fingerprint == kind), None)
    return row.sentence.text if row else kind


@blueprint.post("/insights/stop")
def stop() -> BaseResponse:
    looker().stop()
    return redirect(_back())


@blueprint.post("/insights/start")
def start() -> BaseResponse:
    looker().start()
    return redirect(_back())


def _back() -> str:
    return InsightsState.read(request.args).url()


@blueprint.get("/insights.json")
def page_json() -> Response:
    """`wait`: seconds to wait for the search to end, up to a minute."""
    wait = request.args.get("wait", "")
    found = answer(min(60.0, float(wait)) if wait.isdecimal() and len(wait) < 4 else _WAIT_SECONDS)
    return jsonify(
        {
            "looked": found.progress.looked,
            "traces": found.progress.traces,
            "unread_calls": found.progress.unread,
            "working": looker().working,
            "problems": found.problems,
            "thresholds": {
                code: {"count": least.count, "time_ns": least.ns, "share": least.share}
                for code, least in thresholds().items()
            },
            "findings": [_json(row) for row in found.rows],
            "more": found.insights.more,
            "by_kind": found.insights.by_code,
            "by_service": found.insights.by_service,
            "changes": changes_json(found.changes),
            "broken_context": None if found.broken is None else [asdict(each) for each in found.broken],
            "late_services": [
                {"service": each.service, "children": each.children, "late": each.late} for each in found.late
            ],
        }
    )


def _json(row: Row) -> dict[str, object]:
    of = row.of
    return {
        "code": of.kind.code,
        "fingerprint": of.kind.fingerprint,
        "service": of.kind.service,
        "name": of.kind.name,
        "subject": of.kind.subject,
        "severity": of.severity,
        "sentence": row.sentence.text,
        "traces": of.traces,
        "weight": of.weight,
        "times": of.times,
        "lost_ns": of.lost_ns,
        "count": of.count,
        "most": of.most,
        "time_ns": of.time_ns,
        "gain_ns": of.gain_ns,
        "first_ns": of.first_ns,
        "last_ns": of.last_ns,
        "trend": of.trend,
        "largest": asdict(of.largest),
        "middle": asdict(of.middle),
        "query": SearchState(q=f"trace.finding={of.kind.fingerprint}").q,
    }
