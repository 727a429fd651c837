"""Output of several programs as docker compose, Docker, containerd, kubectl and journald keep it: each line with a prefix,
or as text in a member of JSON.

What one program printed over many lines is put together again, however the programs' lines are mixed. No spans here.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

import msgspec

from webapp.formats.head import Head
from webapp.formats.sniff import head_of
from webapp.formats.unpack import buffered, peek

_LOOKED_AT = 40  # lines
_LONGEST_LINE = 16_000_000
_LONGEST_RECORD = 32_000_000
_COLOUR = rb"(?:\x1b\[[0-9;]*m)*"
_PREFIXES = (
    re.compile(_COLOUR + rb"([\w.-]+)\s+\|" + _COLOUR + rb" ?"),  # docker compose
    re.compile(rb"\d{4}-\d\d-\d\dT\S+ (stdout|stderr) [FP] "),  # containerd, CRI-O
    re.compile(rb"\[(pod/[^\]\s]+)\] "),  # kubectl logs --prefix
    re.compile(
        rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}(Z|[+-]\d\d:\d\d)(?: |$)"
    ),  # kubectl logs --timestamps
    re.compile(
        _COLOUR
        + rb"([a-z0-9][\w.-]*"
        + _COLOUR
        + rb" "
        + _COLOUR
        + rb"[a-z0-9][\w-]*)"
        + _COLOUR
        + rb" (?=[{}\[\]\s\"])"
    ),  # stern
    re.compile(
        rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) [\w.-]+ ([\w./-]+(?:\[\d+\])?): "
    ),  # journalctl
)


class Line(NamedTuple):
    """`program`: what tells it from the others."""

    program: bytes
    text: bytes


class _DockerLine(msgspec.Struct):
    log: str
    stream: str = ""


# of what kcat prints, a collector logs, CloudWatch, Loki and Google keep
_MEMBERS = ("payload", "body", "message", "log", "line", "@message", "textPayload", "value")
_HOLDS_JSON = re.compile(
    rb'"(?:' + b"|".join(name.encode() for name in _MEMBERS) + rb')"\s*:\s*"(?:\s|\\n)*[{\[]'
)
_docker_line = msgspec.json.Decoder(_DockerLine).decode


def unwrapped_head(head: Head) -> Head:
    """The same head where there are no prefixes."""
    unwrap = _wrapping(head.start)
    if unwrap is None:
        return head
    return head_of(b"".join(_sorted_out(iter(head.start.splitlines(keepends=True)), unwrap)))


def unwrapped(stream: BinaryIO) -> BinaryIO:
    start, stream = peek(stream)
    unwrap = _wrapping(start)
    if unwrap is None:
        return stream
    return buffered(_sorted_out(iter(lambda: stream.readline(_LONGEST_LINE), b""), unwrap))


def _wrapping(start: bytes) -> Callable[[bytes], Line | None] | None:
    """What takes the prefix off, if nearly all of the first lines have the same."""
    lines = [line for line in start.splitlines(keepends=True)[:_LOOKED_AT] if line.strip()]
    for unwrap in (*(_by_prefix(prefix) for prefix in _PREFIXES), _by_docker, _by_member):
        counted = Counter(unwrap(line) is not None for line in lines)
        fewest = 1 if unwrap in (_by_docker, _by_member) else 2
        if counted[True] >= fewest and counted[True] >= 9 * counted[False]:
            return unwrap
    return None


def _by_prefix(prefix: re.Pattern[bytes]) -> Callable[[bytes], Line | None]:
    def unwrap(line: bytes) -> Line | None:
        found = prefix.match(line)
        return Line(found[1], line[found.end() :]) if found else None

    return unwrap


def _by_docker(line: bytes) -> Line | None:
    if not line.startswith(b'{"log":'):
        return None
    try:
        told = _docker_line(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Line(told.stream.encode("utf-8", "replace"), told.log.encode("utf-8", "replace"))


def _by_member(line: bytes) -> Line | None:
    """JSON as the text of a member: a queue's messages, a log's events."""
    if not line.startswith(b"{") or not _HOLDS_JSON.search(line):
        return None
    try:
        told = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        values = [bytes(told[name]) for name in _MEMBERS if name in told]
        texts = [msgspec.json.decode(value) for value in values if value.startswith(b'"')]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    text = next((text for text in texts if text.lstrip()[:1] in ("{", "[")), "")
    return Line(b"", text.strip().encode("utf-8", "replace") + b"\n") if text else None


def _sorted_out(lines: Iterator[bytes], unwrap: Callable[[bytes], Line | None]) -> Iterator[bytes]:
    """The lines without prefix; those between an opening bracket and its closing one together."""
    unfinished: dict[bytes, bytearray] = {}
    for line in lines:
        found = unwrap(line)
        if found is None:
            yield line
            continue
        program, text = found
        begun = unfinished.get(program)
        if begun is None:
            if text.rstrip() in (b"{", b"["):
                unfinished[program] = bytearray(text)
            else:
                yield text
            continue
        begun += text
        if text.rstrip() in (b"}", b"]") or len(begun) > _LONGEST_RECORD:
            yield bytes(unfinished.pop(program))
    yield from map(bytes, unfinished.values())
