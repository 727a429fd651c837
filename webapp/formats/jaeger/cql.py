"""Values as cqlsh writes them: `[{key: 'event', value_long: 0, value_binary: }]`, made JSON piece by piece.

Also as JSON itself, which other tools put into cells. Not sets: the table has none.
"""

import json
import re
from typing import Any

_PIECE = re.compile(r"'((?:[^']|'')*)'|(:)\s*(?=[,}\]])|([^\s'\[\]{}(),:]+)(?=(\s*:)?)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROL = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "0": "\0",
    "\\": "\\",
}
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_WORDS = {"null": "null", "None": "null", "True": "true", "False": "false", "true": "true", "false": "false"}


def value(cell: str) -> Any:  # noqa: ANN401  lists, maps, text, numbers
    """None for an empty cell. Raises ValueError for what is neither CQL nor JSON."""
    if not cell.strip():
        return None
    for text in (cell, _PIECE.sub(_as_json, cell)):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            continue
    raise ValueError("neither a value of CQL nor JSON")


def _as_json(piece: re.Match[str]) -> str:
    """A blob or text that is null is written as nothing."""
    quoted, lonely_colon, word, colon = piece.groups()
    if quoted is not None:
        return json.dumps(_unescaped(quoted.replace("''", "'")))
    if lonely_colon:
        return ": null"
    if colon:
        return f'"{word}"' if word.isidentifier() else json.dumps(word)
    return word if _NUMBER.fullmatch(word) else _WORDS.get(word) or json.dumps(word)


def _unescaped(text: str) -> str:
    """Control characters are shown as Python does, the backslash is doubled for it."""
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _CONTROL.get(match[3], match[0])
