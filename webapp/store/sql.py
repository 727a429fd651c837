"""Query → conditions on `spans` (as s) and `traces` (as t). Values are bound, identifiers come from the catalogue.

The meaning is that of `query/match.py`; what a query asks of keys and services that the store lacks becomes notes.
"""

from dataclasses import dataclass, replace

from webapp.errors import BadQuery
from webapp.model.results import Note
from webapp.query import Query, did_you_mean
from webapp.query.keys import OWN_KEYS, TRACE_KEYS
from webapp.query.lexer import lex
from webapp.query.spelling import write_key, write_value
from webapp.query.tree import And, Node, Not, Or, Term, leaves
from webapp.store import ids
from webapp.store.catalogue import Catalogue
from webapp.store.compare import Place, compare
from webapp.store.places import OWN_PLACES, TRACE_PLACES, attribute_places, free_text, one_of
from webapp.store.where import TRUE, Where, either, every


@dataclass(frozen=True, slots=True)
class Plan:
    """A query taken apart: what one span must fit, what its trace must fit, and what needs both rows at once.

    `spans` is None when the query does not speak of spans.
    """

    spans: Where | None
    traces: Where
    both: Where | None
    notes: tuple[Note, ...]


def plan(query: Query, catalogue: Catalogue) -> Plan:
    """Raises BadQuery for a regular expression that the store does not know."""
    writer = _Writer(query.text, catalogue)
    spans: list[Where] = []
    traces: list[Where] = []
    both: list[Where] = []
    for node in _conjuncts(query.root):
        about_trace = {term.scope == "trace" for term in leaves(node)}
        kind = both if len(about_trace) > 1 else traces if about_trace == {True} else spans
        kind.append(writer.condition(node))
    return Plan(
        every(spans) if spans or both else None,
        every(traces),
        every(both) if both else None,
        tuple(dict.fromkeys(writer.notes)),
    )


def _conjuncts(node: Node | None) -> list[Node]:
    if isinstance(node, And):
        return [inner for part in node.parts for inner in _conjuncts(part)]
    return [] if node is None else [node]


class _Writer:
    """Writes the conditions of one query and collects what is to be said about it."""

    def __init__(self, text: str, catalogue: Catalogue) -> None:
        self._text = text
        self._catalogue = catalogue
        self.notes: list[Note] = []

    def condition(self, node: Node) -> Where:
        match node:
            case And(parts):
                return every([self.condition(part) for part in parts])
            case Or(parts):
                return either([self.condition(part) for part in parts])
            case Not(part):
                return self.condition(part).negated()
        self._check_pattern(node)
        if node.scope == "text":
            return free_text(node, self._catalogue)
        if node.scope == "own":
            return self._own(node)
        return self._trace(node) if node.scope == "trace" else self._attribute(node)

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
            return one_of("s.operation_id", self._catalogue.operation_ids(_text(term, "name")))
        if term.op == "?":  # only texts can be asked this
            return Where("s.status_message != ''")
        if OWN_KEYS[term.key].type == "id":
            return _either_way(term, ids.of_span(term))
        return compare(term, [OWN_PLACES[term.key]])

    def _service(self, term: Term) -> Where:
        found = self._catalogue.services(_text(term, "service"))
        if not found and term.op == "=" and not term.wild:
            found = self._catalogue.services(Where("contains(lower(service), lower(?))", (term.value,)))
            self._note_service(term, [name for _, name in found])
        return one_of("s.service_id", [number for number, _ in found])

    def _trace(self, term: Term) -> Where:
        if term.key == "id":
            return _either_way(term, ids.of_trace(term))
        if term.key == "service":
            found = _text(replace(term, op="=") if term.op == "!=" else term, "x.service")
            among = Where(f"len(list_filter(t.services, lambda x: {found.text})) > 0", found.values)
            return every([Where("len(t.services) > 0"), among.negated()]) if term.op == "!=" else among
        places = TRACE_PLACES[term.key]
        if term.op == "?":
            return either(Where(f"{place.expression} != ''") for place in places)
        return compare(term, places)

    def _attribute(self, term: Term) -> Where:
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


def _text(term: Term, expression: str) -> Where:
    """A text that every row has."""
    if term.op == "?":
        return Where(f"{expression} != ''")
    return compare(term, [Place(expression, "str", present=TRUE)])
