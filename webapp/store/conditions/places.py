"""Where the values of each key of the query language lie in the tables; and free text, which looks in all of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from webapp.query.tree import Term
from webapp.query.values import number_in
from webapp.store.conditions.catalogue import Catalogue, KeyColumn
from webapp.store.conditions.compare import Place, Source, containing, containing_json
from webapp.store.conditions.where import FALSE, TRUE, Where, either, every

_REST = "s.attributes_rest"
_WRAPPERS = {"str": "stringValue", "int": "intValue", "float": "doubleValue", "bool": "boolValue"}
_RESOURCE_PLACES = {
    "str": Place("text", "str"),
    "int": Place("TRY_CAST(text AS HUGEINT)", "int"),
    "float": Place("number", "float"),
    "bool": Place("text = 'true'", "bool"),
}


def _always(expression: str, kind: str) -> Place:
    return Place(expression, kind, present=TRUE)


OWN_PLACES = {
    "status_message": _always("coalesce(s.status_message, '')", "str"),
    "error_message": Place("nullif(s.error_message, '')", "str"),
    "duration": Place("s.duration_ns", "int"),
    "start": _always("s.start_ns", "int"),
    "error": _always("s.status = 2", "bool"),
    "root": _always("s.parent_id = 0", "bool"),
    "kind": _always("s.kind", "int"),
    "status": _always("s.status", "int"),
}
TRACE_PLACES = {
    "start": [_always("t.start_ns", "int")],
    "duration": [_always("t.duration_ns", "int")],
    "response": [_always("t.response_ns", "int")],
    "spans": [_always("t.spans", "int")],
    "errors": [_always("t.errors", "int")],
    "warnings": [_always("t.warnings", "int")],
    "services": [_always("len(t.services)", "int")],
    "failed": [_always("t.failed", "bool")],
    "incomplete": [_always("t.incomplete", "bool")],
    "root": [
        _always(text, "str")
        for text in ("t.root_service", "t.root_name", "(t.root_service || ' · ' || t.root_name)")
    ],
    "root.service": [_always("t.root_service", "str")],
    "root.name": [_always("t.root_name", "str")],
    "depth": [_always("t.depth", "int")],
    "bottleneck": [
        _always(text, "str")
        for text in ("t.verdict_service", "(t.verdict_service || ' · ' || t.verdict_name)")
    ],
}


@dataclass(frozen=True, slots=True)
class ResourceAttribute:
    """An attribute of the process; what fits is found among the few resources first."""

    catalogue: Catalogue
    key: str

    @property
    def has_value(self) -> Where:
        return self._resources(TRUE)

    def fits(self, term: Term) -> Where:
        return self._resources(resource_value(replace(term, op="=" if term.op == "!=" else term.op)))

    def _resources(self, condition: Where) -> Where:
        named = Where("key = ?", (self.key,))
        return one_of("s.resource_id", self.catalogue.resource_ids(every([named, condition])))


def resource_value(term: Term) -> Where:
    """On `resource_attributes`: the value fits."""
    return either(
        every([Where(f"type = '{kind}'"), place.fits(term)]) for kind, place in _RESOURCE_PLACES.items()
    )


def attribute_places(catalogue: Catalogue, scope: str, key: str) -> list[Source]:
    """`scope`: span, resource, or any for both."""
    places: list[Source] = []
    if scope != "resource":
        for column in catalogue.columns(key):
            places += _span_places(column, key)
    if scope != "span":
        places.append(ResourceAttribute(catalogue, key))
    return places


def _span_places(column: KeyColumn, key: str) -> Iterable[Place]:
    if column.column:
        yield Place(f"s.{column.column}", column.type)
    if not column.in_rest:
        return
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    if column.type == "json":
        yield Place(_REST, "json", present=Where(f"json_exists({_REST}, ?)", (pointer,)))
    kind = "int" if column.type == "json" else column.type  # json: also whole numbers beyond int64
    yield from wrapped_places(_REST, pointer, (kind,))


def wrapped_places(expression: str, pointer: str, kinds: Iterable[str] = tuple(_WRAPPERS)) -> list[Place]:
    """A value in JSON as OTLP's AnyValue, by each type that it may have."""
    text = f"json_extract_string({expression}, ?)"
    written = {
        "str": text,
        "int": f"TRY_CAST({text} AS HUGEINT)",
        "float": f"TRY_CAST({text} AS DOUBLE)",
        "bool": f"{text} = 'true'",
    }
    return [Place(written[kind], kind, (f"{pointer}/{_WRAPPERS[kind]}",)) for kind in kinds]


def one_of(expression: str, ids: list[int]) -> Where:
    return Where(f"{expression} IN ({', '.join(map(str, ids))})") if ids else FALSE


def free_text(term: Term, catalogue: Catalogue) -> Where:
    """The words in any name, message or value of the span."""
    services = catalogue.services(containing(term, "service"))
    conditions = [
        one_of("s.service_id", [number for number, _ in services]),
        one_of("s.operation_id", catalogue.operation_ids(containing(term, "name"))),
        one_of("s.resource_id", catalogue.resource_ids_by_json(_in_json(term, "attributes"))),
        containing(term, "s.status_message"),
        *(containing(term, f"s.{c.column}") for c in catalogue.columns_of_type(["str"]) if c.column),
        containing_json(term, "s.events", "$[*][0]"),
        _in_json(term, "s.events"),
    ]
    if catalogue.has_rest():
        conditions.append(_in_json(term, _REST))
    if number_in(term.value) is not None:
        conditions += _numbers(replace(term, number=number_in(term.value)), catalogue)
    return either(conditions)


def _in_json(term: Term, expression: str) -> Where:
    return containing_json(term, expression, "$..stringValue")


def _numbers(term: Term, catalogue: Catalogue) -> list[Where]:
    """That a number equals the word, which is one."""
    numeric = either(
        every([Where(f"type = '{kind}'"), _RESOURCE_PLACES[kind].fits(term)]) for kind in ("int", "float")
    )
    conditions = [one_of("s.resource_id", catalogue.resource_ids(numeric))]
    columns = catalogue.columns_of_type(["int", "float", "json"])
    conditions += [Place(f"s.{c.column}", c.type).fits(term) for c in columns if c.column]
    for kind, type_name in (("int", "HUGEINT"), ("float", "DOUBLE")):
        if any(c.in_rest for c in columns):
            fits = Place(f"TRY_CAST(x AS {type_name})", kind).fits(term)
            values = f"json_extract_string({_REST}, '$.*.{_WRAPPERS[kind]}')"
            conditions.append(Where(f"len(list_filter({values}, lambda x: {fits.text})) > 0", fits.values))
    return conditions
