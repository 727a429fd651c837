import numpy as np
from hypothesis import given, settings

from tests.analysis.drawing import columns_of, span
from tests.analysis.strategies import broken_traces, traces
from webapp.analysis import edges
from webapp.analysis.trace import analyse_trace
from webapp.analysis.trace_map import TraceMap, map_of
from webapp.model.facts import TraceFacts
from webapp.model.spans import Kind, Span, Status


def mapped(spans: list[Span]) -> tuple[TraceFacts, TraceMap]:
    facts = analyse_trace(columns_of(spans))
    calls = edges.calls(facts.forest)
    return facts, map_of(facts, calls, ["call"], np.zeros(len(calls.span), np.int64))


def test_each_call_has_the_critical_time_that_no_call_below_it_has() -> None:
    _, found = mapped(
        [
            span("gate", "", 0, 100, service="gate", kind=Kind.SERVER),
            span("ask", "gate", 10, 90, service="gate", kind=Kind.CLIENT),
            span("shop", "ask", 20, 80, service="shop", kind=Kind.SERVER, status=Status.ERROR),
            span(
                "query", "shop", 30, 60, service="shop", kind=Kind.CLIENT, attributes={"db.system": "mysql"}
            ),
        ]
    )
    assert [(one.edge.caller, one.edge.callee, one.critical_ns // 1_000_000) for one in found.connections] == [
        ("user", "gate", 40), ("gate", "shop", 30), ("shop", "mysql", 30),
    ]  # fmt: skip
    assert [one.edge.errors for one in found.connections] == [0, 1, 0]
    assert {node.name: node.kind for node in found.nodes} == {
        "gate": "service", "shop": "service", "mysql": "db", "user": "user",
    }  # fmt: skip


def test_what_is_called_by_the_name_of_a_service_is_that_service() -> None:
    _, found = mapped(
        [
            span("gate", "", 0, 100, service="gate", kind=Kind.SERVER),
            span(
                "ask", "gate", 10, 90, service="gate", kind=Kind.CLIENT, attributes={"peer.service": "shop"}
            ),
            span("shop", "gate", 20, 80, service="shop", kind=Kind.SERVER),
        ]
    )
    assert [node.name for node in found.nodes if node.name == "shop"] == ["shop"]
    assert next(node for node in found.nodes if node.name == "shop").kind == "service"


@settings(max_examples=80, deadline=None)
@given(traces() | broken_traces())
def test_calls_hold_no_more_than_the_response_and_every_service_is_there(spans: list[Span]) -> None:
    facts, found = mapped(spans)
    assert sum(one.critical_ns for one in found.connections) <= facts.response_ns
    assert {share.service for share in facts.services} <= {node.name for node in found.nodes}
    told = edges.edges(edges.calls(facts.forest))
    assert sum(one.edge.calls for one in found.connections) == sum(edge.calls for edge in told)
    names = {node.name for node in found.nodes}
    assert len(names) == len(found.nodes)
    assert {name for one in found.connections for name in (one.edge.caller, one.edge.callee)} <= names
