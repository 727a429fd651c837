"""What is said of a table whose columns nobody knows: what it has, a guess for each field, and how to settle it."""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self

from webapp.errors import NotTraces
from webapp.formats.tables.names import RESOURCE_KEYS, letters

_LISTED = 30
_LONGEST_NAME = 60
_PATH = "FILE"
# the fields that are asked for, and words in the names of columns that may hold them; the first are the surest
_HINTS: dict[str, tuple[str, ...]] = {
    "trace_id": ("trace", "traceid", "tid", "correlation", "correlationid", "transaction", "request", "requestid"),
    "span_id": ("span", "spanid", "sid", "rpcid", "segment", "segmentid", "rpc", "id", "uuid"),
    "parent_span_id": ("parent", "parentid", "pid", "psid", "caller", "upstream"),
    "name": (
        "op", "operation", "name", "method", "interface", "endpoint", "action", "function", "handler", "path", "url",
        "uri", "api", "request", "label",
    ),
    "service": ("service", "svc", "app", "component", "module", "dm", "microservice", "server", "role", "host", "pod"),
    "start": ("start", "begin", "timestamp", "ts", "time", "date", "datetime", "when"),
    "end": ("end", "finish", "stop", "until"),
    "duration": ("duration", "dur", "took", "elapsed", "latency", "rt", "cost"),
}  # fmt: skip
_ASKED = {
    "trace_id": "trace id",
    "span_id": "span id",
    "name": "span name",
    "start": "start time",
    "duration": "duration or end time",
}
_IS_TIME = re.compile(r"\d{10}(?:\.\d+)?|\d{13}|\d{16}|\d{19}|\d{4}-\d\d-\d\d[T ].*")
_LOOKS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("trace_id", re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}").fullmatch),
    ("span_id", re.compile(r"(?=.*\d)[0-9a-f]{16}").fullmatch),
    ("start", _IS_TIME.fullmatch),
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class UnknownTable(NotTraces):
    """`fields` are known by name, `missing` are not, `absent` are columns that the user named and that are not there."""

    def __init__(
        self,
        columns: Sequence[str],
        fields: Mapping[str, str],
        missing: Sequence[str],
        absent: Sequence[str] = (),
    ) -> None:
        self.columns = columns
        self.missing = list(missing)
        self.guesses = guesses(columns, fields)
        told = ", ".join(_ASKED.get(field, field) for field in missing)
        lack = f" without columns for {told}" if missing else " of log lines"
        there = f"; there is no {' and no '.join(absent)}" if absent else ""
        super().__init__(f"A table{lack}{there}; it has {_listed(columns)}.", hint=self._advice(_PATH))

    def seeing(self, sample: Sequence[object]) -> Self:
        """With guesses by the look of the values in one row, where names say nothing."""
        values = dict(zip(self.columns, sample, strict=False))
        for field, looks in _LOOKS:
            free = (
                name
                for name, value in values.items()
                if name not in self.guesses.values() and looks(str(value))
            )
            if field not in self.guesses and (column := next(free, None)):
                self.guesses[field] = column
        self.hint = self._advice(_PATH)
        return self

    def about(self, path: str) -> NotTraces:
        """The same with the command to read this file."""
        return NotTraces(self.message, where=path, hint=self._advice(path))

    @property
    def is_likely(self) -> bool:
        """Whether there is reason to think that the rows are spans."""
        return "trace_id" in self.guesses and "start" in self.guesses

    def _advice(self, path: str) -> str:
        named = dict.fromkeys(self.missing, "COLUMN") | self.guesses
        options = [f"--map {shlex.quote(f'{named[field]}={field}')}" for field in _HINTS if field in named]
        said = f"tailrace serve {shlex.quote(path)} {' '.join(options)}"
        blank = " with its names in place of COLUMN" if "COLUMN" in named.values() else ""
        return f"If each row is a span, say which column is which{blank}: {said}"


def guesses(columns: Sequence[str], fields: Mapping[str, str]) -> dict[str, str]:
    """By field the column that may hold it, judged by words in its name; no column twice."""
    found = {field: fields[field] for field in _HINTS if field in fields}
    words = {column: _words(column) for column in columns[:1_000]}
    places = [column for column in words if letters(column) in RESOURCE_KEYS]
    for field, hints in _HINTS.items():
        taken = {*found.values(), *(() if field == "service" else places)}
        free = [column for column in words if column not in taken]
        likely = ((column, hint) for hint in hints for column in free if hint in words[column])
        settled = field == "duration" and "end" in found
        if field not in found and not settled and (first := next(likely, None)):
            found[field] = first[0]
    return found


def _words(column: str) -> set[str]:
    words = {word.lower() for word in _WORD.findall(column[:_LONGEST_NAME])}
    return words | {column.lower().replace("_", "")}


def _listed(columns: Iterable[str]) -> str:
    named = list(columns)
    if not named:
        return "no columns"
    more = f" and {len(named) - _LISTED:,} more" if len(named) > _LISTED else ""
    return ", ".join(column[:_LONGEST_NAME] for column in named[:_LISTED]) + more
