"""Query → conditions on `spans` (as s) and `traces` (as t). Values are bound, identifiers come from the catalogue.

The meaning is that of `query/match.py`; what a query asks of keys and services that the store lacks becomes notes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from webapp.errors import BadQuery
from webapp.model.results import Note
from webapp.query import Query, did_you_mean
from webapp.query.keys import OWN_KEYS, TRACE_KEYS
from webapp.query.lexer import lex
from webapp.query.spelling import write_key, write_value
from webapp.query.tree import (
    And,
    Group,
    Measure,
    Node,
    Not,
    Or,
    Relation,
    SpanSet,
    Term,
    found_sets,
    leaves,
    speaks_of_spans,
    tips,
)
from webapp.store.conditions import beside, ids
from webapp.store.conditions.beside import text_fits
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.compare import compare
from webapp.store.conditions.measures import measured
from webapp.store.conditions.nested import named_places, nested_places
from webapp.store.conditions.places import OWN_PLACES, TRACE_PLACES, attribute_places, free_text, one_of
from webapp.store.conditions.where import FALSE, TRUE, Where, either, every
from webapp.store.insights.looked import all_looked_at

_NOT_ALL_LOOKED_AT = Note("Not all traces were looked at for findings yet: see how far it is on /insights.")
_BESIDE = {"peer": beside.of_peer, "source": beside.of_source}


@dataclass(frozen=True, slots=True)
class Fitting:
    """The spans of braces: a condition on s, and on t too if `about_trace`."""

    condition: Where
    about_trace: bool

    def rows(self, within: Where) -> Where:
        """FROM and WHERE that give them."""
        source = "spans s JOIN traces t USING (trace_id)" if self.about_trace else "spans s"
        inside = every([within, self.condition])
        return Where(f"FROM {source} WHERE {inside.text}", inside.values)


@dataclass(frozen=True, slots=True)
class Related:
    """`query.tree.Relation`, planned."""

    left: "Sought"
    kind: str
    right: "Sought"


Sought = Fitting | Related


# Knows the traces, as a condition on t, that have spans in a relation, which are `having` something together.
Look = Callable[[Related, Where], Where]


@dataclass(frozen=True, slots=True)
class Plan:
    """A query taken apart: what one span must fit, what its trace must fit, and what needs both rows at once.

    `spans` is None when the query speaks of no span outside of braces; `shown` is then what it finds within them.
    `whole`: false if relations were looked for among the newest traces alone, as far as time allowed.
    """

    spans: Where | None
    traces: Where
    both: Where | None
    notes: tuple[Note, ...]
    shown: tuple[Sought, ...] = ()
    whole: bool = True


def plan(query: Query, catalogue: Catalogue, look: Look = lambda *_: FALSE, within: Where = TRUE) -> Plan:
    """Raises BadQuery for a regular expression that the store does not know.

    `look` finds what stands in a relation; `within` is true of all spans of the traces that are asked for.
    """
    writer = _Writer(query.text, catalogue, look, within)
    spans: list[Where] = []
    traces: list[Where] = []
    both: list[Where] = []
    for node in _conjuncts(query.root):
        about_trace = {not isinstance(tip, Term) or tip.scope == "trace" for tip in tips(node)}
        kind = both if len(about_trace) > 1 else traces if about_trace == {True} else spans
        kind.append(writer.condition(node))
    return Plan(
        every(spans) if spans or both else None,
        every(traces),
        every(both) if both else None,
        tuple(dict.fromkeys(writer.notes)),
        () if speaks_of_spans(query.root) else tuple(map(writer.sought, found_sets(query.root))),
    )


def _conjuncts(node: Node | None) -> list[Node]:
    if isinstance(node, And):
        return [inner for part in node.parts for inner in _conjuncts(part)]
    return [] if node is None else [node]


class _Writer:
    """Writes the conditions of one query and collects what is to be said about it."""

    def __init__(self, text: str, catalogue: Catalogue, look: Look, within: Where) -> None:
        self._text = text
        self._catalogue = catalogue
        self._look, self._within = look, within
        self.notes: list[Note] = []

    def condition(self, node: Node) -> Where:
        match node:
            case And(parts):
                return every([self.condition(part) for part in parts])
            case Or(parts):
                return either([self.condition(part) for part in parts])
            case Not(part):
                return self.condition(part).negated()
            case Group() | Relation():
                return self._traces(self.sought(node), TRUE)
            case Measure():
                having, without = measured(node, self._catalogue)
                found = self._traces(self.sought(node.spans), having)
                return found.negated() if without else found
        self._check_pattern(node)
        if node.scope == "text":
            return free_text(node, self._catalogue)
        if node.scope == "own":
            return self._own(node)
        return self._trace(node) if node.scope == "trace" else self._attribute(node)

    def _traces(self, sought: Sought, having: Where) -> Where:
        """That the trace has such spans, which are `having` something together."""
        if isinstance(sought, Related):
            return self._look(sought, having)
        spans = sought.rows(self._within)
        grouped = f"GROUP BY s.trace_id HAVING {having.text}" if having != TRUE else ""
        values = (*spans.values, *(having.values if grouped else ()))
        return Where(f"t.trace_id IN (SELECT s.trace_id {spans.text} {grouped})", values)

    def sought(self, spans: SpanSet) -> Sought:
        if isinstance(spans, Relation):
            return Related(self.sought(spans.left), spans.kind, self.sought(spans.right))
        if spans.inner is None:
            return Fitting(TRUE, about_trace=False)
        about_trace = any(term.scope == "trace" for term in leaves(spans.inner))
        return Fitting(self.condition(spans.inner), about_trace)

    def _check_pattern(self, term: Term) -> None:
        wrong = self._catalogue.pattern_error(term.value) if term.op == "~" else ""
        if wrong:
            raise BadQuery(
                f"“{term.value}” is not a regular expression: {wrong}.",
                text=self._text, position=term.start, length=term.end - term.start,
            )  # fmt: skip

    def _own(self, term: Term) -> Where:
        if term.key == "service":
            return self._service(term)
        if term.key == "name":
            return one_of("s.operation_id", self._catalogue.operation_ids(text_fits(term, "name")))
        if term.key in _BESIDE:
            return _BESIDE[term.key](term, self._catalogue)
        if "." in term.key:
            return compare(term, named_places(self._catalogue, term.key))
        if term.key == "status_message" and term.op == "?":
            return Where("s.status_message != ''")
        if OWN_KEYS[term.key].type == "id":
            return _either_way(term, ids.of_span(term))
        return compare(term, [OWN_PLACES[term.key]])

    def _service(self, term: Term) -> Where:
        found = self._catalogue.services(text_fits(term, "service"))
        if not found and term.op == "=" and not term.wild:
            found = self._catalogue.services(Where("contains(lower(service), lower(?))", (term.value,)))
            self._note_service(term, [name for _, name in found])
        return one_of("s.service_id", [number for number, _ in found])

    def _trace(self, term: Term) -> Where:
        if term.key == "id":
            return _either_way(term, ids.of_trace(term))
        if term.key == "service":
            found = text_fits(replace(term, op="=") if term.op == "!=" else term, "x.service")
            among = Where(f"len(list_filter(t.services, lambda x: {found.text})) > 0", found.values)
            return every([Where("len(t.services) > 0"), among.negated()]) if term.op == "!=" else among
        if term.key in beside.TRACE_TABLES:
            if term.key == "finding" and not all_looked_at(self._catalogue.cursor):
                self.notes.append(_NOT_ALL_LOOKED_AT)
            return beside.of_trace(term)
        places = TRACE_PLACES[term.key]
        if term.op == "?":
            return either(Where(f"{place.expression} != ''") for place in places)
        return compare(term, places)

    def _attribute(self, term: Term) -> Where:
        if term.scope in ("event", "link", "scope"):
            return compare(term, nested_places(self._catalogue, term.scope, term.key))
        if not self._catalogue.knows(term.key):
            known = [*self._catalogue.keys(), *OWN_KEYS, *(f"trace.{key}" for key in TRACE_KEYS)]
            near = did_you_mean(term.key, known)
            written = near if near in OWN_KEYS or near.startswith("trace.") else write_key(near)
            self._note_unknown(term, f"No span has an attribute “{term.key}”", near, written)
        return compare(term, attribute_places(self._catalogue, term.scope, term.key))

    def _note_service(self, term: Term, instead: list[str]) -> None:
        missing = f"No service is called “{term.value}”"
        if instead:
            more = " …" if len(instead) > 3 else ""
            self.notes.append(Note(f"{missing}; this finds {', '.join(instead[:3])}{more}."))
            return
        near = did_you_mean(term.value, [name for _, name in self._catalogue.services(TRUE)])
        self._note_unknown(term, missing, near, write_value(near))

    def _note_unknown(self, term: Term, missing: str, near: str, written: str) -> None:
        """`written` takes the place of the wrong key, or of the wrong service, in the query that is offered."""
        if not near:
            self.notes.append(Note(f"{missing}."))
            return
        tokens = [token for token in lex(self._text[term.start : term.end]) if token.kind != "space"]
        wrong = tokens[-1] if term.scope == "own" else tokens[0]
        before, after = self._text[: term.start + wrong.start], self._text[term.start + wrong.end :]
        self.notes.append(Note(f"{missing}; did you mean {near}?", before + written + after))


def _either_way(term: Term, fits: Where) -> Where:
    return fits.negated() if term.op == "!=" else fits
