"""Records taken out of what wraps them, however deep: lists, answers of searches, exports. No meaning of records here."""

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]


def unwrapped(value: object, inside: Callable[[Json], object]) -> Iterator[Json]:
    """The records in `value`, in their order. `inside` gives what an object wraps, None if it is a record itself."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, dict):
            inner = inside(one)
            if inner is None:
                yield one
            else:
                waiting.append(inner)
