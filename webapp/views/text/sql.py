"""SQL laid out: a line for each clause, deeper in subqueries, long lists broken at commas.

Only white space changes, and none within quotes and comments, or where the author broke lines already.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from webapp.views.text import Run, merged

_LONG = 92  # characters of a line from which its commas break it
_MOST = 20_000  # characters of a statement that is laid out
_MARK = re.compile(
    r"""\s+|'(?:[^']|'')*(?:'|\Z)|"[^"]*(?:"|\Z)|`[^`]*(?:`|\Z)|(\$[A-Za-z_]*\$).*?(?:\1|\Z)"""
    r"""|--.*|/\*.*?(?:\*/|\Z)|\w+|.""",
    re.DOTALL,
)
_FIRST = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|REPLACE)\s", re.IGNORECASE)
_CLAUSES = frozenset(
    {"SELECT", "FROM", "WHERE", "HAVING", "LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT", "VALUES", "SET",
     "RETURNING", "INSERT", "UPDATE", "DELETE", "MERGE", "WINDOW", "QUALIFY", "FETCH", "JOIN"}
)  # fmt: skip
_JOIN = frozenset({"JOIN", "OUTER", "APPLY", "LEFT", "RIGHT", "FULL", "INNER"})
_TOGETHER = {  # words that begin a clause with one of these behind them
    "GROUP": {"BY"}, "ORDER": {"BY"}, "ON": {"CONFLICT", "DUPLICATE"}, "FOR": {"UPDATE", "SHARE"},
    "LEFT": _JOIN, "RIGHT": _JOIN, "FULL": _JOIN, "INNER": _JOIN, "CROSS": _JOIN, "NATURAL": _JOIN,
}  # fmt: skip
_GOES_ON = {  # words that begin none with one of these before them
    "FROM": {"DELETE", "DISTINCT"}, "UPDATE": {"DO", "FOR", "KEY", "ON"}, "DELETE": {"ON"}, "SET": {"CHARACTER"},
}  # fmt: skip
_JOINING = {"LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "OUTER"}
_STRONG = (
    _CLAUSES | _TOGETHER.keys() | _JOIN | {"AND", "OR", "BY", "INTO", "WITH", "ALL", "DISTINCT", "CONFLICT"}
)


def is_sql(text: str) -> bool:
    return _FIRST.match(text) is not None


def laid_out(text: str) -> list[Run]:
    """Keywords strong. As it stands, where quotes may be escaped in a dialect's own way."""
    text = text.strip()
    if len(text) > _MOST or "\n" in text or "\\'" in text or '\\"' in text:
        return [Run(text)]
    return merged(_Layout().written(text))


@dataclass(slots=True)
class _Line:
    level: int
    marks: list[tuple[str, bool]] = field(default_factory=list)  # text, whether the line may break behind it

    def parts(self) -> Iterator["_Line"]:
        """Itself; if it is long, a line for each member of its list."""
        if sum(len(text) for text, _ in self.marks) <= _LONG:
            yield self
            return
        part = _Line(self.level)
        for text, breaks in self.marks:
            part.marks.append((text, breaks))
            if breaks:
                yield part
                part = _Line(self.level + 1)
        yield part

    def runs(self) -> Iterator[Run]:
        texts = [" " if text.isspace() else text for text, _ in self.marks]
        first = next((k for k, text in enumerate(texts) if text != " "), len(texts))
        last = next((k for k in range(len(texts), 0, -1) if texts[k - 1] != " "), 0)
        yield Run("  " * self.level)
        for text in texts[first:last]:
            yield Run(text, "strong" if text.upper() in _STRONG else "")


class _Layout:
    """One statement. `_open` holds for each open bracket whether a subquery stands in it."""

    def __init__(self) -> None:
        self._lines = [_Line(0)]
        self._open: list[bool] = []
        self._cases = 0
        self._between = False

    def written(self, text: str) -> list[Run]:
        marks = [found[0] for found in _MARK.finditer(text)]
        words = [mark.upper() for mark in marks if not mark.isspace()]
        place = 0
        for mark in marks:
            if mark.isspace():
                self._put(mark)
                continue
            place += 1
            self._take(
                mark, words[place - 2] if place > 1 else "", words[place] if place < len(words) else ""
            )
        runs: list[Run] = []
        for part in (part for line in self._lines for part in line.parts()):
            made = list(part.runs())
            if len(made) > 1:
                runs += [Run("\n"), *made] if runs else made
        return runs

    def _take(self, mark: str, before: str, after: str) -> None:
        word = mark.upper()
        ends_subquery = mark == ")" and self._open and self._open.pop()
        if ends_subquery or (self._breaks and _is_clause(word, before, after)):
            self._begin(self._level)
        elif self._breaks and word in ("AND", "OR") and not (word == "AND" and self._between):
            self._begin(self._level + 1)
        self._put(mark)
        if mark == "(":
            self._open.append(self._breaks and after in ("SELECT", "WITH"))
        if mark == ";" and not self._open:
            self._begin(0)
        self._cases = max(0, self._cases + (word == "CASE") - (word == "END"))
        self._between = word == "BETWEEN" or (self._between and word != "AND")

    @property
    def _level(self) -> int:
        return 2 * sum(self._open)

    @property
    def _breaks(self) -> bool:
        """Not within the brackets of a list, a call or a condition, and not within CASE."""
        return not self._cases and all(self._open)

    def _begin(self, level: int) -> None:
        self._lines.append(_Line(level))

    def _put(self, mark: str) -> None:
        self._lines[-1].marks.append((mark, mark == "," and self._breaks))


def _is_clause(word: str, before: str, after: str) -> bool:
    if before in _GOES_ON.get(word, ()) or (before in _JOINING and (word == "JOIN" or word in _JOINING)):
        return False
    return word in _CLAUSES or after in _TOGETHER.get(word, ())
