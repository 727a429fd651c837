"""Stack traces: what failed stands out, frames of libraries step back. Every character stays, in its place."""

import re
from collections.abc import Iterator
from itertools import groupby

from webapp.model import display
from webapp.views.text import Block, Run, merged

FOLD_LINES = 10  # what a long trace shows before it is unfolded
_MOST = 20_000  # characters of a trace that a page carries
_LINE = 400  # characters of a line that are looked at
_FRAME = re.compile(
    r"\s+at\s|\s*File \"|\s*#\d+:?\s|\s*\d+:\s|\s+\S+\.go:\d|\s*(?:from\s+)?\S+\.(?:rb|erb):\d+:in\b|\S.*@\S+:\d+(?::\d+)?$"
    r"|[\w./*()\[\]$-]+\(.*\)$"
)
_GO_PLACE = re.compile(r"\s+\S+\.go:\d")
_HEAD = re.compile(
    r"(?:Caused by|Suppressed|Traceback|goroutine |During handling|The above exception|Stacktrace:)"
)
_LIBRARY = re.compile(
    r"site-packages|dist-packages|[/\\]lib[/\\]python\d|<frozen |<string>"  # Python
    r"|node_modules|\bnode:|\(internal/|<anonymous>$"  # JavaScript
    r"|\bat (?:app//|java\.\w+/|jdk\.\w+/)?(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|akka|groovy|io\.netty"
    r"|io\.grpc|io\.micrometer|io\.opentelemetry|io\.vertx|reactor|rx|okhttp3|org\.(?:apache|springframework|hibernate|jboss"
    r"|eclipse|junit|postgresql|glassfish|slf4j|mongodb)|com\.(?:google\.common|fasterxml|zaxxer|mysql|netflix))\."  # JVM
    r"|\bat (?:System|Microsoft|Npgsql|MySql|Grpc|Newtonsoft|StackExchange|MassTransit|Polly|Serilog|Azure)\."  # .NET
    r"|/usr/local/go/|/pkg/mod/|/go/src/(?:runtime|net)/|\Wvendor/|[/\\]usr[/\\]lib[/\\]"  # Go, PHP
    r"|[/\\]gems[/\\]|/\.cargo/|/rustc/|\b(?:core|std|tokio|alloc)::"  # Ruby, Rust
)


def stack_block(text: str) -> Block:
    """Folded, a long trace shows what failed and the frames of one's own code."""
    text = text.strip("\r\n")
    cut = len(text) > _MOST
    lines = text[:_MOST].split("\n")
    tones = _tones(lines)
    runs = merged(Run(line + "\n" * (k < len(lines) - 1), tones[k]) for k, line in enumerate(lines))
    if len(lines) <= FOLD_LINES + 2:
        return Block(runs, [], "", False)
    return Block(runs, _head(lines, tones), display.plural(text.count("\n") + 1, "line"), cut)


def _tones(lines: list[str]) -> list[str]:
    tones: list[str] = []
    for line in lines:
        line = line[:_LINE]
        if _FRAME.match(line):
            tones.append("dim" if _LIBRARY.search(line) else "")
            if tones[1:] and tones[-2] == "" and _GO_PLACE.match(line):
                tones[-2] = tones[-1]  # in Go the function stands before its place
        elif not tones or _HEAD.match(line):
            tones.append("strong")
        elif line[:1].isspace():
            tones.append(tones[-1] if tones[-1] == "dim" else "")  # the code of a Python frame
        else:
            tones.append("")
    if lines[0].startswith("Traceback"):  # Python says last what failed
        last = max((k for k, line in enumerate(lines) if line.strip() and not line[:1].isspace()), default=0)
        tones[0], tones[last] = "", "strong"
    return tones


def _head(lines: list[str], tones: list[str]) -> list[Run]:
    """What failed and own frames; in place of library frames how many there are. Without own frames the first lines."""
    own = sum(tone != "dim" for tone in tones)
    if own == len(lines) or not any(tone == "" for tone in tones):
        return [Run("\n".join(line[:_LINE] for line in lines[:FOLD_LINES]), "")]
    return merged(_with_newlines(list(_elided(lines, tones))[: FOLD_LINES + 2]))


def _elided(lines: list[str], tones: list[str]) -> Iterator[Run]:
    place = 0
    for is_library, group in groupby(tones, lambda tone: tone == "dim"):
        count = len(list(group))
        if is_library and count > 1:
            yield Run(f"    ⋮ {display.plural(count, 'line')} of libraries", "dim")
        else:
            yield from (Run(lines[k][:_LINE], tones[k]) for k in range(place, place + count))
        place += count


def _with_newlines(runs: list[Run]) -> Iterator[Run]:
    for place, run in enumerate(runs):
        yield Run(run.text + "\n" * (place < len(runs) - 1), run.tone)
