"""Spans as files of other programs, and what every download says of itself. Pictures and pages have rooms of their own."""

import io
import json
from collections.abc import Callable, Mapping

from flask import Response

from webapp.errors import BadSetting
from webapp.formats import chrome, jaeger, otlp, zipkin
from webapp.formats.digest import MEMBER, stamp
from webapp.formats.parquet import write_parquet
from webapp.formats.tables import own
from webapp.model.spans import Span
from webapp.views.takeaway.trace import taken, taken_spans
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.json import trace_json
from webapp.views.trace.values import to_json

Writer = Callable[[list[Span], Mapping[str, int]], bytes]
_ROWS = 10_000
_LONGEST_HEADER = 2_000  # characters


def _otlp(spans: list[Span], removed: Mapping[str, int]) -> bytes:
    return otlp.write(spans, {MEMBER: stamp(spans, removed)})


def _parquet(spans: list[Span], removed: Mapping[str, int]) -> bytes:  # noqa: ARG001  told in the header
    out = io.BytesIO()
    write_parquet((spans[at : at + _ROWS] for at in range(0, len(spans), _ROWS)), out)
    return out.getvalue()


# the name in `?as=` -> what writes it
JSON_WRITERS: dict[str, Writer] = {
    "otlp": _otlp,
    "jaeger": lambda spans, _: jaeger.write(spans),
    "zipkin": lambda spans, _: zipkin.write(spans),
    "chrome": lambda spans, _: chrome.write(spans),
}
# the end of the address -> what writes it, and what it is
TABLE_WRITERS: dict[str, tuple[Writer, str]] = {
    "csv": (lambda spans, _: own.write(spans), "text/csv"),
    "parquet": (_parquet, "application/vnd.apache.parquet"),
}


def json_file(trace: OpenTrace, name: str) -> Response:
    """Raises BadSetting for a format that is not written here."""
    if not name:  # the analysis, redacted: without that, the page's twin answers
        with taken(trace) as found:
            body = trace_json(found.trace, found.store) | {"redacted": dict(found.removed)}
        return download(to_json(body), trace.trace_id, ".json", "application/json", found.removed)
    if name not in JSON_WRITERS:
        hint = f"Use {', '.join(JSON_WRITERS)}."
        raise BadSetting(f"“{name}” is no format to export.", where="as", hint=hint)
    spans, removed = taken_spans(trace)
    body_bytes = JSON_WRITERS[name](spans, removed)
    return download(body_bytes, trace.trace_id, f"-{name}.json", "application/json", removed)


def table_file(trace: OpenTrace, name: str) -> Response:
    write, mimetype = TABLE_WRITERS[name]
    spans, removed = taken_spans(trace)
    return download(write(spans, removed), trace.trace_id, f".{name}", mimetype, removed)


def download(
    body: bytes, trace_id: str, ending: str, mimetype: str, removed: Mapping[str, int], *, shown: bool = False
) -> Response:
    """`shown`: browsers may show it; else they save it."""
    response = Response(body, mimetype=mimetype)
    how = "inline" if shown else "attachment"
    redacted = "-redacted" if removed else ""
    response.headers["Content-Disposition"] = f'{how}; filename="trace-{trace_id}{redacted}{ending}"'
    if removed:
        response.headers["X-Redacted"] = _header(removed)
    return response


def _header(removed: Mapping[str, int]) -> str:
    """JSON in ASCII, the most removed first; "…" counts what would make it too long."""
    told, length, rest = {}, 0, 0
    for key, number in removed.items():
        length += len(json.dumps(key)) + 12
        if length > _LONGEST_HEADER:
            rest += number
        else:
            told[key] = number
    return json.dumps(told | ({"…": rest} if rest else {}))
