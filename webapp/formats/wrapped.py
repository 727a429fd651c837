"""Records taken out of what wraps them, however deep: lists, answers of searches, exports. No meaning of records here."""

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
_FEWEST_COLUMNS = 4  # ids, a name and a time


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


def in_rows(value: object) -> object:
    """A table that is written column by column, as pandas does, as the list of its rows; anything else as it is."""
    if not isinstance(value, dict) or len(value) < 2:
        return value
    names, rows = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(name, str) for name in names):
        return [dict(zip(names, row, strict=False)) for row in rows if isinstance(row, list)]
    columns = list(value.values())
    if len(columns) < _FEWEST_COLUMNS or not any(_is_trace_id(key, column) for key, column in value.items()):
        return value
    if all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
    if all(isinstance(column, dict) and column.keys() == columns[0].keys() for column in columns):
        return [{name: column[row] for name, column in value.items()} for row in columns[0]]
    return value


def _is_trace_id(key: str, column: object) -> bool:
    cells = column.values() if isinstance(column, dict) else column if isinstance(column, list) else ()
    spelled = "".join(letter for letter in key.lower() if letter.isalnum())
    return spelled.endswith("traceid") and isinstance(next(iter(cells), None), str | int)
