"""What senders are told: the forms that bodies have, what one is of which nothing can be kept, and warnings of one that was.

Readers speak of files; whoever sends has none.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from webapp.formats import datadog, honeycomb, otlp, sentry, xray, zipkin
from webapp.formats.head import HEAD_BYTES, Head
from webapp.formats.jaeger import thrift_batch
from webapp.formats.notes import Notes
from webapp.formats.otlp import protobuf
from webapp.formats.refusals import what_it_is
from webapp.formats.sniff import head_of
from webapp.model.warnings import CODES, Warning

ONLY_TRACES = "Tailrace keeps traces only; send {signal} elsewhere."
_COMPRESSED = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_OF_BODIES = {
    "bad_record": "A record could not be read and was left out; the rest of what was sent is here.",
    "truncated": "What was sent ends in the middle of a record; everything before it is here.",
    "other_text": "Text between the records was passed over.",
    "no_owner": "An event, link or error names a span that was not sent with it; it was left out.",
    "no_times": "What was sent holds no times: spans are laid out in the order in which they ended, a millisecond apart.",
}


@dataclass(frozen=True, slots=True)
class Form:
    """What the bodies of a receiver are. `home`: where over HTTP, and as what, they are sent to; "" for nowhere."""

    name: str
    looks_like: Callable[[Head], str | None]
    home: str = ""


OTLP_PROTOBUF = Form("OTLP protobuf with spans", protobuf.looks_like, "/v1/traces as application/x-protobuf")
OTLP_JSON = Form("OTLP JSON with spans", otlp.looks_like, "/v1/traces as application/json")
JAEGER = Form(
    "a batch of Jaeger's Thrift",
    lambda head: thrift_batch.looks_like(head.start),
    "/api/traces as application/x-thrift",
)
ZIPKIN = Form("a list of Zipkin's spans", zipkin.looks_like, "/api/v2/spans")
XRAY = Form("documents of X-Ray", xray.looks_like)
DATADOG = Form("traces of a Datadog tracer", datadog.looks_like, "/v0.4/traces")
HONEYCOMB = Form("a batch of Honeycomb's events", honeycomb.looks_like, "/1/batch/DATASET")
SENTRY = Form("a Sentry envelope", sentry.looks_like, "/api/PROJECT/envelope/")
_FORMS = (OTLP_PROTOBUF, OTLP_JSON, JAEGER, ZIPKIN, XRAY, DATADOG, HONEYCOMB, SENTRY)


def why_nothing(form: Form, body: bytes, notes: Notes) -> str:
    """What is wrong with a body that should have that form, and of which nothing was kept."""
    for magic, name in _COMPRESSED:
        if body.startswith(magic):
            return f"The body is compressed with {name}, but Content-Encoding does not say so."
    found = {warning.code: warning.message for warning in notes.warnings}
    for code, message in found.items():
        if message != CODES[code]:  # the reader knows more
            return message
    head = head_of(body[:HEAD_BYTES])
    what = what_it_is(head)
    if what.startswith("OTLP "):
        return ONLY_TRACES.format(signal=what.removeprefix("OTLP "))
    looks = next((each for each in _FORMS if each.looks_like(head)), None)
    if looks and looks is not form and looks.home:
        return f"This looks like {looks.name}, not {form.name}: send it to {looks.home}."
    if notes.is_cut:
        return "The body ends in the middle of a record: nothing of it was kept."
    if "bad_id" in found:
        return "No record has a usable trace id and span id: nothing was kept."
    if looks is form:
        return f"This looks like {form.name}, but no record in it could be read."
    return f"This is not {form.name}: {f'it looks like {what}' if what else 'it is empty'}."


def of_bodies(warnings: Iterable[Warning]) -> list[Warning]:
    """The same in words for what was sent, where those of a file would be wrong."""
    return [
        msgspec.structs.replace(each, message=_OF_BODIES[each.code])
        if each.code in _OF_BODIES and each.message == CODES[each.code]
        else each
        for each in warnings
    ]
