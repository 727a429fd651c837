"""What is made of the attributes of a span: a line, facts, a text with its lines weighed, a conversation. Shapes only."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from webapp.model import display
from webapp.model.semconv import text_of
from webapp.model.spans import Attributes
from webapp.views.text import Block
from webapp.views.trace.values import ShownValue

_MOST_WORD = 600  # characters of a piece or a fact; the attributes have all of it


@dataclass(frozen=True, slots=True)
class Piece:
    """`tone`: strong, muted, code, or of a status ok, warn, bad."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Something said in a conversation with a model. `tone`: ours, theirs or tool."""

    role: str
    tone: str
    value: ShownValue


@dataclass(frozen=True, slots=True)
class Meaning:
    kind: str  # "HTTP", "SQL", …
    line: list[Piece] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    block: Block | None = None
    turns: list[Turn] = field(default_factory=list)
    more_turns: int = 0
    told: frozenset[str] = frozenset()  # keys whose whole value stands here


def pieces(*given: tuple[str, str]) -> list[Piece]:
    """(text, tone); what says nothing is left out."""
    return [Piece(short(text), tone) for text, tone in given if text]


def facts(*given: tuple[str, str]) -> list[Fact]:
    """(label, value); what has no value is left out."""
    return [Fact(label, short(value)) for label, value in given if value]


def short(text: str) -> str:
    return text if len(text) <= _MOST_WORD else text[: _MOST_WORD - 1] + "…"


def number_of(attributes: Attributes, keys: Iterable[str]) -> int | None:
    """The first of `keys` that holds a whole number, also as text."""
    text = text_of(attributes, keys)
    whole = text.removesuffix(".0")
    return int(whole) if whole.isascii() and whole.isdigit() and len(whole) < 20 else None


def size_of(attributes: Attributes, keys: Iterable[str]) -> str:
    number = number_of(attributes, keys)
    return "" if number is None else display.size(number)


def counted(number: int | None, noun: str, many: str = "") -> str:
    return "" if number is None else display.plural(number, noun, many)


def arrow(outcome: str) -> str:
    """What came back; in one piece, so that the arrow stays with it."""
    return f"→ {outcome}" if outcome else ""
