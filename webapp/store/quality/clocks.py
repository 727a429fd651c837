"""Lines about times: as how whole numbers they are written, and spans whose unit does not fit that of their calls."""

from webapp.model.quality import Line
from webapp.model.spans import Kind
from webapp.query import write_term
from webapp.store.quality.asking import Asking
from webapp.store.quality.practice import services_of

_UNITS = (("whole_seconds", 1_000_000_000), ("whole_ms", 1_000_000), ("whole_us", 1_000))
_LEAST_SPANS = 10  # of a service: fewer times may be whole by chance
_LEAST_CALLS = 20
_LONGER = 100  # times as long as the call that a span answers: no waiting explains that
_SHORTER, _LONG_NS = (
    500,
    1_000_000,
)  # a part of a call that takes so long at least: waiting seldom explains that
_MOST_NAMED = 50  # services in one query
_NEWEST = 1_000_000  # spans whose calls are looked at


def precision_lines(asking: Asking, spans: int) -> list[Line]:
    """Services all of whose times are whole numbers of a unit; each is told under the greatest."""
    whole = ", ".join(f"bool_and(start_ns % {ns} = 0 AND end_ns % {ns} = 0)" for _, ns in _UNITS)
    found = asking.cursor.execute(
        f"""
        SELECT service, {whole}
        FROM spans s JOIN services USING (service_id)
        WHERE {asking.rows.text}
        GROUP BY service
        HAVING count(*) >= {_LEAST_SPANS}
        ORDER BY count(*) DESC, service
        """,
        list(asking.rows.values),
    ).fetchall()
    lines = []
    for place, (code, _) in enumerate(_UNITS, 1):
        services = [row[0] for row in found if row[place] and not any(row[1:place])]
        if services:
            lines.append(_of_services(asking, code, services, spans))
    return lines


def unit_lines(asking: Asking, spans: int) -> list[Line]:
    """Services whose spans usually last far longer, or far shorter, than the calls that they answer; among the newest."""
    [(first, newest)] = asking.cursor.execute("SELECT min(span_row), max(span_row) FROM spans").fetchall()
    found = asking.cursor.execute(
        f"""
        SELECT service, median(s.duration_ns / c.duration_ns), median(c.duration_ns)
        FROM spans s
        JOIN spans c ON c.trace_id = s.trace_id AND c.span_id = s.parent_id AND c.service_id <> s.service_id
        JOIN services ON services.service_id = s.service_id
        WHERE {asking.rows.text} AND s.kind = {Kind.SERVER.value} AND c.kind = {Kind.CLIENT.value}
          AND s.duration_ns > 0 AND c.duration_ns > 0
          AND s.span_row > {newest - _NEWEST} AND c.span_row > {newest - _NEWEST}
        GROUP BY service
        HAVING count(*) >= {_LEAST_CALLS}
        ORDER BY service
        """,
        list(asking.rows.values),
    ).fetchall()
    among = {"newest": _NEWEST} if first <= newest - _NEWEST else {}
    longer = {service: times for service, times, _ in found if times >= _LONGER}
    shorter = {service: 1 / times for service, times, ns in found if times <= 1 / _SHORTER and ns >= _LONG_NS}
    return [
        _of_services(asking, code, list(services), spans, "kind=server", {"times": round(least), **among})
        for code, services in (("longer_than_call", longer), ("shorter_than_call", shorter))
        if (least := min(services.values(), default=0))
    ]


def _of_services(
    asking: Asking, code: str, services: list[str], spans: int, query: str = "", facts: dict[str, int] | None = None
) -> Line:  # fmt: skip
    named = " OR ".join(write_term("service", "=", service) for service in services[:_MOST_NAMED])
    text = f"({named}) {query}".strip() if len(services) > 1 else f"{named} {query}".strip()
    [counted] = asking.spans([text])
    places = services_of(asking, query, counted.services)
    named_services = min(len(services), _MOST_NAMED)
    known = {"services": named_services, "more": len(services) - named_services, **(facts or {})}
    return Line(
        code=code, unit="spans", count=counted.spans, total=spans, query=asking.within(text), traces=counted.traces,
        places=places, facts=known,
    )  # fmt: skip
