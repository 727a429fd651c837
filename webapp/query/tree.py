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
    `resource`, `event`, `link`, `scope`, or `any` (a span or resource attribute). `op`: = != > >= < <= ~ and `?`
    (has; no value). `value` is normalised: ns for durations and times, `true`/`false` for flags, hex for ids.
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


@dataclass(frozen=True, slots=True)
class Group:
    """`{…}`: the spans of a trace that fit `inner`, which holds terms alone; None: all of them."""

    inner: "Node | None"


@dataclass(frozen=True, slots=True)
class Relation:
    """The spans of `right` that stand in a relation to a span of `left`; with ! before it, to none of `left`.

    `kind`: >> below it, > its child, << above it, < its parent, ~ beside it under the same parent.
    """

    left: "SpanSet"
    kind: str
    right: "SpanSet"


@dataclass(frozen=True, slots=True)
class Measure:
    """`count({…})>3`: what some spans of a trace come to. `term` compares `key`, which count has none of."""

    function: str
    spans: "SpanSet"
    term: Term


SpanSet = Group | Relation
TracePart = Group | Relation | Measure  # what is asked of a trace as a whole, beside `trace.` terms
Node = Term | And | Or | Not | TracePart


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


def tips(node: Node | None) -> Iterator[Term | TracePart]:
    """What AND, OR and NOT connect, from left to right; braces and measures are one tip each."""
    if isinstance(node, Not):
        yield from tips(node.part)
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from tips(part)
    elif node is not None:
        yield node


def leaves(node: Node | None) -> Iterator[Term]:
    """The terms outside of braces, from left to right."""
    yield from (tip for tip in tips(node) if isinstance(tip, Term))


def found_sets(node: Node | None) -> list[SpanSet]:
    """Braces and relations that are not under a NOT: whose spans a query shows that names no others."""
    if isinstance(node, And | Or):
        return list(dict.fromkeys(spans for part in node.parts for spans in found_sets(part)))
    if isinstance(node, Measure):
        return [node.spans]
    return [node] if isinstance(node, Group | Relation) else []


def speaks_of_spans(node: Node | None) -> bool:
    """Whether any term outside of braces is about a span rather than about the whole trace."""
    return any(term.scope != "trace" for term in leaves(node))
