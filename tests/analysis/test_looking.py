"""Looking through many traces at once finds what the detectors find in each of them alone."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.cases import CASES, spans_of
from tests.analysis.detecting import below, in_turn, query, request
from tests.analysis.drawing import columns_of, span
from tests.analysis.strategies import broken_traces, traces
from tests.analysis.test_batch import moved
from webapp.analysis.detectors import find_in
from webapp.analysis.detectors.kinds import error_kind, kind_of
from webapp.analysis.detectors.looking import ASKING, Looking, time_tested
from webapp.analysis.detectors.scene import SEVERITIES, Scene
from webapp.analysis.detectors.suspects import Hints
from webapp.analysis.trace import analyse_trace
from webapp.model.calls import RESENT, call_of
from webapp.model.insights import Found
from webapp.model.spans import Kind, Span, Status
from webapp.model.thresholds import DEFAULTS, Thresholds, parse_thresholds, parts_of

# so low that next to everything fires: then nothing may be left out that was not looked into
EAGER = parse_thresholds(
    f"{code}.{part}={ {'count': 2, 'time': '1ns', 'share': '0.1%'}[part] }"
    for code in DEFAULTS
    for part in parts_of(code)
)


def alone(spans: list[Span], number: int, thresholds: Thresholds) -> list[Found]:
    """By the detectors over one trace, written plainly."""
    facts = analyse_trace(columns_of(spans))
    forest = facts.forest
    calls = {}
    for node, source in enumerate(forest.source.tolist()):
        if source >= 0 and forest.kind[node] in ASKING:
            one = spans[int(forest.columns.row[source])]
            calls[node] = call_of(one.kind, one.name, one.attributes, one.status_message)
    scene = Scene(facts, calls, thresholds)
    by_kind: dict[Any, list[Any]] = {}
    for finding in find_in(scene, thresholds):
        by_kind.setdefault(kind_of(scene, finding), []).append(finding)
    found = []
    for kind, same in by_kind.items():
        most = max(facts.response_ns, *(finding.gain_ns for finding in same), 0)
        time_ns = max(time_tested(finding) for finding in same)
        found.append(
            Found(
                trace=number, kind=kind, severity=min(SEVERITIES.index(finding.severity) for finding in same),
                times=len(same), gain_ns=min(most, sum(finding.gain_ns for finding in same)),
                count=max(finding.numbers.get("count", len(finding.nodes)) for finding in same), time_ns=time_ns,
                share=time_ns / facts.response_ns if facts.response_ns else 0.0,
            )
        )  # fmt: skip
    return found


def assert_same(many: list[list[Span]], thresholds: Thresholds = DEFAULTS) -> list[Found]:
    many = [moved(spans, number) for number, spans in enumerate(many)]
    together = [each for spans in many for each in spans]
    resent = [row for row, each in enumerate(together) if RESENT[0] in each.attributes]
    any_trace = np.arange(len(many))
    looking = Looking(columns_of(together), thresholds, Hints(np.array(resent, np.int64), any_trace))
    rows = looking.rows.tolist()
    found = looking.findings({row: (together[row].attributes, together[row].status_message) for row in rows})
    by_trace = [[each for each in found.found if each.trace == number] for number in range(len(many))]
    assert by_trace == [alone(spans, number, thresholds) for number, spans in enumerate(many)]
    assert found.unread == 0
    return found.found


def test_the_worked_cases_show_together_what_each_shows_alone() -> None:
    assert len(assert_same([spans_of(case) for case in CASES])) > 15
    assert_same([spans_of(case) for case in CASES], EAGER)


def test_calls_show_together_what_they_show_alone() -> None:
    shown = assert_same(
        [
            below(*in_turn(5, 20), until=300),
            below(*(request(f"c{k}", 10 + 30 * k, 30 + 30 * k, f"http://api/items/{k}00") for k in range(6))),
            below(*(query(f"q{k:02d}", 10 + k, 60 + k, f"SELECT {k} FROM t{k}") for k in range(10))),
            below(span("l", "p", 10, 210, name="lock_rows")),
            below(query("q", 10, 510, "SELECT a FROM t")),
        ]
    )
    codes = {each.kind.code for each in shown}
    assert codes >= {"n_plus_one", "n_plus_one_calls", "lock_or_pool_wait", "slow_query"}


CALLING = st.builds(
    lambda shape, what: [_dressed(number, each, what) for number, each in enumerate(shape)],
    traces() | broken_traces(),
    st.lists(st.integers(0, 5), min_size=3, max_size=3),
)
_DRESSES: list[dict[str, Any]] = [
    {},
    {"db.system": "postgresql", "db.name": "shop", "db.statement": "SELECT name FROM users WHERE id = 7"},
    {"db.system": "redis", "db.statement": "GET price"},
    {"http.request.method": "GET", "url.full": "http://api/a/b", "server.address": "api"},
    {"messaging.system": "kafka", "messaging.destination.name": "orders"},
    {"http.request.resend_count": 1, "url.full": "http://api/a/b", "error.type": "timeout"},
]


def _dressed(number: int, each: Span, what: list[int]) -> Span:
    fields = {name: getattr(each, name) for name in each.__struct_fields__}
    name = ("get", "connect", "lock rows", each.name)[number % 4]
    asks = each.kind in (Kind.CLIENT, Kind.PRODUCER, Kind.CONSUMER)
    return Span(**{**fields, "name": name, "attributes": _DRESSES[what[number % 3]] if asks else {}})


@settings(max_examples=80, deadline=None)
@given(st.lists(CALLING, min_size=1, max_size=4), st.sampled_from([DEFAULTS, EAGER]))
def test_any_traces_show_together_what_each_shows_alone(
    many: list[list[Span]], thresholds: Thresholds
) -> None:
    assert_same(many, thresholds)


def test_what_is_one_kind_has_no_ids_in_it() -> None:
    assert error_kind("order 4711 of 'a@b.c' not found: 503") == "order … of … not found: 503"
    assert error_kind("not verified: jo.doe+x@example.com, EU") == "not verified: …, EU"
    assert error_kind("no row 8f14e45f-ceea-467f-9f0d-0a1b2c3d4e5f") == "no row …"
    [one] = [each for each in assert_same([below(*in_turn(6, 20), until=300)]) if each.kind.subject]
    assert (one.kind.service, one.kind.name, one.kind.subject) == (
        "s",
        "GET /",
        "SELECT * FROM d WHERE id = ?",
    )
    assert one.kind.fingerprint.startswith("n_plus_one-")


def test_children_that_outlive_their_parents_are_counted_by_service() -> None:
    spans = [
        span("p", "", 0, 100, service="web"),
        span("a", "p", 10, 50, service="web"),
        span("b", "p", 10, 300, service="web"),
        span("c", "b", 20, 400, service="mail", kind=Kind.CONSUMER),
        span("d", "a", 20, 45, service="mail", kind=Kind.CLIENT, status=Status.ERROR),
        span("e", "d", 20, 90, service="db", kind=Kind.SERVER),
    ]
    late = Looking(columns_of(spans), DEFAULTS).findings({}).late
    assert (late.service.tolist(), late.children.tolist(), late.late.tolist()) == ([0], [3], [1])
