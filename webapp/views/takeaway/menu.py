"""The list of downloads of a trace, with the state of the page and a redaction in their addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from webapp.views.trace.state import TraceState

PRESET_WORDS = {  # those of `formats/redaction.py`
    "email": "E-mail addresses",
    "card": "Card numbers",
    "token": "Tokens, passwords, cookies",
    "ip": "IP addresses",
}

_SPANS = (
    (".html", "", "One HTML file, opens offline"),
    (".json", "otlp", "OpenTelemetry, OTLP JSON"),
    (".json", "jaeger", "Jaeger JSON"),
    (".json", "zipkin", "Zipkin v2 JSON"),
    (".json", "chrome", "Chrome and Perfetto"),
    (".csv", "", "CSV"),
    (".parquet", "", "Parquet"),
    (".json", "", "This analysis, JSON"),
)
PICTURE, SUMMARY = ".svg", ".md"


@dataclass(frozen=True, slots=True)
class Download:
    """`kind` is "svg" or "md" where a script can do more with it than save it."""

    url: str
    words: str
    kind: str = ""


def downloads_of(state: TraceState, redact: Sequence[str] = ()) -> list[Download]:
    """`redact`: as in the address."""
    hidden = [("redact", text) for text in redact]
    found = [
        Download(_url(state, ending, [("as", name)] * bool(name) + hidden), words)
        for ending, name, words in _SPANS
    ]
    picture = _url(state, PICTURE, [*state.parameters().items(), *hidden])
    return [
        *found,
        Download(picture, "Picture of these rows, SVG", "svg"),
        Download(_url(state, SUMMARY, hidden), "Summary in Markdown", "md"),
    ]


def _url(state: TraceState, ending: str, parameters: Sequence[tuple[str, str]]) -> str:
    return state.path_only + ending + (f"?{urlencode(parameters)}" if parameters else "")
