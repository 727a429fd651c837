"""What the query box asks while one types: how a term may go on, and in which keys a text occurs."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from webapp.errors import TooSlow
from webapp.model.completions import Completions, Occurrences, Words
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.searching import suggest
from webapp.store.searching.example_words import find_words
from webapp.store.searching.occurrences import find_occurrences

_SECONDS = 1.0  # nobody waits longer for a completion
_SEARCH_SECONDS = 3.0


class Typing:
    """Asked of the store as `store.typing`. `knowing` opens the small tables, with a cursor, for some seconds."""

    def __init__(self, knowing: Callable[[float], AbstractContextManager[Catalogue]]) -> None:
        self._knowing = knowing

    def complete(self, text: str, at: int | None = None) -> Completions:
        """For the term at the caret, which is at the end if not said; none when that takes too long."""
        try:
            with self._knowing(_SECONDS) as catalogue:
                return suggest.suggest(catalogue, text, len(text) if at is None else at)
        except TooSlow:
            return Completions([])

    def words(self) -> Words:
        """What the data has, for examples; nothing when that takes too long."""
        try:
            with self._knowing(_SECONDS) as catalogue:
                return catalogue.remembered("words", lambda: find_words(catalogue))
        except TooSlow:
            return Words([], [], [], [], [], [], [], [])

    def occurrences(self, text: str) -> Occurrences:
        """The keys in whose values a text occurs, in any case. Raises TooSlow."""
        with self._knowing(_SEARCH_SECONDS) as catalogue:
            return find_occurrences(catalogue, text)
