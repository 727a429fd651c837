"""Spans whose every text tries to be something else: markup, a script, a formula, a link, a mention, another direction."""

from tests.views.traces import ID, span
from webapp.model.spans import Event, Kind, Link, Resource, Scope, Span, Status

TEXTS = (
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<!--<script>",
    "\"'&<>]]>",
    "[x](javascript:alert(1)) ![y](https://evil.example/y.png)",
    "`` `tick` ``",
    "@channel https://evil.example/ www.evil.example **bold** | cell",
    '=HYPERLINK("https://evil.example")',
    "line\u2028separator\u2029\u202eesrever\u0007\x00",
    "a\r\nb\n# heading\n- list",
)
SECRET = "ann.secret@example.org"  # noqa: S105  no password


def hostile_spans() -> list[Span]:
    """A failing chain, a span for each of `TEXTS`."""
    return [
        span(
            number, number - 1, number, 1000 - number, name=text, service=f"s {text}", kind=Kind.SERVER,
            status=Status.ERROR, status_message=text, attributes={text: text, "url.full": text, "nested": [{text: [text]}]},
            events=[Event(text, (1_000_000 + number) * 1_000_000, {"exception.message": text})],
            links=[Link(ID, "2" * 16, {text: text})], resource=Resource({"service.name": f"s {text}", text: text}),
            scope=Scope(text, text, {text: text}), trace_state=text,
        )
        for number, text in enumerate(TEXTS, 1)
    ]  # fmt: skip


def telling_spans() -> list[Span]:
    """The secret wherever a span can hold one; analysis quotes some of these places."""
    text = f"call {SECRET} now"
    return [
        span(1, 0, 0, 100, name=text, service=text, kind=Kind.SERVER, status=Status.ERROR, status_message=text,
             attributes={"note": text, "deep": {"list": [text], SECRET: 1}, f"to.{SECRET}": 2,
                         "code.filepath": text, "code.lineno": 3, "server.address": text},
             resource=Resource({"service.name": text, "host.name": text}), scope=Scope(text, "1", {"k": text}),
             trace_state=f"v={SECRET}", links=[Link(ID, "9" * 16, {"why": text})]),
        span(2, 1, 10, 90, name=text, service="db", kind=Kind.CLIENT, status=Status.ERROR,
             events=[Event("exception", 1_000_050_000_000, {"exception.message": text, "exception.type": text})],
             attributes={"db.system": "mysql", "db.name": text, "peer.service": text}),
        span(3, 7, 20, 30, name="orphan", service="web"),
    ]  # fmt: skip
