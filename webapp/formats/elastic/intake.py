"""One event as Elastic's agents send it, as facts. Which names mean what is in `names.py`."""

from typing import Any

from webapp.formats.elastic.facts import Failure, Work
from webapp.formats.elastic.names import (
    below,
    process_attributes,
    span_attributes,
    taken,
    taken_text,
)
from webapp.formats.elastic.stacks import exception_attributes, frames_text
from webapp.model.spans import Attributes, Value

KINDS = ("transaction", "span", "error")
_OTHERS = ("metadata", "metricset", "log")
_TELLING = {
    "metadata": {"service", "process", "system"},
    "transaction": {"id", "trace_id"},
    "span": {"id", "trace_id"},
    "error": {"exception", "log"},
    "metricset": {"samples"},
    "log": {"message"},
}


def is_event(one: dict[str, Any]) -> bool:
    """One member, named after its kind."""
    if len(one) != 1:
        return False
    [(kind, told)] = one.items()
    return kind in (*KINDS, *_OTHERS) and isinstance(told, dict) and bool(told.keys() & _TELLING[kind])


def facts_of_event(kind: str, told: Attributes, process: Attributes, where: str) -> Work | Failure:
    """`told` has dotted names and is used up; `process` is what the metadata before it said."""
    return _failure(told, where) if kind == "error" else _work(kind, told, process, where)


def _work(kind: str, told: Attributes, process: Attributes, where: str) -> Work:
    context = below(told, "context.")
    own_service = {f"service.{key}": value for key, value in below(context, "service.").items()}
    target = {key: own_service.pop(key) for key in [*own_service] if key.startswith("service.target.")}
    stack = frames_text(taken(told, "stacktrace"))
    otel = {**below(told, "otel.attributes."), **({"code.stacktrace": stack} if stack else {})}
    ids = [taken(told, key) for key in ("trace_id", "id", "parent_id", "transaction_id")]
    words = [taken_text(told, key) for key in ("name", "type", "subtype", "action")]
    times = [taken(told, key) for key in ("timestamp", "start", "duration")]
    told.pop("parent", None)  # a number of old agents
    return Work(
        trace_id=_id_text(ids[0]),
        id=ids[1],
        parent_id=ids[2],
        transaction_id=ids[3],
        is_transaction=kind == "transaction",
        name=words[0],
        type=words[1],
        subtype=words[2],
        action=words[3],
        time=times[0],
        offset_ms=times[1],
        duration_ms=times[2],
        kind=taken(told, "otel.span_kind"),
        outcome=_outcome(told),
        links=taken(told, "links"),
        attributes=otel | span_attributes(context | target | told),
        process=process_attributes(process | own_service),
        weight=_weight(told.get("sample_rate")),
        where=where,
    )


def _failure(told: Attributes, where: str) -> Failure:
    exception = below(told, "exception.")
    log = {f"log.{key}": value for key, value in below(told, "log.").items()}
    attributes = exception_attributes(exception) if exception else {}
    if "log.message" in log:
        attributes.setdefault("exception.message", log["log.message"])
    log_frames = frames_text(taken(log, "log.stacktrace"))
    if log_frames:
        attributes.setdefault("exception.stacktrace", log_frames)
    if "culprit" in told:
        attributes["error.culprit"] = told["culprit"]
    if "id" in told:
        attributes["error.id"] = told["id"]
    return Failure(
        trace_id=_id_text(told.get("trace_id")),
        parent_id=told.get("parent_id"),
        transaction_id=told.get("transaction_id"),
        time=told.get("timestamp"),
        attributes=attributes | log,
        where=where,
    )


def _id_text(value: Value) -> str:
    return str(value) if isinstance(value, (str, int)) else ""


def _outcome(told: Attributes) -> str:
    """Agents before 7.9 say it only by the result."""
    outcome = told.get("outcome")
    if isinstance(outcome, str):
        told["event.outcome"] = told.pop("outcome")
        return outcome
    result = str(told.get("result", ""))
    return "failure" if result == "failure" or result.upper().startswith("HTTP 5") else ""


def _weight(rate: Value) -> float:
    """A sampled transaction stands for those that were not sent."""
    return 1 / rate if isinstance(rate, (int, float)) and 0 < rate <= 1 else 1.0
