"""Programs that hold spans are no recordings of them; what programs print is."""

import io
import json
from pathlib import Path

import pytest

from webapp import formats
from webapp.errors import NotTraces

ROOT = Path(__file__).parent.parent.parent
SPAN = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "spanId": "eee19b7ec3c1b174",
    "name": "x",
    "startTimeUnixNano": "1",
}
REQUEST = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]})


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (f"import json\n\nSPANS = {REQUEST}\n", "Python"),
        (f'"""Spans."""\n\nSPANS = {REQUEST}\n', "Python"),
        (f"# spans\nfrom json import dumps\nprint(dumps({REQUEST}))\n", "Python"),
        (f"#!/usr/bin/env python3\nimport json\nSPANS = {REQUEST}\n", "Python"),
        (f"#!/bin/sh\ncurl -d '\n{REQUEST}\n' localhost\n", "shell"),
        (f"package main\n\nvar body = `\n{REQUEST}`\n", "Go"),
        (f"// body\nexport default {REQUEST};\n", "JavaScript"),
        (f"const body = {{\n{REQUEST[1:]};\n", "JavaScript"),
        (f"package shop;\n\nclass Spans {{ String body = \"\"\"\n{REQUEST}\n", "Java"),
        (f"using System;\nvar body = @\"\n{REQUEST}\";\n", "C#"),
        (f"use serde::Json;\nfn main() {{\n{REQUEST}\n}}\n", "Rust"),
        (f"#include <stdio.h>\n{REQUEST}\n", "C"),
    ],
)  # fmt: skip
def test_a_program_is_named(text: str, language: str) -> None:
    with pytest.raises(NotTraces, match="This is a program") as caught:
        formats.read(io.BytesIO(text.encode()), "file")
    assert f"({language})" in str(caught.value)


def test_none_of_our_own_programs_is_taken_for_traces() -> None:
    for path in (ROOT / "webapp" / "formats").rglob("*.py"):
        with path.open("rb") as file, pytest.raises(NotTraces):
            formats.read(file, path.name)


@pytest.mark.parametrize(
    "printed",
    [
        REQUEST,
        f"starting server\nimport of 3 rows done\n{REQUEST}\n",
        f"2026-01-02 03:04:05 INFO def f(x) was called\n{REQUEST}\n",
        f'Traceback (most recent call last):\n  File "x.py", line 3, in f\n    def f(): pass\nfrom x import y\n{REQUEST}\n',
        f"result = ok\n{REQUEST}\n",
    ],
)
def test_what_programs_print_is_read(printed: str) -> None:
    assert sum(map(len, formats.read(io.BytesIO(printed.encode()), "file"))) == 1


def test_code_in_the_cells_of_a_table_makes_it_no_program() -> None:
    table = 'trace_id,span_id,name,start,end,prompt\nab,cd,x,1700000000000,1700000000001,"it\nimport json\ndef f():\n"\n'
    assert sum(map(len, formats.read(io.BytesIO(table.encode()), "file"))) == 1
