"""Keys whose values lie in tables beside spans and traces: peers, sources, warnings, calls, clocks, findings."""

from collections.abc import Sequence
from dataclasses import replace

from webapp.model.facts import EDGE_TYPES
from webapp.query.tree import Term
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.conditions.compare import Place, compare
from webapp.store.conditions.places import one_of
from webapp.store.conditions.where import TRUE, Where, either, every

_CALLS = f"""
trace_edges JOIN (
  SELECT DISTINCT
    caller_id, callee_id, type, a.name AS caller, b.name AS callee,
    caller || ' → ' || callee || CASE type
      WHEN {EDGE_TYPES.index("messaging")} THEN ' (messaging)' WHEN {EDGE_TYPES.index("link")} THEN ' (link)' ELSE ''
    END AS call
  FROM edge_totals JOIN nodes a ON a.node_id = caller_id JOIN nodes b ON b.node_id = callee_id
) USING (caller_id, callee_id, type)
"""
# key of the trace -> table with a row for each of its values, and what these are called there
TRACE_TABLES = {
    "finding": ("findings JOIN finding_kinds USING (kind_id)", ("code", "fingerprint")),
    "warning": ("trace_warnings", ("code",)),
    "call": (_CALLS, ("call",)),
    "caller": (_CALLS, ("caller",)),
    "callee": (_CALLS, ("callee",)),
    "skew": ("clock_shifts", ("caller || ' → ' || callee",)),
}
# a repair with the service of the span that was repaired, as “orphan · web”; of a code and trace the first hundred spans
REPAIRED = """
(
  SELECT DISTINCT w.trace_id, code, service, code || ' · ' || service AS repaired
  FROM trace_warnings w
  JOIN spans r ON r.trace_id = w.trace_id AND r.span_id = TRY_CAST('0x' || w.span_id AS UBIGINT)
  JOIN services USING (service_id)
)
"""
_SOURCE_NAMES = ("path", "source_id::VARCHAR")


def text_fits(term: Term, expression: str) -> Where:
    """A text that every row has."""
    if term.op == "?":
        return Where(f"{expression} != ''")
    return compare(term, [Place(expression, "str", present=TRUE)])


def of_peer(term: Term, catalogue: Catalogue) -> Where:
    """On `spans` as s."""
    named = Where("s.peer_id IS NOT NULL")
    if term.op == "?":
        return named
    fits = text_fits(replace(term, op="=") if term.op == "!=" else term, "name")
    found = catalogue.rows(f"SELECT node_id FROM nodes WHERE {fits.text}", fits.values)
    among = one_of("s.peer_id", sorted(number for (number,) in found))
    return every([named, among.negated()]) if term.op == "!=" else among


def of_source(term: Term, catalogue: Catalogue) -> Where:
    """On `spans` as s."""
    fits = compare(term, [Place(name, "str", present=TRUE) for name in _SOURCE_NAMES])
    found = catalogue.rows(f"SELECT source_id FROM sources WHERE {fits.text}", fits.values)
    return one_of("s.source_id", sorted(number for (number,) in found))


def of_trace(term: Term) -> Where:
    """On `traces` as t, for a key of TRACE_TABLES; a trace may have several values."""
    of_service = term.key == "warning" and " · " in term.value
    table, names = (REPAIRED, ("repaired",)) if of_service else TRACE_TABLES[term.key]
    positive = replace(term, op="=") if term.op == "!=" else term
    fits = _any(positive, names)
    among = Where(f"t.trace_id IN (SELECT trace_id FROM {table} WHERE {fits.text})", fits.values)
    some = Where(f"t.trace_id IN (SELECT trace_id FROM {table})")
    return every([some, among.negated()]) if term.op == "!=" else among


def _any(term: Term, names: Sequence[str]) -> Where:
    return either(text_fits(term, name) for name in names)
