"""`/source?id=N`: one source with all that was said of it; to read its file as something else, and to remove it."""

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as BaseResponse

from webapp import formats
from webapp.errors import BadSetting, NotFound
from webapp.formats.tables.mapping import Mapping, choices, field_names
from webapp.query import write_term
from webapp.views.fragments import page_or_part
from webapp.views.present import store
from webapp.views.sources import listing
from webapp.views.sources.page import row_json
from webapp.views.sources.quality import asked_seconds, quality_json
from webapp.views.sources.sending import started, uploads
from webapp.views.state import SearchState

blueprint = Blueprint("source", __name__)


@blueprint.get("/source")
def page() -> Response:
    row = _row(request.args.get("id", ""))
    can_read_again = row.report.path in uploads().kept and not row.source.is_receiver
    return page_or_part(
        "sources/source.html",
        "sources/_source.html",
        row=row,
        report=row.report,
        remarks=row.remarks,
        repairs=[(repair, _traces_with(str(repair["code"]), row)) for repair in listing.repairs(row.report)],
        formats=formats.names(),
        fields=field_names(),
        choices=choices(),
        can_read_again=can_read_again,
        columns=uploads().columns(row.source) if can_read_again else None,
    )


def _traces_with(code: str, row: listing.Row) -> str:
    return SearchState(q=f"{row.query} {write_term('trace.warning', '=', code)}").url()


@blueprint.get("/source.json")
def page_json() -> Response:
    row = _row(request.args.get("id", ""))
    return jsonify(**row_json(row), quality=quality_json(row.source.source_id, asked_seconds(0.0)))


@blueprint.post("/source/again")
def again() -> BaseResponse:
    """Read its file as the format that was chosen, or as recognised, with what was said of its columns."""
    source = _row(request.form.get("id", "")).source
    if source.report.path not in uploads().kept:
        raise NotFound(
            "The file is not here any more.", where=source.report.path, hint="Open it again at /sources."
        )
    chosen = request.form.get("format", "")
    if chosen and chosen not in formats.names():
        raise BadSetting(f"There is no format {chosen!r}.", hint=f"Formats are {', '.join(formats.names())}.")
    return started(uploads().again(source, chosen, Mapping.parse(_named_columns())))


def _named_columns() -> list[str]:
    """`COLUMN=FIELD` of what was chosen beside each column, or written line by line."""
    columns, fields = request.form.getlist("column"), request.form.getlist("field")
    chosen = [f"{column}={field}" for column, field in zip(columns, fields, strict=False) if field]
    return chosen + request.form.get("map", "").replace("\r", "").replace("\n", ",").split(",")


@blueprint.post("/source/remove")
def remove() -> BaseResponse:
    return started(uploads().remove(_row(request.form.get("id", "")).source))


def _row(written: str) -> listing.Row:
    sources = store().listing.all()
    source = next((source for source in sources if str(source.source_id) == written), None)
    if source is None:
        raise NotFound("There is no such source.", hint="They are listed at /sources.")
    times = store().listing.times([source.source_id])
    [row] = listing.rows([source], listing.queries(sources), times)
    return row
