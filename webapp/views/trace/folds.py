"""The `fold` of an address: span ids, or a short id of many that the store keeps, and what has changed since.

`kept-1f3c9a2b7d00.b7ad6b7169203331` are the folds kept as 1f3c9a2b7d00, with one span turned the other way.
`b7ad6b7169203331-` is the run of siblings that are alike which this span is the first of.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

MOST_WRITTEN = 50  # span ids that an address spells out
MOST_FOLDS = 2_000  # beyond, the oldest go
_SPAN_ID = re.compile(r"[0-9a-f]{16}(_[0-9]{1,6})?")
RUN = "-"
_FOLD = re.compile(_SPAN_ID.pattern + f"{RUN}?")
_KEPT = re.compile(r"kept-([0-9a-f]{1,64})")

LookUp = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Folds:
    """`ids`: all folds. `kept`: the id under which `stored` lies in the store, "" for none. `lost`: it no longer does."""

    ids: tuple[str, ...] = ()
    kept: str = ""
    stored: tuple[str, ...] = ()
    lost: str = ""

    @classmethod
    def read(cls, text: str, look_up: LookUp) -> "Folds":
        """What was turned since is only known against what was kept: if that is lost, all is."""
        first, _, rest = text.lower().partition(".")
        match = _KEPT.fullmatch(first)
        if not match:
            return cls(fold_ids(text)[-MOST_FOLDS:])
        stored = look_up(match[1])
        if stored is None:
            return cls(lost=match[1])
        folds = cls(fold_ids(stored), match[1], fold_ids(stored))
        turned = fold_ids(rest)
        return folds.of(
            (*(i for i in folds.ids if i not in turned), *(i for i in turned if i not in folds.ids))
        )

    def of(self, ids: tuple[str, ...]) -> "Folds":
        """Other folds, written as changes of the same kept ones."""
        return Folds(ids[-MOST_FOLDS:], self.kept, self.stored)

    def toggled(self, span_id: str) -> "Folds":
        if span_id in self.ids:
            return self.of(tuple(i for i in self.ids if i != span_id))
        return self.of((*self.ids, span_id))

    def turned(self) -> tuple[str, ...]:
        """The ids that an address spells out."""
        now, then = set(self.ids), set(self.stored)
        changes = (*(i for i in self.stored if i not in now), *(i for i in self.ids if i not in then))
        return self.ids if not self.kept or len(self.ids) <= len(changes) else changes

    def text(self) -> str:
        turned = self.turned()
        whole = not self.kept or turned == self.ids
        return ".".join(turned if whole else (f"kept-{self.kept}", *turned))

    def shortened(self, keep: Callable[[str], str]) -> "Folds":
        """The same folds, kept in the store if an address would have to spell out too many."""
        if len(self.turned()) <= MOST_WRITTEN:
            return self
        stored = tuple(sorted(self.ids))
        return Folds(self.ids, keep(".".join(stored)), stored)


def span_ids(text: str) -> tuple[str, ...]:
    return _ids(text, _SPAN_ID)


def fold_ids(text: str) -> tuple[str, ...]:
    return _ids(text, _FOLD)


def _ids(text: str, form: re.Pattern[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in text.lower().split(".") if form.fullmatch(part)))
