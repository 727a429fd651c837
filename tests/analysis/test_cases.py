"""The hand-worked traces: each number that a page shows, against what was worked out on paper."""

from typing import Any

import pytest

from tests.analysis.cases import CASES, by_name, by_node_name, in_ns, name_of, name_of_id, spans_of
from tests.analysis.drawing import MS, columns_of
from webapp.analysis import edges
from webapp.analysis.critical_path import completion_path
from webapp.analysis.slack import slack_times
from webapp.analysis.trace import analyse_trace
from webapp.model.facts import EDGE_TYPES, Forest, Path, TraceFacts, Where

Case = dict[str, Any]


def facts_of(case: Case) -> TraceFacts:
    return analyse_trace(columns_of(spans_of(case)))


def having(key: str) -> Any:
    chosen = [case for case in CASES if key in case["expect"]]
    return pytest.mark.parametrize("case", chosen, ids=by_name)


def segments(forest: Forest, path: Path) -> list[list[Any]]:
    columns = zip(path.node.tolist(), path.start_ns.tolist(), path.end_ns.tolist(), strict=True)
    return [[name_of(forest, node), start, end] for node, start, end in columns]


def in_whole_ns(values: dict[str, float]) -> dict[str, int]:
    return {name: round(ms * MS) for name, ms in values.items()}


def test_all_cases_are_here() -> None:
    assert len(CASES) == 41


@having("critical_path")
def test_critical_path_and_root(case: Case) -> None:
    facts, expected = facts_of(case), case["expect"]
    assert name_of(facts.forest, int(facts.forest.root[0])) == expected["root"]
    assert facts.response_ns == round(expected["duration_ms"] * MS)
    assert segments(facts.forest, facts.path) == [
        [name, in_ns(start), in_ns(end)] for name, start, end in expected["critical_path"]
    ]


@having("cp_ms")
def test_critical_time_of_each_span(case: Case) -> None:
    facts = facts_of(case)
    found = {name: ns for name, ns in by_node_name(facts.forest, facts.critical_ns).items() if ns}
    assert found == {name: ns for name, ns in in_whole_ns(case["expect"]["cp_ms"]).items() if ns}


@having("self_ms")
def test_self_time_of_each_span(case: Case) -> None:
    facts = facts_of(case)
    assert by_node_name(facts.forest, facts.self_ns) == in_whole_ns(case["expect"]["self_ms"])


@having("slack_ms")
def test_slack_of_each_span(case: Case) -> None:
    facts = facts_of(case)
    assert by_node_name(facts.forest, slack_times(facts.forest, facts.path.node)) == in_whole_ns(
        case["expect"]["slack_ms"]
    )


@having("verdict")
def test_verdict(case: Case) -> None:
    verdict, expected = facts_of(case).verdict, case["expect"]["verdict"]
    assert (verdict.service, verdict.name, verdict.level) == (
        expected["service"],
        expected["name"],
        expected["level"],
    )
    assert verdict.critical_ns == round(expected["ms"] * MS)
    assert int(verdict.share * 100 + 0.5) == expected["share_pct"]
    assert verdict.calls == expected.get("calls", verdict.calls)


@having("ranking")
def test_services_by_their_part_of_the_path(case: Case) -> None:
    services = facts_of(case).services
    assert [[share.service, share.critical_ns] for share in services] == [
        [service, round(ms * MS)] for service, ms in case["expect"]["ranking"]
    ]


@having("edges")
def test_edges(case: Case) -> None:
    found = edges.edges(edges.calls(facts_of(case).forest))
    assert sorted([edge.caller, edge.callee, edge.type, edge.calls, edge.errors] for edge in found) == sorted(
        case["expect"]["edges"]
    )


@having("messaging_wait_ms")
def test_messages_wait(case: Case) -> None:
    calls = edges.calls(facts_of(case).forest)
    waits = calls.duration_ns[calls.type == EDGE_TYPES.index("messaging")]
    assert waits.tolist() == [round(ms * MS) for ms in case["expect"]["messaging_wait_ms"].values()]


@having("completion_path")
def test_completion_path(case: Case) -> None:
    forest = facts_of(case).forest
    path = completion_path(forest, int(forest.root[0]))
    waits = ["wait" if where == Where.WAIT else "span" for where in path.where.tolist()]
    found = [[*segment, wait] for segment, wait in zip(segments(forest, path), waits, strict=True)]
    assert found == [
        [name, in_ns(start), in_ns(end), wait] for name, start, end, wait in case["expect"]["completion_path"]
    ]


@having("trace_wall_ms")
def test_duration_of_the_trace_from_first_start_to_last_end(case: Case) -> None:
    facts = facts_of(case)
    assert facts.end_ns - facts.start_ns == round(case["expect"]["trace_wall_ms"] * MS)


@having("skew_ms")
def test_clock_shift_of_each_host(case: Case) -> None:
    forest = facts_of(case).forest
    hosts = [forest.columns.hosts[host] for host in forest.columns.host[forest.source].tolist()]
    shifts = {host: int(offset) // MS for host, offset in zip(hosts, forest.offset_ns, strict=True) if offset}
    assert shifts == case["expect"]["skew_ms"]


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_warnings(case: Case) -> None:
    told = [f"{warning.code}:{name_of_id(int(warning.span_id, 16))}" for warning in facts_of(case).warnings]
    extra = ["multiple_roots:r2"] if case["name"] == "multiple_roots_primary_is_longest" else []
    assert sorted(told) == sorted(case["expect"].get("warnings", []) + extra)
