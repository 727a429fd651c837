"""Values as Node's `util.inspect` prints them, which is not JSON: unquoted keys, three kinds of quotes. No spans.

What it left out, such as `[Object]` and `... 20 more items`, stands as it was printed, marked `Abridged`.
"""

import re

from webapp.model.spans import Value

_DEEPEST = 100
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)
    | (?P<more>\.\.\.\ \d+\ more\ \w+)
    | (?P<short>\[(?:[A-Z]|class\ )[^\[\]{}'"`\n]*\])
    | (?P<note><[^<>{}'"`\n]*>)
    | (?P<mark>=>|[{}\[\],:+])
    | (?P<date>\d{4}-\d\d-\d\dT[\d:.]+Z)
    | (?P<number>[-+]?(?:\d+n|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w$]))
    | (?P<word>[^\s{}\[\],:'"`<>=+]+)
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None, "undefined": None}


class Abridged(str):
    """What stands for parts of a value that were left out."""

    __slots__ = ()


def as_printed(value: Value) -> Value:
    """Without the marks: plain text where parts were left out."""
    if isinstance(value, list):
        return [as_printed(one) for one in value]
    if isinstance(value, dict):
        return {key: as_printed(one) for key, one in value.items()}
    return str(value) if isinstance(value, Abridged) else value


def is_abridged(value: Value) -> bool:
    """Whether parts of it were left out, at any depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, Abridged) or any(is_abridged(one) for one in inner)


def plain(line: str) -> str:
    """Without the colours of a terminal."""
    return _COLOUR.sub("", line)


def parse(text: str) -> Value:
    """The one value in `text`. Map and Set come out as dict and list, instances without their class.

    Raises:
        ValueError: it is no such value.
    """
    parser = _Parser(text)
    found = parser.value(_DEEPEST)
    if parser.kind:
        raise ValueError(parser.text)
    return found


class _Parser:
    """Looks one token ahead: `kind` of it ("" at the end) and its `text`."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self.kind = self.text = ""
        self._next()

    def _next(self) -> None:
        found = _TOKEN.match(self._source, self._at)
        if found is None:
            if self._source[self._at :].strip():
                raise ValueError(self._source[self._at : self._at + 20])
            self.kind = self.text = ""
            return
        self._at = found.end()
        self.kind = found.lastgroup or ""
        self.text = found[self.kind]

    def _take(self) -> str:
        text = self.text
        self._next()
        return text

    def _is(self, mark: str) -> bool:
        return self.kind == "mark" and self.text == mark

    def value(self, room: int) -> Value:
        if not self.kind or not room:
            raise ValueError(self.text)
        if self._is("{"):
            return self._members(room)
        if self._is("["):
            return self._elements(room)
        if self.kind == "text":
            return self._string()
        if self.kind == "mark":
            raise ValueError(self.text)
        kind, text = self.kind, self._take()
        of_class = kind in ("word", "short") and (self._is("{") or self._is("["))
        if of_class or text.startswith("<ref "):
            return self.value(room)
        return _scalar(kind, text)

    def _string(self) -> Value:
        """Long ones are printed as several, joined by +."""
        found = _unescaped(self._take())
        while self._is("+"):
            self._next()
            found += _unescaped(self._take())
        if self.kind == "more":
            return Abridged(found + self._take())
        return found

    def _members(self, room: int) -> Value:
        """Of an object or a Map; of a Set, which has no keys, a list."""
        members: dict[str, Value] = {}
        alone: list[Value] = []
        self._next()
        while not self._is("}"):
            key = self.value(room - 1)
            if self._is(":") or self._is("=>"):
                self._next()
                members[str(key)] = self.value(room - 1)
            else:
                alone.append(key)
            self._comma("}")
        self._next()
        if members and alone:
            members["..."] = alone[0]
        return members or alone or {}

    def _elements(self, room: int) -> Value:
        elements: list[Value] = []
        self._next()
        while not self._is("]"):
            elements.append(self.value(room - 1))
            self._comma("]")
        self._next()
        return elements

    def _comma(self, closer: str) -> None:
        if self._is(","):
            self._next()
        elif not self._is(closer):
            raise ValueError(self.text)


def _scalar(kind: str, text: str) -> Value:
    if kind in ("short", "more", "note"):
        return Abridged(text)
    if kind == "number":
        number = text.removesuffix("n")
        return int(number) if re.fullmatch(r"[-+]?\d+", number) and number != "-0" else float(number)
    return _WORDS.get(text, text)


def _unescaped(quoted: str) -> str:
    if quoted[:1] not in ("'", '"', "`"):
        raise ValueError(quoted)
    inner = quoted[1:-1]
    if "\\" not in inner:
        return inner
    whole = _ESCAPE.sub(_meant, inner)
    return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _meant(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2] or escape[3]
    if digits:
        return chr(int(digits, 16)) if int(digits, 16) < 0x110000 else "\ufffd"
    return _CONTROLS.get(escape[4], escape[4])
