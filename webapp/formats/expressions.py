"""Regular expressions that anyone may write: looked for by RE2, whose time grows with the text alone, whatever they say."""

import re
from collections.abc import Callable
from functools import lru_cache
from secrets import token_hex
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from webapp.errors import BadSetting

_REMEMBERED = 50_000  # texts, which repeat from span to span


class Expression(Protocol):
    """What `re.Pattern` has, as far as it is needed here."""

    def found_in(self, text: str) -> bool: ...

    def replaced(self, by: Callable[[str], str], text: str) -> tuple[str, int]:
        """The text with what is found replaced, and how often that was."""


class Trusted:
    """Of ours: no text is known to hold it up. `needs` is in each text in which it finds anything."""

    def __init__(self, text: str, needs: str = "") -> None:
        self._pattern = re.compile(text)
        self._needs = needs

    def found_in(self, text: str) -> bool:
        return self._needs in text and bool(self._pattern.search(text))

    def replaced(self, by: Callable[[str], str], text: str) -> tuple[str, int]:
        if self._needs not in text:
            return text, 0
        return self._pattern.subn(lambda found: by(found[0]), text)


class Untrusted:
    """Raises BadSetting for what is no expression, or matches nothing at all."""

    def __init__(self, text: str) -> None:
        self._around = f"\ue000{token_hex(8)}\ue001"  # in no text
        self._text = text
        self.marked = lru_cache(_REMEMBERED)(self._mark)
        try:
            matches_nothing = self.marked("") != ""
        except pa.ArrowInvalid as error:
            reason = str(error).partition(":")[2].strip() or str(error)
            hint = "Back-references and what looks ahead or behind are not known here."
            raise BadSetting(
                f"/{text}/ is no regular expression: {reason}.", where="redact", hint=hint
            ) from error
        if matches_nothing:
            raise BadSetting(f"/{text}/ matches nothing at all, and so everywhere.", where="redact")

    def found_in(self, text: str) -> bool:
        return any(self._pieces(text)[1::2])

    def replaced(self, by: Callable[[str], str], text: str) -> tuple[str, int]:
        pieces = self._pieces(text)
        found = [number for number in range(1, len(pieces), 2) if pieces[number]]
        for number in found:
            pieces[number] = by(pieces[number])
        return "".join(pieces), len(found)

    def _pieces(self, text: str) -> list[str]:
        """The text taken apart: every second piece is what was found."""
        marked: str = self.marked(text)
        return marked.split(self._around)

    def _mark(self, text: str) -> str:
        found = pc.replace_substring_regex(
            pa.array([text]), pattern=f"({self._text})", replacement=f"{self._around}\\1{self._around}"
        )
        return str(found[0].as_py())
