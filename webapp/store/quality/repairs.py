"""Lines about what repair of single traces found: parents, ids, cycles, ends, clocks."""

from collections.abc import Iterable

from webapp.model.facts import MOST_SHIFT_NS
from webapp.model.quality import Line, Place
from webapp.query import write_term
from webapp.store.conditions.beside import REPAIRED
from webapp.store.conditions.where import Where
from webapp.store.quality.asking import Asking

_WARNINGS = {
    "missing_parents": ("orphan",),
    "duplicate_ids": ("duplicate_id",),
    "cycles": ("cycle_broken", "self_parent"),
    "negative_duration": ("negative_duration",),
    "unfinished": ("unfinished",),
    "unknown_start": ("unknown_start",),
    "clock_skew": ("skew_adjusted",),
    "skew_conflict": ("skew_conflict",),
    "skew_too_large": ("skew_too_large",),
    "several_roots": ("multiple_roots",),
}
_OF_CLOCKS = ("clock_skew", "skew_too_large")
_MOST_PLACES = 20


def repair_lines(asking: Asking, traces: int) -> list[Line]:
    """`traces`: how many there are."""
    known = {code for (code,) in asking.cursor.execute("SELECT DISTINCT code FROM trace_warnings").fetchall()}
    return [
        line
        for code, warnings in _WARNINGS.items()
        if known.intersection(warnings) and (line := _line(asking, code, warnings, traces)).count
    ]


def _line(asking: Asking, code: str, warnings: tuple[str, ...], traces: int) -> Line:
    query = _either(warnings)
    count, exact = asking.traces(query)
    among = asking.trace_ids(query)
    facts = {"spans": _times(asking, warnings, among)}
    if code in _OF_CLOCKS:
        shifts = _shifts(code, among)
        places, facts = _pairs(asking, query, shifts), facts | _largest(asking, shifts)
    else:
        places = _services(asking, warnings, among)
    return Line(
        code=code, unit="traces", count=count, total=traces, query=asking.within(query), exact=exact, places=places,
        facts=facts,
    )  # fmt: skip


def _times(asking: Asking, warnings: tuple[str, ...], among: Where) -> int:
    found = asking.cursor.execute(
        f"""
        SELECT coalesce(sum(count), 0)::BIGINT
        FROM trace_warnings
        WHERE list_contains(?, code) AND trace_id IN ({among.text})
        """,
        [list(warnings), *among.values],
    ).fetchall()
    return int(found[0][0])


def _services(asking: Asking, warnings: tuple[str, ...], among: Where) -> list[Place]:
    """Whose spans were repaired, in how many traces."""
    found = asking.cursor.execute(
        f"""
        SELECT service, count(DISTINCT trace_id) AS traces
        FROM {REPAIRED}
        WHERE list_contains(?, code) AND trace_id IN ({among.text})
        GROUP BY service
        ORDER BY traces DESC, service
        LIMIT {_MOST_PLACES}
        """,
        [list(warnings), *among.values],
    ).fetchall()
    return [
        Place(service, traces, asking.within(_either(f"{warning} · {service}" for warning in warnings)))
        for service, traces in found
    ]


def _either(repairs: Iterable[str]) -> str:
    terms = [write_term("trace.warning", "=", repair) for repair in repairs]
    return f"({' OR '.join(terms)})" if len(terms) > 1 else terms[0]


def _pairs(asking: Asking, query: str, shifts: Where) -> list[Place]:
    """Pairs of clocks with the usual shift and the largest, those of most traces first."""
    found = asking.cursor.execute(
        f"""
        SELECT caller || ' → ' || callee AS pair, median(shift_ns)::BIGINT, arg_max(shift_ns, abs(shift_ns))
        FROM {shifts.text}
        GROUP BY caller, callee
        ORDER BY count(DISTINCT trace_id) DESC, pair
        LIMIT {_MOST_PLACES}
        """,
        list(shifts.values),
    ).fetchall()
    places = []
    for pair, median_ns, largest_ns in found:
        both = f"{query} {write_term('trace.skew', '=', pair)}"
        facts = {"median_ns": median_ns, "largest_ns": largest_ns}
        places.append(Place(pair, asking.traces(both)[0], asking.within(both), facts=facts))
    return places


def _largest(asking: Asking, shifts: Where) -> dict[str, int]:
    found = asking.cursor.execute(
        f"""
        SELECT count(DISTINCT (caller, callee)), coalesce(arg_max(shift_ns, abs(shift_ns)), 0)
        FROM {shifts.text}
        """,
        list(shifts.values),
    ).fetchall()
    pairs, largest_ns = found[0]
    return {"pairs": int(pairs), "largest_ns": int(largest_ns)}


def _shifts(code: str, among: Where) -> Where:
    """FROM and WHERE of the shifts that a line is about."""
    applied = "<=" if code == "clock_skew" else ">"
    return Where(
        f"clock_shifts WHERE abs(shift_ns) {applied} {MOST_SHIFT_NS} AND trace_id IN ({among.text})",
        among.values,
    )
