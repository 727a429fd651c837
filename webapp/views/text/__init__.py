"""Long texts as a page shows them: in runs of which some stand out, and folded. How each kind is weighed lies beside."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Run:
    """Text that is all strong, dim or neither; may span lines."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A text of which the runs together are every character. `head`: what shows while it is folded; [] for all."""

    runs: list[Run]
    head: list[Run]
    more: str  # "48 lines": what unfolds
    cut: bool  # the page does not carry all of it


def merged(runs: Iterable[Run]) -> list[Run]:
    """Neighbours of one tone as one."""
    return [
        Run("".join(run.text for run in group), tone) for tone, group in groupby(runs, lambda run: run.tone)
    ]
