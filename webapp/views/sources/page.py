"""`/sources`: what was loaded and received, as what, and how good it is; files can be opened here, and receivers found."""

import re
import time

from flask import Blueprint, Response, jsonify, request
from markupsafe import Markup, escape

from webapp.model.display import plural
from webapp.model.sources import Source
from webapp.query import Window, parse
from webapp.views.arrivals import live
from webapp.views.fragments import page_or_part, wants_part
from webapp.views.present import store
from webapp.views.sources import listing
from webapp.views.sources.kept import kept_json, losses, rules, watched, watched_json
from webapp.views.sources.quality import asked_seconds, quality_json
from webapp.views.sources.sending import load_json, uploads
from webapp.views.sources.state import COLUMNS, PER_PAGE, SHOWS, SourcesState

blueprint = Blueprint("sources", __name__)
_MARKED = re.compile(r"`([^`]+)`")


@blueprint.app_template_filter("marked")
def marked(text: str) -> Markup:
    """Words of a reader with what stands in a file, between backticks, as code."""
    return Markup(_MARKED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  escaped before


@blueprint.get("/sources")
def page() -> Response:
    state = SourcesState.read(request.args)
    sources = store().listing.all()
    rows, total = _rows(sources, state)
    return page_or_part(
        "sources/page.html",
        "sources/_sources.html",
        state=state,
        rows=rows,
        total=total,
        all_sources=len(sources),
        columns=COLUMNS,
        shows=SHOWS,
        per_page=PER_PAGE,
        formats=listing.by_format(sources),
        sentence=listing.sentence(sources, _traces(), store().span_total()) if sources else "",
        loads=_loads(state),
        receivers=live().receivers(),
        clock_ns=time.time_ns(),
        oob=wants_part(),
        kept_rules=rules(),
        watched=watched(),
        losses=losses(),
    )


@blueprint.get("/sources/receivers")
def receivers() -> Response:
    """What came and when: asked again and again by the page that shows it."""
    return page_or_part(
        "sources/received.html",
        "sources/_received.html",
        receivers=live().receivers(),
        clock_ns=time.time_ns(),
    )


def _rows(sources: list[Source], state: SourcesState) -> tuple[list[listing.Row], int]:
    """Those of the page, and how many there are."""
    found = listing.chosen(sources, state)
    by_time = state.sort == "first"
    times = store().listing.times([source.source_id for source in found]) if by_time else {}
    first = (state.page - 1) * PER_PAGE
    shown = listing.ordered(found, state, times)[first : first + PER_PAGE]
    times = times or store().listing.times([source.source_id for source in shown])
    return listing.rows(shown, listing.queries(sources), times), len(found)


def _traces() -> str:
    total, exact = store().total(parse(""), Window())
    return plural(total, "trace") if exact else f"more than {plural(total, 'trace')}"


def _loads(state: SourcesState) -> list[object]:
    """Those under way, and from the one that the address names on."""
    return [load for load in uploads().loads if not load.is_over or 0 < state.load <= load.number]


@blueprint.get("/sources.json")
def page_json() -> Response:
    """All that are chosen, not only a page of them."""
    state = SourcesState.read(request.args)
    sources = store().listing.all()
    found = listing.chosen(sources, state)
    times = store().listing.times([source.source_id for source in found])
    shown = listing.ordered(found, state, times)
    return jsonify(
        sources=[row_json(row) for row in listing.rows(shown, listing.queries(sources), times)],
        receivers=live().receivers(),
        loads=[load_json(load) for load in uploads().loads],
        quality=quality_json(0, asked_seconds(0.0)),
        retention=kept_json(),
        watching=watched_json(),
    )


def row_json(row: listing.Row) -> dict[str, object]:
    report = row.report
    return {
        "id": row.source.source_id,
        "path": report.path,
        "format": report.format,
        "reason": report.reason,
        "is_receiver": row.source.is_receiver,
        "traces": report.traces,
        "spans": report.spans,
        "first_ns": row.times.first_ns,
        "last_ns": row.times.last_ns,
        "rejected": report.rejected,
        "duplicates": report.duplicates,
        "warnings": report.warnings,
        "query": row.query,
    }
