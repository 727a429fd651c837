"""Spans without what must not leave the house: values of attributes, chosen by key or by what they look like.

A value is replaced by a short hash of it, so that equal values are still seen to be equal. No files here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

import msgspec

from webapp.errors import BadSetting
from webapp.model.spans import Attributes, Event, Link, Span, Value

MASK = "redacted:"
_MOST_PATTERNS = 50
_LONGEST_PATTERN = 200


class Redaction:
    """`patterns`: `user.*` chooses attribute keys (`*` is any text), `/…/` is a regular expression on keys and values.

    `removed` counts, by key, the values replaced so far; "status message" and "event name" are among the keys.

    Raises:
        BadSetting: a pattern is no regular expression, or there are too many.
    """

    def __init__(self, patterns: Sequence[str], salt: str = "") -> None:
        if len(patterns) > _MOST_PATTERNS:
            raise BadSetting(f"At most {_MOST_PATTERNS} patterns can be given.", where="redact")
        self._keys = [_wildcards(text) for text in patterns if not _is_expression(text)]
        self._values = [_expression(text) for text in patterns if _is_expression(text)]
        self._salt = salt.encode()[:64]
        self.removed: Counter[str] = Counter()

    def spans(self, spans: Iterable[Span]) -> Iterator[Span]:
        resources: dict[int, tuple[object, Attributes]] = {}
        for span in spans:
            known = resources.get(id(span.resource))
            if known is None or known[0] is not span.resource:
                known = resources[id(span.resource)] = (
                    span.resource,
                    self._attributes(span.resource.attributes),
                )
            yield msgspec.structs.replace(
                span,
                name=self._text("span name", span.name),
                status_message=self._text("status message", span.status_message),
                attributes=self._attributes(span.attributes),
                events=[self._event(event) for event in span.events],
                links=[self._link(link) for link in span.links],
                resource=msgspec.structs.replace(span.resource, attributes=known[1]),
                scope=msgspec.structs.replace(span.scope, attributes=self._attributes(span.scope.attributes)),
            )

    def _event(self, event: Event) -> Event:
        return msgspec.structs.replace(
            event, name=self._text("event name", event.name), attributes=self._attributes(event.attributes)
        )

    def _link(self, link: Link) -> Link:
        return msgspec.structs.replace(link, attributes=self._attributes(link.attributes))

    def _attributes(self, attributes: Attributes) -> Attributes:
        return {key: self._value(key, value) for key, value in attributes.items()}

    def _value(self, key: str, value: Value) -> Value:
        if any(pattern.fullmatch(key) for pattern in self._keys):
            return self._mask(key, value)
        if any(pattern.search(key) for pattern in self._values):
            return self._mask(key, value)
        return self._inside(key, value)

    def _inside(self, key: str, value: Value) -> Value:
        """The value with what the expressions match masked, however deep."""
        if isinstance(value, dict):
            return {name: self._value(f"{key}.{name}", inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._inside(key, inner) for inner in value]
        if isinstance(value, str):
            return self._text(key, value)
        text = value.hex() if isinstance(value, bytes) else str(value)
        return self._mask(key, value) if any(pattern.search(text) for pattern in self._values) else value

    def _text(self, key: str, text: str) -> str:
        for pattern in self._values:
            text, times = pattern.subn(lambda found: self._hashed(found[0]), text)
            self.removed[key] += times
        return text

    def _mask(self, key: str, value: Value) -> str:
        self.removed[key] += 1
        return self._hashed(value if isinstance(value, str) else repr(value))

    def _hashed(self, text: str) -> str:
        return MASK + blake2b(text.encode("utf-8", "replace"), digest_size=4, key=self._salt).hexdigest()


def _is_expression(text: str) -> bool:
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


def _wildcards(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


def _expression(text: str) -> re.Pattern[str]:
    if len(text) > _LONGEST_PATTERN:
        raise BadSetting(f"A pattern may have {_LONGEST_PATTERN} characters.", where="redact")
    try:
        pattern = re.compile(text[1:-1])
    except re.error as error:
        raise BadSetting(f"{text} is no regular expression: {error}.", where="redact") from error
    if pattern.match(""):
        raise BadSetting(f"{text} matches nothing at all, and so everywhere.", where="redact")
    return pattern
