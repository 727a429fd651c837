"""A parsed query: terms under AND, OR and NOT; the time window beside it. Shapes only, no meaning."""

from collections.abc import Iterator
from dataclasses import dataclass, field

Number = int | float


@dataclass(frozen=True, slots=True)
class Window:
    """Traces that start in [from_ns, to_ns); None is open."""

    from_ns: int | None = None
    to_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """`key op value`. Terms that mean the same are equal, wherever they stand and however they are spelled.

    `scope`: `text` (free text, no key), `own` (what every span has: service, duration …), `trace`, `span`,
    `resource`, or `any` (a span or resource attribute). `op`: = != > >= < <= ~ and `?` (has; no value).
    `value` is normalised: ns for durations and times, `true`/`false` for flags, hex for ids.
    `number` is the value as a number where it is one; `wild` says that `*` in the value stands for anything.
    `start`, `end`: where it stands in the text.
    """

    scope: str
    key: str
    op: str
    value: str = ""
    number: Number | None = None
    wild: bool = False
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


Node = Term | And | Or | Not


@dataclass(frozen=True, slots=True)
class Query:
    """`root` is None for the empty query, which everything matches. `text` is what was written.

    `extents`: where in the text each of the `conjuncts` stands (start, end).
    """

    text: str
    root: Node | None
    extents: tuple[tuple[int, int], ...] = field(default=(), compare=False)

    @property
    def conjuncts(self) -> tuple[Node, ...]:
        """The parts that must all hold, as the user sees them: a group in parentheses is one part."""
        if self.root is None:
            return ()
        return self.root.parts if isinstance(self.root, And) and len(self.extents) > 1 else (self.root,)


def leaves(node: Node | None) -> Iterator[Term]:
    """All terms, from left to right."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.part)
    elif node is not None:
        for part in node.parts:
            yield from leaves(part)


def speaks_of_spans(node: Node | None) -> bool:
    """Whether any term is about a span rather than about the whole trace."""
    return any(term.scope != "trace" for term in leaves(node))
