"""Which columns stand between name and lane beside the total: how an address names them. What is in them: `cells.py`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from werkzeug.datastructures import MultiDict

NUMBER_PX, LONG_PX = 68, 88  # as wide as the sheet has a column of numbers; an attribute takes two
MOST_COLUMNS = 6  # more leave the lane no room
_MOST_LETTERS = 200  # of a key
_NONE = "none"
ATTRIBUTE = "."  # before a key, where it is told from the columns below
DEFAULT = ("self",)
OWN = {
    "self": ("Self", "The time in which no child was waited for"),
    "start": ("Start", "From the start of the trace"),
    "end": ("End", "From the start of the trace"),
    "slack": ("Slack", "So much longer could it take and delay nobody; none where nothing waits for it"),
    "critical": ("Critical", "The part of the path that is the span’s own"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """`toggled`: the columns with this one more or less."""

    words: str
    title: str
    is_attribute: bool
    on: bool
    toggled: tuple[str, ...]


def read_columns(arguments: Mapping[str, str]) -> tuple[str, ...]:
    """Own names as they are, attributes with a dot before their key. A form names each column in a field of its own."""
    texts = arguments.getlist("cols") if isinstance(arguments, MultiDict) else [arguments.get("cols", "")]
    words = [word for text in texts for word in re.split(r"[\s,]+", text) if word]
    if not words:
        return DEFAULT
    named = [word if word in OWN else ATTRIBUTE + _key(word) for word in words if word != _NONE]
    return tuple(dict.fromkeys(named))[:MOST_COLUMNS]


def write_columns(columns: Sequence[str], whole: bool = False) -> str:
    """Also what is left out of addresses, if the `whole` is wanted."""
    if tuple(columns) == DEFAULT and not whole:
        return ""
    return " ".join(map(_written, columns)) or _NONE


def _key(word: str) -> str:
    return unquote(word.removeprefix(ATTRIBUTE))[:_MOST_LETTERS]


def _written(column: str) -> str:
    if not column.startswith(ATTRIBUTE):
        return column
    key = re.sub(r"[\s,%]", lambda found: quote(found[0]), column[1:])
    return ATTRIBUTE + key if key in OWN or key == _NONE or key.startswith(ATTRIBUTE) else key


def keys_in(columns: Sequence[str]) -> list[str]:
    """Of the attributes among them."""
    return [column[1:] for column in columns if column.startswith(ATTRIBUTE)]


def width_px(columns: Sequence[str], is_long: bool = False) -> int:
    """`is_long`: durations of minutes, in two units, are among them."""
    return (LONG_PX if is_long else NUMBER_PX) * (len(columns) + len(keys_in(columns)))


def choices_of(columns: Sequence[str]) -> list[Column]:
    """The own ones, chosen or not, then the chosen attributes."""
    return [_column(name, columns) for name in (*OWN, *(ATTRIBUTE + key for key in keys_in(columns)))]


def _column(name: str, columns: Sequence[str]) -> Column:
    on = name in columns
    toggled = tuple(other for other in columns if other != name) if on else _ordered((*columns, name))
    if name.startswith(ATTRIBUTE):
        return Column(name[1:], name[1:], True, on, toggled)
    return Column(*OWN[name], False, on, toggled)


def _ordered(columns: Sequence[str]) -> tuple[str, ...]:
    """Own ones in their order, before the attributes, which stay as they were asked for."""
    own = [name for name in OWN if name in columns]
    return (*own, *(name for name in columns if name.startswith(ATTRIBUTE)))
