"""Links to other systems as users write them: `https://wiki.example/{service.name}`, or `Wiki=https://…`. Pure.

The host is always written out, and each value is percent-encoded: no span can choose where a link leads.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urlsplit

from webapp.errors import BadSetting

TRACE_WORDS = (
    "trace_id", "written_trace_id", "trace_start_ns", "trace_start_us", "trace_start_ms", "trace_start_s",
    "trace_end_ns", "trace_end_us", "trace_end_ms", "trace_end_s", "trace_duration_ms",
)  # fmt: skip
_UNITS_NS = (("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9))
_HINT = "Write LABEL=https://host/path/{key}; the label may be left out."
_PLACE = re.compile(r"\{([^{}]*)\}")
_BEFORE_URL = re.compile(r",(?=[^,]*?https?://)", re.IGNORECASE)
_LABELLED = re.compile(r"([^=/?#]*?)\s*=\s*(\S+://.*)", re.DOTALL)
_MOST_VALUE = 1_000  # characters; a longer value is no part of an address


@dataclass(frozen=True, slots=True)
class LinkTemplate:
    label: str
    url: str
    keys: tuple[str, ...]

    @property
    def of_trace(self) -> bool:
        """Whether it speaks of the trace alone, and of nothing that differs between its spans."""
        return all(key in TRACE_WORDS for key in self.keys)


@dataclass(frozen=True, slots=True)
class OutwardLink:
    label: str
    url: str


@cache
def parse_links(texts: tuple[str, ...]) -> tuple[LinkTemplate, ...]:
    """Raises BadSetting for what is no template, or leads to anything but http and https."""
    return tuple(_parse(text) for text in texts)


def split_links(text: str) -> tuple[str, ...]:
    """Several templates in one text, by the commas that stand before an address: others may be part of one."""
    return tuple(part.strip() for part in _BEFORE_URL.split(text) if part.strip())


def filled(templates: Iterable[LinkTemplate], values: Mapping[str, object]) -> list[OutwardLink]:
    """The links of which every value is known."""
    links = []
    for template in templates:
        texts = {key: _text(values.get(key)) for key in template.keys}
        if all(texts.values()):
            encoded = {key: quote(text, safe="", errors="replace") for key, text in texts.items()}
            links.append(OutwardLink(_filled(template.label, texts), _filled(template.url, encoded)))
    return links


def moments(prefix: str, time_ns: int) -> dict[str, int]:
    """One time in all units, under the words of the templates; nothing of an unknown time."""
    return {f"{prefix}_{unit}": time_ns // size_ns for unit, size_ns in _UNITS_NS} if time_ns > 0 else {}


def _parse(text: str) -> LinkTemplate:
    labelled = None if text.lower().startswith(("http://", "https://")) else _LABELLED.fullmatch(text.strip())
    label, url = (labelled[1], labelled[2]) if labelled else ("", text.strip())
    problem = _problem(label, url)
    if problem:
        raise BadSetting(f"“{text}” {problem}", where="links", hint=_HINT)
    return LinkTemplate(label or str(urlsplit(url).hostname), url, tuple(dict.fromkeys(_PLACE.findall(url))))


def _problem(label: str, url: str) -> str:
    """Why it is refused; "" for a good one."""
    try:
        parts = urlsplit(_PLACE.sub("", url))
        host, written, _ = parts.hostname, urlsplit(url).netloc, parts.port
    except ValueError:
        return "is no address."
    if parts.scheme not in ("http", "https"):
        return "is no link: it must lead to http:// or https://."
    if any(mark.isspace() or not mark.isprintable() for mark in url):
        return "holds a space or a control character."
    if not host or "{" in written or "@" in written:
        return "must name its host itself, without {} and without @."
    if any("{" in rest or "}" in rest for rest in (_PLACE.sub("", url), _PLACE.sub("", label))):
        return "has a brace without its partner."
    if any(not key.strip() for key in _PLACE.findall(url)):
        return "has an empty {}."
    if set(_PLACE.findall(label)) - set(_PLACE.findall(url)):
        return "names in its label what its address does not name."
    return ""


def _text(value: object) -> str:
    """A plain value as text; "" for what has no place in an address."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        return ""
    text = str(value).strip()
    return text if len(text) <= _MOST_VALUE and text not in (".", "..") else ""


def _filled(template: str, texts: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: texts.get(place[1], place[0]), template)
