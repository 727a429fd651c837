"""Spans of Google Cloud Trace as rows: its two API versions name things in ways that no synonym covers. No units, no ids."""

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_PROJECT = "cloud.account.id"
_NAME = re.compile(r"projects/([^/]+)/traces/([0-9a-fA-F]{32})/spans/([0-9a-fA-F]{16})")


def is_span(row: Json) -> bool:
    """Of a row as `spans_of` makes it."""
    return _PROJECT in row and "spanId" in row


def spans_of(value: Json) -> Iterator[Json]:
    """Of a trace of version 1 its spans, which have decimal ids; of a span of version 2 the row it is; else `value`."""
    if (
        "projectId" in value
        and isinstance(value.get("traceId"), str)
        and isinstance(value.get("spans"), list)
    ):
        for span in value["spans"]:
            if isinstance(span, dict):
                yield {**_first_version(span), "traceId": value["traceId"], _PROJECT: value["projectId"]}
        return
    name = value.get("name")
    if isinstance(name, str) and (found := _NAME.fullmatch(name)):
        yield _second_version(value, found)
    else:
        yield value


def _first_version(span: Json) -> Json:
    ids: Json = {key: _number(span[key]) for key in ("spanId", "parentSpanId") if key in span}
    return {**span, **ids}


def _number(written: object) -> object:
    return (
        int(written) if isinstance(written, str) and len(written) <= 20 and written.isdecimal() else written
    )


def _second_version(span: Json, name: re.Match[str]) -> Json:
    events = span.get("timeEvents")
    links = span.get("links")
    status = span.get("status")
    replaced = ("name", "displayName", "timeEvents", "links", "status")
    shown: Json = {
        **{key: value for key, value in span.items() if key not in replaced},
        _PROJECT: name[1],
        "trace_id": name[2],
        "spanId": span.get("spanId") or name[3],
        "spanName": span.get("displayName"),
    }
    if isinstance(status, dict):
        shown["error"] = bool(status.get("code"))  # of gRPC: 0 is well
        shown["statusMessage"] = status.get("message")
    if isinstance(events, dict):
        shown["events"] = [_event(one) for one in events.get("timeEvent") or [] if isinstance(one, dict)]
    if isinstance(links, dict):
        shown["links"] = links.get("link")
    return shown


def _event(one: Json) -> Json:
    note = one.get("annotation")
    about: Json = note if isinstance(note, dict) else {}
    return {"time": one.get("time"), "name": about.get("description"), "attributes": about.get("attributes")}
