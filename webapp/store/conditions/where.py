"""SQL conditions with their bound values, and how they combine. Not here: what they say (`sql.py`)."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Where:
    """`text` holds one `?` a value. Conditions may be NULL where they do not hold; `negated` counts on it."""

    text: str
    values: tuple[object, ...] = ()

    def negated(self) -> "Where":
        return Where(f"({self.text}) IS NOT TRUE", self.values)


TRUE = Where("true")
FALSE = Where("false")


def every(conditions: Iterable[Where]) -> Where:
    kept = [condition for condition in conditions if condition != TRUE]
    return FALSE if FALSE in kept else _joined(kept, "AND", TRUE)


def either(conditions: Iterable[Where]) -> Where:
    kept = [condition for condition in conditions if condition != FALSE]
    return TRUE if TRUE in kept else _joined(kept, "OR", FALSE)


def _joined(conditions: list[Where], word: str, nothing: Where) -> Where:
    if len(conditions) < 2:
        return conditions[0] if conditions else nothing
    text = f" {word} ".join(f"({condition.text})" for condition in conditions)
    return Where(text, tuple(value for condition in conditions for value in condition.values))
