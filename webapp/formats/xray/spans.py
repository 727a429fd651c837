"""The records of one X-Ray trace as spans: which are one, whose process they belong to, what their fields mean."""

from collections.abc import Iterator

from webapp.formats import moments, units
from webapp.formats.notes import Notes
from webapp.formats.value_text import as_text
from webapp.formats.xray import words
from webapp.formats.xray.causes import Causes
from webapp.formats.xray.documents import Record, trace_id_of
from webapp.formats.xray.words import OWN
from webapp.model.spans import NO_RESOURCE, Attributes, Kind, Link, Resource, Span, Status

_FAILURES = ("fault", "error", "throttle")
_CALLS = ("aws", "remote")


def spans(trace: list[Record], notes: Notes) -> Iterator[Span]:
    trace = _latest(trace, notes)
    by_id = {record.span_id: record for record in trace}
    causes = Causes(trace)
    resources: dict[int, Resource] = {}
    for record in trace:
        segment = _segment_of(record, by_id)
        if segment is not None and id(segment) not in resources:
            resources[id(segment)] = _resource(segment)
        resource = NO_RESOURCE if segment is None else resources[id(segment)]
        yield _span(record, resource, causes, notes)


def _latest(trace: list[Record], notes: Notes) -> list[Record]:
    """Without what was sent in progress and again later; two complete records of one id both stay."""
    latest: dict[str, int] = {}
    for place, record in enumerate(trace):
        if _is_open(record) and record.span_id in latest and not _is_open(trace[latest[record.span_id]]):
            continue
        latest[record.span_id] = place
    kept = []
    for place, record in enumerate(trace):
        if _is_open(record) and latest[record.span_id] != place:
            notes.warn("parts_merged", where=record.where, span_id=record.span_id)
        else:
            kept.append(record)
    return kept


def _is_open(record: Record) -> bool:
    return record.fields.get("end_time") is None


def _segment_of(record: Record, by_id: dict[str, Record]) -> Record | None:
    """Up to the segment it is in; subsegments sent alone name only what they are directly in."""
    seen: set[str] = set()
    while not record.is_segment:
        if record.segment is not None:
            return record.segment
        if record.span_id in seen or record.parent_id not in by_id:
            return None
        seen.add(record.span_id)
        record = by_id[record.parent_id]
    return record


def _resource(segment: Record) -> Resource:
    fields, _ = words.shallow(segment.fields)
    attributes: Attributes = {"service.name": _text(fields.get("name")) or units.UNKNOWN_SERVICE}
    platform = words.PLATFORMS.get(_text(fields.get("origin")))
    if "origin" in fields and _text(fields.get("origin")).startswith("AWS::"):
        attributes["cloud.provider"] = "aws"
    if platform:
        attributes["cloud.platform"] = platform
    for path, value in words.members(_without_fields(fields)):
        if words.is_of_process(path):
            attributes.setdefault(words.name_of(path), words.said(path, value))
    for key, value in (words.of_logs(fields) | words.of_metadata(fields)[1]).items():
        attributes.setdefault(key, value)
    return Resource(attributes)


def _without_fields(fields: words.JsonObject) -> words.JsonObject:
    return {key: value for key, value in fields.items() if key not in words.FIELDS}


def _span(record: Record, resource: Resource, causes: Causes, notes: Notes) -> Span:
    fields, too_deep = words.shallow(record.fields)
    if too_deep:
        notes.warn("too_large", where=record.where, span_id=record.span_id)
    start_ns = _time_ns(fields.get("start_time"), notes, record.where)
    end_ns = _time_ns(fields.get("end_time"), notes, record.where)
    cause = causes.of(fields, end_ns or start_ns)
    attributes = _attributes(record, fields) | cause.attributes
    failed = any(_is_true(fields.get(key)) for key in _FAILURES)
    return Span(
        trace_id=record.trace_id,
        span_id=record.span_id,
        parent_span_id=record.parent_id,
        name=_text(fields.get("name")),
        service=_text(resource.attributes.get("service.name")) or units.UNKNOWN_SERVICE,
        start_ns=start_ns,
        end_ns=end_ns,
        kind=int(_kind(record, fields)),
        status=int(Status.ERROR if failed else Status.UNSET),
        status_message=cause.message if failed else "",
        attributes=attributes,
        events=cause.events,
        links=_links(fields, notes, record.where),
        resource=resource,
        written_trace_id=units.written_form(record.written_trace, record.trace_id),
        written_span_id=units.written_form(fields.get("id"), record.span_id),
    )


def _kind(record: Record, fields: words.JsonObject) -> Kind:
    if record.is_segment:
        return Kind.SERVER
    return Kind.CLIENT if fields.get("namespace") in _CALLS or "sql" in fields else Kind.INTERNAL


def _attributes(record: Record, fields: words.JsonObject) -> Attributes:
    found: Attributes = {}
    for path, value in words.members(_without_fields(fields)):
        if not (record.is_segment and words.is_of_process(path)):
            found.setdefault(words.name_of(path), words.said(path, value))
    for key in (*_FAILURES, "in_progress", "inferred"):
        if _is_true(fields.get(key)):
            found[OWN + key] = True
    for key, value in words.of_database(fields).items():
        found.setdefault(key, value)
    if not record.is_segment and fields.get("namespace") in _CALLS:
        found.setdefault("service.peer.name", _text(fields.get("name")))
        if "rpc.method" in found:
            found |= {"rpc.system": "aws-api", "rpc.service": _text(fields.get("name"))}
    for key, value in words.of_annotations(fields):
        found[f"{OWN}annotation.{key}" if key in found else key] = value
    for key, value in words.of_metadata(fields)[0].items():
        found[f"{OWN}metadata.default.{key}" if key in found else key] = value
    return found


def _links(fields: words.JsonObject, notes: Notes, where: str) -> list[Link]:
    found = []
    written = fields.get("links")
    for one in written if isinstance(written, list) else ():
        link = one if isinstance(one, dict) else {}
        trace_id, span_id = trace_id_of(link.get("trace_id")), units.read_id(link.get("id"), 16)
        if not trace_id:
            notes.warn("bad_attribute", where=where)
            continue
        attributes = link.get("attributes")
        found.append(
            Link(trace_id, span_id.hex if span_id else "", attributes if isinstance(attributes, dict) else {})
        )
    return found


def _time_ns(written: object, notes: Notes, where: str) -> int:
    """Seconds with a fraction. A double of today resolves a quarter of a microsecond: what is below is noise."""
    if written is None:
        return 0
    unit = units.unit_by_size(written)
    if unit != "s":
        notes.warn("time_unit", f"Times were taken for {unit} because of their size.", where=where)
    time_ns = units.time_ns(written, unit)
    if time_ns is None:
        return moments.checked(None, notes, where)
    return moments.checked((time_ns + 500) // 1_000 * 1_000, notes, where)


def _is_true(value: object) -> bool:
    return value is True or value in ("true", 1)


def _text(value: object) -> str:
    return as_text(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
