"""Spans within their parents, as tutorials print a trace."""

import io
import json

from webapp import formats
from webapp.model.spans import Span

TRACE = "5b8efff798038103d269b633813fc60c"


def span(name: str, start: int, end: int, *children: object, **members: object) -> dict[str, object]:
    made = {
        "spanId": f"{ord(name):016x}",
        "name": name,
        "startTime": 1_700_000_000_000 + start,
        "endTime": 1_700_000_000_000 + end,
    }
    return made | members | ({"children": list(children)} if children else {})


TREE = span(
    "a",
    0,
    90,
    span("b", 10, 50, span("c", 20, 30, service="db")),
    span("d", 60, 80, children=[]),
    service="web",
)


def read(value: object) -> list[Span]:
    reading = formats.read(io.BytesIO(json.dumps(value).encode()), "tree.json")
    assert reading.format == "generic"
    return [one for batch in reading for one in batch]


def test_children_have_the_span_around_them_as_their_parent() -> None:
    for value in (
        TREE | {"traceId": TRACE},
        {"traceId": TRACE, "rootSpan": TREE},
        [{"traceId": TRACE, "root": TREE}],
    ):
        found = read(value)
        names = {one.span_id: one.name for one in found}
        assert {one.name: names.get(one.parent_span_id, "") for one in found} == {
            "a": "",
            "b": "a",
            "c": "b",
            "d": "a",
        }
        assert {one.trace_id for one in found} == {TRACE}
        assert [one.service for one in found] == ["web", "web", "db", "web"]
        assert not any("children" in one.attributes for one in found[:3])


def test_a_parent_that_is_named_is_the_parent() -> None:
    child = span("b", 10, 20, parentSpanId=f"{ord('z'):016x}")
    found = read([span("a", 0, 90, child) | {"traceId": TRACE}])
    assert found[1].parent_span_id == f"{ord('z'):016x}"


def test_numbers_and_ids_of_children_stay_attributes() -> None:
    [found] = read([span("a", 0, 90) | {"traceId": TRACE, "children": ["b", "c"]}])
    assert found.attributes["children"] == ["b", "c"]
