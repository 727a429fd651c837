"""Whether a file is a program rather than what one printed: programs hold spans too, as examples and test data."""

import re

_LINES_SEEN = 1_000
_LONGEST_LINE = 300  # code has shorter ones; the rest need not be looked at
_LANGUAGES = {
    "Python": (
        r"from [\w.]+ import [\w(*]", r"import [\w.]+ as \w+$", r"(?:async )?def \w+\(", r"class \w+(?:\(.*\))?:$",
        r"if __name__ ==", r"@[\w.]+(?:\(.*\))?$",
    ),
    "Go": (
        r"package \w+$", r"import (?:\(|\"[\w./-]+\"$)", r"func (?:\([^)]*\) )?\w+\(.*\{$",
        r"type \w+ (?:struct|interface) \{",
    ),
    "JavaScript": (
        r"(?:import|export) .*(?:from )?['\"].*['\"];?$", r"export (?:default|const|class|function|async|type|interface)\b",
        r"(?:const|let|var) .* = require\(", r"(?:async )?function \w+\(.*\{$", r"['\"]use strict['\"];?$",
        r"module\.exports\b", r"(?:const|let|var) \w+ = [\[{]$",
    ),
    "Java": (
        r"package [\w.]+;$", r"import (?:static )?[\w.]+\*?;$",
        r"(?:public |final |abstract )+(?:class|interface|record|enum) \w+",
    ),
    "C#": (r"using (?:static )?[A-Z][\w.]*;$", r"namespace [\w.]+[;{]?$"),
    "Rust": (
        r"use [\w:]+(?:::[\w{}*, ]+)?;$", r"(?:pub )?(?:async )?fn \w+", r"(?:pub )?mod \w+;$", r"#!?\[\w+",
    ),
    "C": (r"#include [<\"]", r"#define \w+"),
    "Ruby": (r"require(?:_relative)? ['\"]",),
    "PHP": (r"<\?php\b",),
}  # fmt: skip
_STATEMENTS = {language: re.compile("|".join(patterns)) for language, patterns in _LANGUAGES.items()}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:: [\w\[\], .|]+)? = ")
_IMPORT = re.compile(r"import [\w.]+$")
_COMMENT = re.compile(r"#|//|/\*|\"\"\"|'''")
_DOCSTRINGS = ('"""', "'''")


def language_of(start: bytes) -> str:
    """Empty for anything else. The first line must be code or a comment, and some line a statement."""
    text = start.lstrip()
    if text[:1] in (b"{", b"[", b"") or b"\x00" in text[:4096]:
        return ""
    lines = [
        line[:_LONGEST_LINE].rstrip() for line in text.decode("utf-8", "replace").splitlines()[:_LINES_SEEN]
    ]
    if lines[0].startswith("#!"):
        return "shell" if lines[0].endswith("sh") else _statement(lines) or "a script"
    opens = any(pattern.match(lines[0]) for pattern in (_COMMENT, _ASSIGNMENT, _IMPORT)) or _statement(
        lines[:1]
    )
    return _statement(lines) if opens else ""


def _statement(lines: list[str]) -> str:
    for line in lines:
        for language, statement in _STATEMENTS.items():
            if statement.match(line):
                return language
    weak = sum(bool(_ASSIGNMENT.match(line) or _IMPORT.match(line)) for line in lines)
    return "Python" if weak + lines[0].startswith(_DOCSTRINGS) > 1 else ""
