"""Spans without what must not leave the house: values of attributes, chosen by key or by what they look like.

A value is replaced by a short hash of it, so that equal values are still seen to be equal. No files here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

import msgspec

from webapp.errors import BadSetting
from webapp.formats.expressions import Expression, Trusted, Untrusted
from webapp.model.spans import Attributes, Event, Link, Resource, Scope, Span, Value

MASK = "redacted:"
_SERVICE = "service.name"
_MOST_PATTERNS = 50
_LONGEST_PATTERN = 200
_REMEMBERED, _REPEATING = 200_000, 1_000  # texts, and how long they may be
_PRESET = "preset:"
_HEX = "[0-9a-fA-F]{1,4}"
# every repetition has a bound, so that a long text takes no longer for each of its characters
PRESETS = {
    "email": (r"/[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}/",),
    "card": (r"/\b(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|3[47]\d\d|6(?:011|5\d\d))(?:[ -]?\d){9,15}\b/",),
    "token": (
        *("*authorization*", "*Authorization*", "*cookie*", "*Cookie*", "*password*", "*passwd*", "*secret*"),
        *(
            "*token",
            "*token.*",
            "*_token*",
            "*api_key*",
            "*api-key*",
            "*apikey*",
            "*api.key*",
            "*session_id*",
        ),
        r"/(?i)\b(?:bearer|basic) {1,3}[\w.~+\/=-]{8,4000}/",
        r"/\beyJ[\w-]{5,2000}\.[\w-]{5,4000}(?:\.[\w-]{0,2000})?/",
        r"/(?i)(?<=[?&;])(?:access_token|token|api_?key|password|secret|sig(?:nature)?)=[^&\s;]{1,2000}/",
    ),
    "ip": (
        r"/(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]*\w)/",
        rf"/(?<![\w:])(?:{_HEX}:){{7}}{_HEX}(?![\w:])/",
        rf"/(?<![\w:])(?:{_HEX}:){{1,7}}:(?:{_HEX}(?::{_HEX}){{0,5}})?(?![\w:])/",
        rf"/(?<![\w:])::{_HEX}(?::{_HEX}){{0,6}}(?![\w:])/",
    ),
}

# What is in each text that an expression finds something in: a look for it takes a thirtieth of the time
_NEEDED = {
    PRESETS["email"][0]: "@",
    **dict(zip((text for text in PRESETS["token"] if text.startswith("/")), (" ", "eyJ", "="), strict=True)),
    **dict(zip(PRESETS["ip"], (".", ":", "::", "::"), strict=True)),
}
_PRESET_EXPRESSIONS = frozenset(
    text for patterns in PRESETS.values() for text in patterns if text.startswith("/")
)


def patterns_in(texts: Iterable[str]) -> list[str]:
    """Each text holds a pattern a line. `preset:email` stands for those that find addresses.

    Raises:
        BadSetting: there is no such preset.
    """
    patterns: dict[str, None] = {}
    for line in (line.strip() for text in texts for line in text.splitlines()):
        name = line.removeprefix(_PRESET)
        if name != line and name not in PRESETS:
            hint = f"There are {', '.join(_PRESET + known for known in PRESETS)}."
            raise BadSetting(f"“{line}” is no preset.", where="redact", hint=hint)
        patterns.update(dict.fromkeys(PRESETS[name] if name != line else [line] if line else []))
    return list(patterns)


class Redaction:
    """`patterns`: `user.*` chooses attribute keys (`*` is any text), `/…/` is a regular expression on keys and values.

    Keys stay as they are, but for what the expressions of presets find in them: an address is one wherever it stands.
    `removed` counts, by key, the values replaced so far; "status message" and "event name" are among the keys.

    Raises:
        BadSetting: a pattern is no regular expression, or there are too many.
    """

    def __init__(self, patterns: Sequence[str], salt: str = "") -> None:
        if len(patterns) > _MOST_PATTERNS:
            raise BadSetting(f"At most {_MOST_PATTERNS} patterns can be given.", where="redact")
        self._keys = [_wildcards(text) for text in patterns if not _is_expression(text)]
        self._values = [_expression(text) for text in patterns if _is_expression(text)]
        self._in_keys = [_expression(text) for text in patterns if text in _PRESET_EXPRESSIONS]
        self._salt = salt.encode()[:64]
        self._names: dict[str, str] = {}
        self._masked: dict[str, bool] = {}
        self._texts: dict[str, tuple[str, int]] = {}
        self._clean: dict[tuple[str, type], set[str | int | float]] = {}  # by key and type
        self._clean_texts: dict[str, set[str | int | float]] = {}  # those of texts, by key
        self._resources: dict[int, tuple[Resource, Resource]] = {}
        self._scopes: dict[int, tuple[Scope, Scope]] = {}
        self._services: dict[str, str] = {}
        self.removed: Counter[str] = Counter()

    def spans(self, spans: Iterable[Span]) -> Iterator[Span]:
        for span in spans:
            yield msgspec.structs.replace(
                span,
                name=self._text("span name", span.name),
                service=self._service(span),
                status_message=self._text("status message", span.status_message),
                attributes=self._attributes(span.attributes),
                events=[self._event(event) for event in span.events],
                links=[self._link(link) for link in span.links],
                resource=self._resource(span.resource),
                scope=self._scope(span.scope),
                trace_state=self._text("trace state", span.trace_state),
                written_trace_id=self._text("trace id as written", span.written_trace_id),
                written_span_id=self._text("span id as written", span.written_span_id),
            )

    def _resource(self, resource: Resource) -> Resource:
        """One object for one object: what spans share is looked at once."""
        known = self._resources.get(id(resource))
        if known is None:
            made = msgspec.structs.replace(resource, attributes=self._attributes(resource.attributes))
            known = self._resources[id(resource)] = resource, made
        return known[1]

    def _scope(self, scope: Scope) -> Scope:
        known = self._scopes.get(id(scope))
        if known is None:
            made = Scope(
                self._text("scope", scope.name),
                self._text("scope", scope.version),
                self._attributes(scope.attributes),
            )
            known = self._scopes[id(scope)] = scope, made
        return known[1]

    def _service(self, span: Span) -> str:
        """As the attribute that names it is masked; counted only where there is no such attribute."""
        if span.service not in self._services:
            counted = self.removed.copy()
            self._services[span.service] = str(self._value(_SERVICE, span.service))
            if _SERVICE in span.resource.attributes or _SERVICE in span.attributes:
                self.removed = counted
        return self._services[span.service]

    def _event(self, event: Event) -> Event:
        return msgspec.structs.replace(
            event, name=self._text("event name", event.name), attributes=self._attributes(event.attributes)
        )

    def _link(self, link: Link) -> Link:
        return msgspec.structs.replace(link, attributes=self._attributes(link.attributes))

    def _attributes(self, attributes: Attributes) -> Attributes:
        """The same object where nothing is to be removed."""
        made: Attributes = {}
        clean = self._clean_texts.get
        for key, value in attributes.items():  # a million times in a large trace
            if value.__class__ is str:
                if value not in clean(key, ()):
                    made[key] = self._looked_at(key, value)
            elif (known := self._clean.get((key, value.__class__))) is None or value not in known:
                made[key] = self._looked_at(key, value)
        if all(attributes[key] is value and self._name(key) == key for key, value in made.items()):
            return attributes
        names = self._names.get
        return {names(key) or self._name(key): made.get(key, value) for key, value in attributes.items()}

    def _looked_at(self, key: str, value: Value) -> Value:
        """Remembers what was clean, for values repeat from span to span; then it is the very same value."""
        made = self._value(key, value)
        if not isinstance(value, str | int | float) or made != value or self._name(key) != key:
            return made
        known = self._clean.setdefault((key, value.__class__), set())
        if len(known) < _REMEMBERED // len(self._clean) and len(str(value)) <= _REPEATING:
            known.add(value)
            if isinstance(value, str):
                self._clean_texts[key] = known
        return value

    def _name(self, key: str) -> str:
        if key not in self._names:
            name = key
            for pattern in self._in_keys:
                name, _ = pattern.replaced(self._hashed, name)
            self._names[key] = name
        return self._names[key]

    def _value(self, key: str, value: Value) -> Value:
        masked = self._masked.get(key)
        if masked is None:
            masked = any(pattern.fullmatch(key) for pattern in self._keys)
            masked = self._masked[key] = masked or any(pattern.found_in(key) for pattern in self._values)
        return self._mask(key, value) if masked else self._inside(key, value)

    def _inside(self, key: str, value: Value) -> Value:
        """The value with what the expressions match masked, however deep."""
        if isinstance(value, dict):
            return {self._name(name): self._value(f"{key}.{name}", inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._inside(key, inner) for inner in value]
        if isinstance(value, str):
            return self._text(key, value)
        text = value.hex() if isinstance(value, bytes) else str(value)
        return self._mask(key, value) if self._replaced(text)[1] else value

    def _text(self, key: str, text: str) -> str:
        if not text:
            return text
        made, times = self._replaced(text)
        if times:
            self.removed[self._name(key)] += times
        return made

    def _replaced(self, text: str) -> tuple[str, int]:
        """The text with what the expressions match masked, and how often they did; texts repeat from span to span."""
        known = self._texts.get(text)
        if known is None:
            made, count = text, 0
            for pattern in self._values:
                made, times = pattern.replaced(self._hashed, made)
                count += times
            known = made, count
            if len(text) <= _REPEATING:
                if len(self._texts) >= _REMEMBERED:
                    self._texts.clear()
                self._texts[text] = known
        return known

    def _mask(self, key: str, value: Value) -> str:
        self.removed[self._name(key)] += 1
        return self._hashed(value if isinstance(value, str) else repr(value))

    def _hashed(self, text: str) -> str:
        return MASK + blake2b(text.encode("utf-8", "replace"), digest_size=4, key=self._salt).hexdigest()


def _is_expression(text: str) -> bool:
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


def _wildcards(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


def _expression(text: str) -> Expression:
    if text in _PRESET_EXPRESSIONS:
        return Trusted(text[1:-1], _NEEDED.get(text, ""))
    if len(text) > _LONGEST_PATTERN:
        raise BadSetting(f"A pattern may have {_LONGEST_PATTERN} characters.", where="redact")
    return Untrusted(text[1:-1])
