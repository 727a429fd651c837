"""`/sources/quality`: the data-quality report of all sources, or of one, as a part of their pages and on its own."""

from dataclasses import dataclass

from flask import Blueprint, Response, current_app, jsonify, request

from webapp.errors import NotFound
from webapp.loading.quality import Examined, Examiner
from webapp.model.quality import CODES, Line, Place, Report
from webapp.model.sources import Source
from webapp.views.fragments import page_or_part
from webapp.views.present import slot, store
from webapp.views.sources import quality_words as words
from webapp.views.sources.state import SourcesState
from webapp.views.state import SearchState

blueprint = Blueprint("quality", __name__)
ADDRESS = "/sources/quality"
_WAIT_SECONDS = 0.7  # for the report, before the page says how far it is
_NO_SERVICES = ("clock_skew", "skew_too_large", "many_spans")  # lines whose places are others
_SHOWN, _PLACES = 15, 6  # lines of a group, places of a line; the rest is folded


@dataclass(frozen=True, slots=True)
class PlaceRow:
    of: Place
    url: str
    slot: int | None  # of a service


@dataclass(frozen=True, slots=True)
class Row:
    of: Line
    label: str
    counted: str
    url: str
    traces_url: str
    told: str
    sentence: str
    share: str
    fix: str
    places: list[PlaceRow]
    more_places: list[PlaceRow]


def examiner() -> Examiner:
    """Made when first asked for, so that who never asks pays nothing."""
    found: Examiner | None = current_app.config.get("examiner")
    if found is None:
        found = current_app.config["examiner"] = Examiner(store())
    return found


@blueprint.get(ADDRESS)
def page() -> Response:
    source = _source()
    source_id = source.source_id if source else 0
    found = examiner().examined(source_id, _WAIT_SECONDS)
    report = found.report
    rows = [_row(line) for line in report.lines] if report else []
    groups = [
        (name, *said, [row for row in rows if row.of.group == name]) for name, said in words.GROUPS.items()
    ]
    came_since = store().span_total() - report.stored if report else 0
    groups = sorted((group for group in groups if group[3]), key=lambda group: rows.index(group[3][0]))
    return page_or_part(
        "sources/quality.html",
        "sources/_quality.html",
        found=found,
        report=report,
        # the first spans have come and are not looked at yet: it does not say that there are none
        working=not found.idle.is_set() or bool(came_since and report and not report.stored),
        address=address(source_id),
        source=source,
        groups=groups,
        rows=rows,
        severities=words.SEVERITIES,
        steps=words.STEPS,
        came_since=came_since,
        place_words=words.PLACES,
        shown=_SHOWN,
        clean=[words.WORDS[code].label for code in _clean(report)],
    )


def address(source_id: int) -> str:
    return f"{ADDRESS}?source={source_id}" if source_id else ADDRESS


@blueprint.get(f"{ADDRESS}.json")
def page_json() -> Response:
    source = _source()
    return jsonify(quality_json(source.source_id if source else 0, asked_seconds(_WAIT_SECONDS)))


def asked_seconds(otherwise: float) -> float:
    """How long to wait for a report, as `wait` in the address says: up to a minute."""
    wait = request.args.get("wait", "")
    return min(60.0, float(wait)) if wait.isdecimal() and len(wait) < 4 else otherwise


def quality_json(source_id: int, wait_seconds: float) -> dict[str, object]:
    """Of one source, or of all (0). `report` is None until there is one; it is begun only by who waits for it."""
    asked = examiner()
    found = asked.examined(source_id, wait_seconds) if wait_seconds else asked.known(source_id)
    return {
        "working": not found.idle.is_set(),
        "looking_at": found.looking_at,
        "failed": found.failed,
        "report": _report_json(found) if found.report else None,
    }


def _source() -> Source | None:
    """The one that the address names; None for all."""
    text = request.args.get("source", "")
    if not text:
        return None
    named = (source for source in store().listing.all() if str(source.source_id) == text)
    found = next(named, None)
    if found is None:
        raise NotFound("There is no such source.", where=f"source={text}", hint="All are listed at /sources.")
    return found


def _clean(report: Report | None) -> list[str]:
    """Codes of which nothing was found."""
    found = {line.code for line in report.lines} if report else set()
    return [code for code in CODES if code not in found]


def _row(line: Line) -> Row:
    places = [_place(line, place) for place in line.places]
    return Row(
        of=line,
        label=words.WORDS[line.code].label,
        counted=words.counted(line),
        url=_url(line),
        traces_url=SearchState(q=line.query).url() if line.unit == "spans" else "",
        told=words.told(line),
        sentence=words.sentence(line),
        share=words.share_of(line),
        fix=words.fix(line),
        places=places[:_PLACES],
        more_places=places[_PLACES:],
    )


def _url(line: Line) -> str:
    """Where what it counts is listed."""
    if line.query:
        return SearchState(q=line.query, show="spans" if line.unit == "spans" else "").url()
    return _source_url(line.places[0]) if len(line.places) == 1 else SourcesState(show="remarks").url()


def _source_url(place: Place) -> str:
    return f"/source?id={place.source_id}"


def _place(line: Line, place: Place) -> PlaceRow:
    if place.source_id:
        return PlaceRow(place, _source_url(place), None)
    spans = line.unit == "spans" or line.code == "many_spans"
    url = SearchState(q=place.query, show="spans" if spans else "").url()
    return PlaceRow(place, url, None if line.code in _NO_SERVICES else slot(place.name))


def _report_json(found: Examined) -> dict[str, object]:
    report = found.report
    assert report is not None  # noqa: S101  asked by quality_json
    return {
        "source": report.source_id or None,
        "spans": report.spans,
        "traces": report.traces,
        "looked": report.looked,
        "current": report.version == store().quality.version,
        "lines": [_line_json(line) for line in report.lines],
        "clean": _clean(report),
    }


def _line_json(line: Line) -> dict[str, object]:
    return {
        "code": line.code,
        "group": line.group,
        "severity": line.severity,
        "sentence": words.sentence(line),
        "fix": words.fix(line),
        "count": line.count,
        "exact": line.exact,
        "unit": line.unit,
        "total": line.total,
        "share": line.share,
        "traces": line.count if line.unit == "traces" else line.traces or None,
        "query": line.query or None,
        "key": line.subject or None,
        "facts": dict(line.facts),
        "places": [
            {
                "name": place.name,
                "count": place.count,
                "query": place.query or None,
                "source": place.source_id or None,
                **place.facts,
            }
            for place in line.places
        ],
    }
