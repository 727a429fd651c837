"""One document as Elasticsearch keeps it for Elastic APM, as facts. Which names mean what is in `names.py`."""

from collections.abc import Iterator
from typing import Any

from webapp.formats.elastic.facts import Failure, Work
from webapp.formats.elastic.names import (
    PROCESS_NAMES,
    process_attributes,
    span_attributes,
    taken,
    taken_text,
)
from webapp.formats.elastic.stacks import exception_attributes
from webapp.formats.units import whole_number
from webapp.formats.wrapped import unwrapped
from webapp.model.spans import Attributes, Value

_OF_PROCESS = ("service.", "agent.", "host.", "process.", "container.", "kubernetes.", "cloud.", "os.")


def in_documents(value: object) -> Iterator[dict[str, Any]]:
    """The sources in a search result, an export or lines of either; or the documents themselves."""
    return map(_of_fields, unwrapped(value, _source_or_hits))


def _source_or_hits(one: dict[str, Any]) -> object:
    inner = one.get("_source") or one.get("hits") or (one.get("fields") if "_index" in one else None)
    return inner if isinstance(inner, (dict, list)) else None


def _of_fields(one: dict[str, Any]) -> dict[str, Any]:
    """What a search answers as `fields` has each value in a list."""
    if not isinstance(one.get("@timestamp"), list):
        return one
    return {
        key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in one.items()
    }


def is_document(told: Attributes) -> bool:
    """`told` has dotted names."""
    if told.get("processor.event") in ("transaction", "span", "error"):
        return True
    return "trace.id" in told and ("transaction.duration.us" in told or "span.duration.us" in told)


def facts_of_document(told: Attributes, where: str) -> Work | Failure | None:
    """`told` is used up; None for an error that belongs to no trace."""
    event = taken(told, "processor.event")
    told.pop("processor.name", None)
    trace_id = taken_text(told, "trace.id")
    is_span = event == "span" or (event is None and "span.duration.us" in told)
    if event == "error":
        return _failure(told, trace_id, where) if trace_id else None
    own = "span" if is_span else "transaction"
    ids = [taken(told, key) for key in (f"{own}.id", "parent.id", "transaction.id")]
    words = [taken_text(told, f"{own}.{key}") for key in ("name", "type", "subtype", "action")]
    process = {key: told.pop(key) for key in [*told] if key.startswith(_OF_PROCESS) or key in PROCESS_NAMES}
    return Work(
        trace_id=trace_id,
        id=ids[0],
        parent_id=ids[1],
        transaction_id=ids[2],
        is_transaction=not is_span,
        name=words[0],
        type=words[1],
        subtype=words[2],
        action=words[3],
        time=_time(told),
        offset_ms=None,
        duration_ms=_milliseconds(taken(told, f"{own}.duration.us")),
        kind=taken(told, f"{own}.kind", "span.kind"),
        outcome=str(told.get("event.outcome") or ""),
        links=taken(told, "span.links"),
        attributes=span_attributes(told),
        process=process_attributes(process),
        weight=_weight(taken(told, f"{own}.representative_count")),
        where=where,
    )


def _failure(told: Attributes, trace_id: str, where: str) -> Failure:
    attributes = exception_attributes(told.get("error.exception"))
    for key in ("error.culprit", "error.id", "error.log.message"):
        if key in told:
            attributes[key.replace("error.log", "log")] = told[key]
    if "log.message" in attributes:
        attributes.setdefault("exception.message", attributes["log.message"])
    return Failure(
        trace_id, told.get("parent.id"), told.get("transaction.id"), _time(told), attributes, where
    )


def _time(told: Attributes) -> Value:
    """Elasticsearch's own holds only milliseconds."""
    exact, rough = taken(told, "timestamp.us"), taken(told, "@timestamp")
    return rough if exact is None else exact


def _milliseconds(microseconds: Value) -> Value:
    number = whole_number(microseconds)
    return None if number is None else number / 1_000


def _weight(count: Value) -> float:
    return float(count) if isinstance(count, (int, float)) and count > 0 else 1.0
