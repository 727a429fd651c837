"""Lines about single spans: their times and names, and what they should have said of errors, queries and calls."""

from collections.abc import Iterable, Mapping, Sequence

from webapp.model import display
from webapp.model.quality import MANY_SPANS, Line, Place
from webapp.query import write_key, write_term
from webapp.store.quality.asking import Asking, Counted

_DAY_NS = 86_400_000_000_000
_DATABASE = ("db.system.name", "db.system")
_KEPT_BY_KEY = ("redis", "memcached")  # have neither statements nor tables
_TELLS_QUERY = (
    "db.query.text",
    "db.statement",
    "db.query.summary",
    "db.collection.name",
    "db.sql.table",
    "db.stored_procedure.name",
    "db.mongodb.collection",
    "db.cassandra.table",
    "db.elasticsearch.path_parts.index",
    "aws.dynamodb.table_names",
    "mongodb.collection",
    "mongodb.query",
    "sql.query",
)
# nothing to tell, or told by the name itself
_TOLD_BY_NAME = (
    r'-name~"(?i)\b(connect|ping|commit|rollback|begin|prepare|(from|into|join|update|table) \S)'
    r'|^\w+ .*[(*;=?]|^select \d"'
)
_SILENT = 'error -error_message? -event.name=exception -event.level~"(?i)^(error|fatal|critical)$"'
_TELLS_WHY = ("rpc.grpc.status_code", "rpc.response.status_code", "grpc.status.code", "grpc.status_code")
_TELLS_CALLED = (
    "rpc.service",
    "gen_ai.provider.name",
    "gen_ai.system",
    "faas.invoked_name",
    "aws.remote.service",
    "_dd.base_service",  # the service is that of the called
)
_URL_IN_NAME = '-name~"://[^/]"'
_MOST_PLACES = 20
_MOST_CALLERS = 5  # looked for one after the other


def span_lines(asking: Asking, now_ns: int) -> list[Line]:
    questions = {
        "zero_duration": ("duration=0", ""),
        "no_service": ('(service=unknown_service* OR service~"^$")', ""),
        "from_zero": ("start<1970-01-02 -start=0", ""),
        "early_times": ("start>=1970-01-02 start<2000-01-01", ""),
        "future_times": (f"start>{display.iso(now_ns + _DAY_NS)}", ""),
        "day_long": ("duration>24h", ""),
        "silent_errors": (_SILENT + _without(asking, _TELLS_WHY), "error"),
        **_vague_queries(asking),
    }
    texts = list(dict.fromkeys(text for pair in questions.values() for text in pair))
    counted = dict(zip(texts, asking.spans(texts), strict=True))
    return [
        line_of(asking, code, query, counted[query], counted[of].spans)
        for code, (query, of) in questions.items()
        if counted[query].spans
    ]


def line_of(
    asking: Asking,
    code: str,
    query: str,
    counted: Counted,
    total: int,
    subject: str = "",
    facts: Mapping[str, int | str] | None = None,
) -> Line:
    """A line that counts spans, with their services."""
    return Line(
        code=code, unit="spans", count=counted.spans, total=total, query=asking.within(query), traces=counted.traces,
        subject=subject, places=services_of(asking, query, counted.services),
        facts={"services": len(counted.services), **(facts or {})},
    )  # fmt: skip


def services_of(asking: Asking, query: str, services: Sequence[tuple[str, int]]) -> list[Place]:
    return [
        Place(name, count, asking.within(f"{write_term('service', '=', name)} {query}".strip()))
        for name, count in services[:_MOST_PLACES]
    ]


def _vague_queries(asking: Asking) -> dict[str, tuple[str, str]]:
    """Only of keys that some span has: a search says of each other that nobody has it."""
    systems = _known(asking, _DATABASE)
    if not systems:
        return {}
    calls = f"kind=client ({' OR '.join(f'{key}?' for key in systems)})"
    calls += "".join(f" -{key}={name}" for key in systems for name in _KEPT_BY_KEY)
    return {"vague_queries": (f"{calls} {_TOLD_BY_NAME}{_without(asking, _TELLS_QUERY)}", calls)}


def _without(asking: Asking, keys: Iterable[str]) -> str:
    """That a span has none of these keys."""
    return "".join(f" -{key}?" for key in _known(asking, keys))


def _known(asking: Asking, keys: Iterable[str]) -> list[str]:
    return [write_key(key) for key in keys if asking.catalogue.knows(key)]


def root_services(asking: Asking, query: str) -> list[Place]:
    """Of the traces that fit, by the service of their root."""
    among = asking.trace_ids(query)
    found = asking.cursor.execute(
        f"""
        SELECT root_service, count(*) AS traces
        FROM traces
        WHERE trace_id IN ({among.text}) AND root_service <> ''
        GROUP BY root_service
        ORDER BY traces DESC, root_service
        LIMIT {_MOST_PLACES}
        """,
        list(among.values),
    ).fetchall()
    return [
        Place(name, traces, asking.within(f"{query} {write_term('trace.root.service', '=', name)}"))
        for name, traces in found
    ]


def unnamed_calls(asking: Asking, traces: int) -> list[Line]:
    """Calls that do not say whom, and that nobody answered."""
    calls = f"kind=client -peer? {_URL_IN_NAME}{_without(asking, _TELLS_CALLED)}"
    [suspected] = asking.spans([calls])
    if not suspected.spans:
        return []
    count, exact = asking.traces(_unanswered(calls))
    if not count:
        return []
    places = []
    for service, _ in suspected.services[:_MOST_CALLERS]:
        query = _unanswered(f"{write_term('service', '=', service)} {calls}")
        made, _ = asking.traces(query)
        places += [Place(service, made, asking.within(query))] if made else []
    places.sort(key=lambda place: -place.count)
    return [
        Line(
            "unnamed_calls", "traces", count, traces, asking.within(_unanswered(calls)), exact, places=places
        )
    ]


def _unanswered(calls: str) -> str:
    """The source stands in the braces: a term beside them may hold on any span of the trace."""
    return f"{{kind=server}} !< {{{calls}%s}}"


def many_spans(asking: Asking, traces: int) -> list[Line]:
    """Traces of very many spans, and the operations that make them."""
    query = f"trace.spans>{MANY_SPANS}"
    count, _ = asking.traces(query)
    if not count:
        return []
    among = asking.trace_ids(query)
    [(most,)] = asking.cursor.execute(
        f"SELECT max(spans) FROM traces WHERE trace_id IN ({among.text})", list(among.values)
    ).fetchall()
    operations = asking.cursor.execute(
        f"""
        SELECT service, name, count(*) AS spans
        FROM spans s JOIN operations USING (operation_id) JOIN services ON services.service_id = s.service_id
        WHERE {asking.rows.text} AND s.trace_id IN ({among.text})
        GROUP BY service, name
        ORDER BY spans DESC, service, name
        LIMIT {_MOST_PLACES}
        """,
        [*asking.rows.values, *among.values],
    ).fetchall()
    places = [
        Place(
            f"{service} · {name}", spans,
            asking.within(f"{query} {write_term('service', '=', service)} {write_term('name', '=', name)}"),
        )
        for service, name, spans in operations
    ]  # fmt: skip
    facts = {"least": MANY_SPANS, "most": int(most)}
    return [Line("many_spans", "traces", count, traces, asking.within(query), places=places, facts=facts)]
