"""How the term that is being written may go on, and where a text occurs: what the query box offers while one types."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Completions:
    """Texts that may take the place of the term that stands from `start` to `end`, each with how often it was seen.

    `newest`: of that many of the newest spans alone; None: of all. `apart`: no span has any of them and fits the rest of
    the query.
    """

    offers: list[tuple[str, int]]
    start: int = 0
    end: int = 0
    newest: int | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A key in whose values a text occurs: in how many spans, and the term that finds these."""

    key: str
    spans: int
    term: str
    example: str


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Most frequent first. `newest`: among that many of the newest spans alone; None: among all."""

    keys: list[Occurrence]
    newest: int | None


@dataclass(frozen=True, slots=True)
class Words:
    """What the data has, of each kind the most frequent first; any may be empty.

    `attributes`, `resources`: key and a value; `numbers`: key and a number that some values exceed; `calls`: services,
    caller first; `blamed`: where the time went.
    """

    services: list[str]
    blamed: list[str]
    operations: list[str]
    attributes: list[tuple[str, str]]
    numbers: list[tuple[str, int]]
    resources: list[tuple[str, str]]
    calls: list[tuple[str, str]]
    events: list[str]
