"""Each detector: it fires, it does not fire just below its threshold, and its guard holds."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.analysis.cases import CASES, by_name, name_of, spans_of
from tests.analysis.drawing import MS, columns_of, span
from tests.analysis.strategies import broken_traces, traces
from webapp.analysis.detectors import failing, find, repeats, serial, slow, waiting
from webapp.analysis.detectors.rules import RULES
from webapp.analysis.trace import analyse_trace
from webapp.model.calls import call_of
from webapp.model.facts import Finding, Forest, TraceFacts
from webapp.model.spans import Kind, Span, Status

MODULES = (failing, repeats, serial, slow, waiting)
CODES = (
    "n_plus_one",
    "repeated_identical",
    "serial_calls",
    "retry",
    "error_root",
    "gap",
    "queue_wait",
    "straggler",
)


def findings_of(spans: list[Span]) -> tuple[TraceFacts, list[Finding]]:
    facts = analyse_trace(columns_of(spans))
    rows = facts.forest.columns.row.tolist()
    by_row = dict(zip(rows, spans, strict=True))
    calls = {}
    for node, source in enumerate(facts.forest.source.tolist()):
        if source >= 0 and facts.forest.kind[node] in (Kind.CLIENT, Kind.PRODUCER, Kind.CONSUMER):
            item = by_row[rows[source]]
            calls[node] = call_of(item.kind, item.name, item.attributes, item.status_message)
    return facts, find(facts, calls)


def codes(spans: list[Span]) -> list[str]:
    return [finding.code for finding in findings_of(spans)[1]]


def only(spans: list[Span], code: str) -> Finding:
    [found] = [finding for finding in findings_of(spans)[1] if finding.code == code]
    return found


def written(forest: Forest, finding: Finding) -> str:
    """As cases.json writes it: code, where, and the numbers that matter in milliseconds."""
    parent = name_of(forest, finding.parent) if finding.parent >= 0 else ""
    first, last = name_of(forest, finding.nodes[0]), name_of(forest, finding.nodes[-1])
    in_ms = {name: round(value / MS) for name, value in finding.numbers.items()}
    numbers = finding.numbers
    texts = {
        "n_plus_one": lambda: f"{parent}:{numbers['count']}:{in_ms['total_ns']}",
        "serial_calls": lambda: f"{parent}:{numbers['count']}:{in_ms['saving_ns']}",
        "retry": lambda: f"{parent}:{numbers['count']}:{in_ms['wasted_ns']}",
        "error_root": lambda: f"{first}:{numbers['chain']}",
        "gap": lambda: f"{first}:{in_ms['start_ns']}:{in_ms['end_ns']}",
        "queue_wait": lambda: f"{first}>{last}:{in_ms['wait_ns']}",
        "straggler": lambda: f"{parent}:{first}:{in_ms['late_ns']}",
    }
    return f"{finding.code}:{texts[finding.code]() if finding.code in texts else parent}"


@pytest.mark.parametrize("case", [case for case in CASES if "findings" in case["expect"]], ids=by_name)
def test_worked_out_on_paper(case: dict[str, Any]) -> None:
    facts, found = findings_of(spans_of(case))
    texts = [written(facts.forest, finding) for finding in found]
    assert set(case["expect"]["findings"]) <= set(texts)
    if case["expect"].get("findings_exact"):
        assert texts == case["expect"]["findings"]


@pytest.mark.parametrize("name", ["doc_A_checkout_fraud_80pct"])
def test_the_checkout_trace_has_no_calls_to_run_together(name: str) -> None:
    [case] = [case for case in CASES if case["name"] == name]
    assert "serial_calls" not in codes(spans_of(case))


def query(ident: str, start: float, end: float, text: str, **fields: Any) -> Span:
    attributes = {
        "db.system": "postgresql",
        "db.name": "shop",
        "db.statement": text,
        **fields.pop("attributes", {}),
    }
    return span(
        ident,
        "p",
        start,
        end,
        kind=Kind.CLIENT,
        name=text.split(" ", maxsplit=1)[0],
        attributes=attributes,
        **fields,
    )


def request(ident: str, start: float, end: float, url: str, parent: str = "p", **fields: Any) -> Span:
    attributes = {
        "http.request.method": "GET",
        "url.full": url,
        "server.address": "api",
        **fields.pop("attributes", {}),
    }
    return span(ident, parent, start, end, kind=Kind.CLIENT, name="GET", attributes=attributes, **fields)


def below(*children: Span, until: float = 1000) -> list[Span]:
    return [span("p", "", 0, until, kind=Kind.SERVER, name="GET /", service="s"), *children]


def in_turn(count: int, each: float, text: str = "SELECT * FROM d WHERE id = {}") -> list[Span]:
    return [
        query(f"q{k:02d}", 10 + k * (each + 1), 10 + k * (each + 1) + each, text.format(k))
        for k in range(count)
    ]


def test_n_plus_one_needs_five_and_a_twentieth_of_the_response() -> None:
    assert only(below(*in_turn(5, 12)), "n_plus_one").numbers == {"count": 5, "total_ns": 60 * MS}
    assert "n_plus_one" not in codes(below(*in_turn(4, 20)))
    assert "n_plus_one" not in codes(below(*in_turn(5, 9)))


def test_n_plus_one_is_not_said_of_caches_orders_and_cut_texts() -> None:
    for text in ("BEGIN", "SELECT 1", "SELECT a FROM b WHERE c = {}…"):
        assert "n_plus_one" not in codes(below(*in_turn(6, 20, text)))
    redis = [
        query(f"q{k}", 10 + 30 * k, 30 + 30 * k, f"GET k{k}", attributes={"db.system": "redis"})
        for k in range(6)
    ]
    assert "n_plus_one" not in codes(below(*redis))


def test_n_plus_one_with_hidden_parameters_says_so() -> None:
    found = only(below(*in_turn(6, 20, "SELECT * FROM d WHERE id = ?")), "n_plus_one")
    assert "parameters hidden" in found.message


def test_calls_of_one_route_are_n_plus_one_calls_and_pages_are_only_noted() -> None:
    calls = [request(f"c{k}", 10 + 30 * k, 30 + 30 * k, f"http://api/items/{k}00") for k in range(6)]
    assert only(below(*calls, until=300), "n_plus_one_calls").severity == "high"
    pages = [request(f"c{k}", 10 + 30 * k, 30 + 30 * k, f"http://api/items?page={k}") for k in range(6)]
    found = only(below(*pages, until=300), "n_plus_one_calls")
    assert (found.severity, "page by page" in found.message) == ("info", True)


def test_the_same_question_three_times_is_repeated_and_twice_is_not() -> None:
    asked = [
        query(f"q{k}", 10 + 40 * k, 40 + 40 * k, "SELECT name FROM users WHERE id = 7") for k in range(3)
    ]
    found = only(below(*asked), "repeated_identical")
    assert found.numbers == {"count": 3, "wasted_ns": 60 * MS}
    assert found.gain_ns == 60 * MS
    assert "repeated_identical" not in codes(below(*asked[:2]))


def test_writes_placeholders_and_polling_are_no_repeated_questions() -> None:
    for text in ("UPDATE users SET n = 1", "SELECT name FROM users WHERE id = ?"):
        asked = [query(f"q{k}", 10 + 40 * k, 40 + 40 * k, text) for k in range(4)]
        assert "repeated_identical" not in codes(below(*asked))
    polled = [request(f"c{k}", 10 + 2000 * k, 300 + 2000 * k, "http://api/job/done") for k in range(4)]
    assert "repeated_identical" not in codes(below(*polled, until=9000))


@pytest.mark.parametrize(
    "url", ["api:8083", "http://api:8083", "http://api/users/{id}", "http://api/users?key=REDACTED"]
)
def test_a_url_that_says_only_half_of_what_is_asked_is_no_repeated_question(url: str) -> None:
    asked = [request(f"c{k}", 10 + 50 * k, 50 + 50 * k, url) for k in range(4)]
    assert "repeated_identical" not in codes(below(*asked))


def test_a_key_with_a_placeholder_is_no_repeated_question_and_a_time_in_a_text_is_no_placeholder() -> None:
    for text, repeated in (("GET price:{sku}", False), ("SELECT a FROM t WHERE at = '10:32'", True)):
        asked = [query(f"q{k}", 10 + 40 * k, 40 + 40 * k, text) for k in range(4)]
        assert ("repeated_identical" in codes(below(*asked))) == repeated


def test_the_same_question_of_one_service_from_many_places_counts_from_five_on() -> None:
    steps = [span(f"s{k}", "p", 100 * k, 100 * k + 90, name=f"step {k}", service="s") for k in range(5)]
    asked = [
        request(f"c{k}", 100 * k + 10, 100 * k + 60, "http://api/settings/all", f"s{k}") for k in range(5)
    ]
    assert only(below(*steps, *asked), "repeated_identical").numbers["count"] == 5
    assert "repeated_identical" not in codes(below(*steps, *asked[:4]))


def served(ident: str, start: float, end: float, service: str, **fields: Any) -> Span:
    return span(ident, "p", start, end, kind=Kind.SERVER, service=service, name="get", **fields)


def test_serial_calls_need_three_and_a_tenth_of_the_response() -> None:
    calls = [served("a", 0, 200, "a"), served("b", 210, 420, "b"), served("c", 430, 640, "c")]
    found = only(below(*calls), "serial_calls")
    assert (found.severity, found.numbers["saving_ns"]) == ("medium", 410 * MS)
    assert "if independent" in found.message
    assert "serial_calls" not in codes(below(*calls[:2]))
    assert "serial_calls" not in codes(below(*calls, until=5000))


def test_serial_calls_leave_the_sign_in_out() -> None:
    calls = [served("a", 0, 200, "auth"), served("b", 210, 420, "b"), served("c", 430, 640, "c")]
    calls[0] = span("a", "p", 0, 200, kind=Kind.SERVER, service="auth", name="login")
    assert "serial_calls" not in codes(below(*calls))


def attempt(ident: str, start: float, end: float, *, failed: bool, **fields: Any) -> Span:
    return request(
        ident, start, end, "http://api/stock", status=Status.ERROR if failed else Status.UNSET, **fields
    )


def test_two_attempts_are_a_retry_and_two_failures_at_once_are_not() -> None:
    found = only(below(attempt("a", 0, 200, failed=True), attempt("b", 300, 500, failed=False)), "retry")
    assert found.numbers == {"count": 2, "wasted_ns": 300 * MS}
    assert found.severity == "high"
    assert "retry" not in codes(
        below(attempt("a", 0, 200, failed=True), attempt("b", 100, 300, failed=False))
    )
    assert "retry" not in codes(
        below(attempt("a", 0, 200, failed=False), attempt("b", 300, 500, failed=False))
    )


def test_calls_that_do_not_say_what_they_asked_for_are_not_said_to_be_tried_again() -> None:
    loop = [
        span("a", "p", 0, 200, kind=Kind.CLIENT, name="GetDriver", status=Status.ERROR),
        span("b", "p", 300, 500, kind=Kind.CLIENT, name="GetDriver"),
    ]
    assert "was called 2 times in a row, the last succeeded" in only(below(*loop), "retry").message


def test_other_arguments_and_health_checks_are_no_retry() -> None:
    other = request("b", 300, 500, "http://api/prices")
    assert "retry" not in codes(below(attempt("a", 0, 200, failed=True), other))


def test_a_caller_that_gave_up_while_the_server_worked_on() -> None:
    call = request("c", 0, 500, "http://api/x", status=Status.ERROR)
    late = span("w", "c", 10, 900, kind=Kind.SERVER, service="api")
    found = only(below(call, late), "timeout")
    assert (found.numbers["limit_ns"], found.severity) == (500 * MS, "medium")
    assert "worked on it for 890 ms" in found.message
    in_time = span("w", "c", 10, 490, kind=Kind.SERVER, service="api")
    assert "timeout" not in codes(below(call, in_time))
    crooked = request("c", 0, 537, "http://api/x", status=Status.ERROR)
    assert "timeout" not in codes(below(crooked))
    said = request("c", 0, 537, "http://api/x", status=Status.ERROR, attributes={"error.type": "timeout"})
    assert "timeout" in codes(below(said))


def test_an_error_that_stops_below_the_root_is_handled() -> None:
    found = only(below(attempt("a", 0, 200, failed=True)), "error_root")
    assert (found.severity, found.numbers["handled"]) == ("info", 1)
    assert found.message.endswith("; handled by s · GET /, which did not fail")


def test_an_error_is_handled_only_by_one_that_waited_for_it_and_was_received() -> None:
    failed = {"status": Status.ERROR, "service": "w"}
    message = span("k", "p", 900, 2000, kind=Kind.CONSUMER, **failed)
    assert only(below(message), "error_root").message.endswith("; s · GET / did not wait for it")
    lost = span("x", "lost", 10, 20, **failed)
    assert only(below(lost), "error_root").message.endswith("; what called it was not received")
    apart = span("r", "", 10, 20, **failed)
    found = only(below(apart), "error_root")
    assert found.message.endswith("; the response does not depend on it")
    assert found.numbers["handled"] == 0


def test_a_gap_is_a_tenth_of_a_second_and_a_fifth_of_the_response() -> None:
    inner = [span("a", "p", 0, 300), span("b", "p", 505, 1000)]
    assert only(below(*inner), "gap").gain_ns == 205 * MS
    assert "gap" not in codes(below(span("a", "p", 0, 300), span("b", "p", 495, 1000)))


def test_a_stretch_that_another_child_fills_is_no_gap() -> None:
    staggered = [span("a", "p", 0, 500), span("b", "p", 400, 1000)]
    assert "gap" not in codes(below(*staggered))


def test_a_gap_says_what_ran_in_the_background() -> None:
    background = span("w", "p", 310, 1400, name="reindex")
    found = only(below(span("a", "p", 0, 300), background, span("b", "p", 900, 1000)), "gap")
    assert "reindex ran 590 ms of it in the background" in found.message


def test_a_message_may_wait_a_second_and_one_that_was_delayed_is_only_noted() -> None:
    def waiting(until: float, **attributes: Any) -> list[Span]:
        sent = span("m", "p", 10, 20, kind=Kind.PRODUCER, attributes=attributes)
        return below(sent, span("k", "m", until, until + 50, kind=Kind.CONSUMER, service="w"), until=100)

    assert only(waiting(1025), "queue_wait").numbers["wait_ns"] == 1005 * MS
    assert "queue_wait" not in codes(waiting(1015))
    assert only(waiting(1025, **{"messaging.message.delay": 1000}), "queue_wait").severity == "info"
    assert (only(waiting(1025), "queue_wait").severity, only(waiting(1025), "queue_wait").gain_ns) == (
        "high",
        1005 * MS,
    )


def test_waiting_for_a_lock_is_known_by_the_name_and_a_checkout_is_not() -> None:
    assert (
        only(below(span("l", "p", 10, 210, name="acquireConnection")), "lock_or_pool_wait").gain_ns
        == 200 * MS
    )
    assert only(below(span("l", "p", 10, 210, name="lock_rows")), "lock_or_pool_wait").gain_ns == 200 * MS
    assert only(below(span("l", "p", 10, 210, name="getConnection")), "lock_or_pool_wait").message.endswith(
        "by its name it waits for a connection"
    )
    for name in ("checkout", "block", "clock tick", "spool", "Sleep ${wait}"):
        assert "lock_or_pool_wait" not in codes(below(span("l", "p", 10, 210, name=name)))
    assert "lock_or_pool_wait" not in codes(below(span("l", "p", 10, 100, name="lock_rows")))


def test_ten_queries_at_once_are_noted() -> None:
    together = [query(f"q{k:02d}", 10 + k, 60 + k, f"SELECT {k} FROM t{k}") for k in range(10)]
    assert only(below(*together), "lock_or_pool_wait").numbers == {"peak": 10}
    assert "lock_or_pool_wait" not in codes(below(*together[:9]))


def test_fifteen_calls_between_two_parties_are_chatty_unless_a_batch_makes_them() -> None:
    calls = [
        request(f"c{k:02d}", 10 + 20 * k, 12 + 20 * k, f"http://api/{'abcdefghijklmnop'[k]}")
        for k in range(15)
    ]
    assert only(below(*calls), "chatty").numbers == {"count": 15}
    assert "chatty" not in codes(below(*calls[:14]))
    job = [span("p", "", 0, 1000, kind=Kind.CONSUMER, service="s"), *calls]
    assert "chatty" not in codes(job)


def test_who_is_chatty_is_the_caller_also_where_only_the_answers_are_recorded() -> None:
    answers = [
        span(f"c{k:02d}", "p", 10 + 20 * k, 12 + 20 * k, name=f"get {k}", service="api", kind=Kind.SERVER)
        for k in range(15)
    ]
    assert only(below(*answers), "chatty").message == "s calls api 15 times for one request"


def shards(last_end: float, **last: Any) -> list[Span]:
    usual = [
        span(
            f"s{k}",
            "p",
            10,
            60,
            name="scan",
            service="d",
            kind=Kind.CLIENT,
            attributes={"http.response.body.size": 10},
        )
        for k in range(4)
    ]
    return [
        *usual,
        span("s9", "p", 10, last_end, name="scan", service="d", kind=Kind.CLIENT, attributes=last),
    ]


def test_a_straggler_ends_a_tenth_later_and_twice_as_long() -> None:
    assert only(below(*shards(165)), "straggler").numbers["late_ns"] == 105 * MS
    assert "straggler" not in codes(below(*shards(155)))
    assert only(below(*shards(165, **{"http.response.body.size": 90})), "straggler").severity == "info"


def test_more_than_twenty_calls_of_one_span_are_a_wide_fan_out() -> None:
    calls = [
        request(f"c{k:02d}", 10, 20 + k, "http://h/x", attributes={"server.address": f"h{k}"})
        for k in range(21)
    ]
    assert only(below(*calls), "wide_fanout").numbers == {"count": 21}
    assert "wide_fanout" not in codes(below(*calls[:20]))
    delivered = [span("p", "", 0, 1000, kind=Kind.CONSUMER, service="s"), *calls]
    assert "wide_fanout" not in codes(delivered)
    lost = [span("r", "", 0, 1000, service="s"), *calls]
    assert "wide_fanout" not in codes(lost)


def test_what_happens_below_a_lost_span_is_said_of_a_lost_span() -> None:
    assert only([span("r", "", 0, 300), *in_turn(6, 20)], "n_plus_one").message.startswith(
        "A span that was not received asks “SELECT"
    )


def test_each_finding_has_a_rule_that_says_how_it_is_known() -> None:
    source = "".join(Path(module.__file__ or "").read_text() for module in MODULES)
    named = set(re.findall(r'(?:finding|Finding)\(\s*"(\w+)"', source)) | {"n_plus_one", "n_plus_one_calls"}
    assert named == set(RULES)


def test_connections_made_anew_count_from_two_calls_on() -> None:
    calls = [request(f"c{k}", 10 + 200 * k, 110 + 200 * k, f"http://api/{'ab'[k]}") for k in range(2)]
    steps = [span(f"t{k}", f"c{k}", 10 + 200 * k, 35 + 200 * k, name="tls.handshake") for k in range(2)]
    assert only(below(*calls, *steps), "connection_overhead").gain_ns == 50 * MS
    assert "connection_overhead" not in codes(below(*calls, steps[0]))


def test_queries_that_fill_half_the_response_in_turn() -> None:
    texts = ("SELECT a FROM t", "SELECT b FROM u", "SELECT c FROM v")
    asked = [query(f"q{k}", 10 + 200 * k, 190 + 200 * k, text) for k, text in enumerate(texts)]
    assert only(below(*asked), "serial_db").numbers == {"count": 3, "total_ns": 540 * MS}
    assert "serial_db" not in codes(below(*asked, until=1100))
    reads_own = [
        query("q0", 10, 190, "INSERT INTO t VALUES (1)"),
        *asked[1:],
        query("q4", 700, 800, "SELECT x FROM t"),
    ]
    assert "serial_db" not in codes(below(*reads_own))


def test_a_query_of_half_a_second_is_slow() -> None:
    assert only(below(query("q", 10, 510, "SELECT a FROM t")), "slow_query").gain_ns == 500 * MS
    assert "slow_query" not in codes(below(query("q", 10, 509, "SELECT a FROM t")))


def test_time_between_client_and_server() -> None:
    call = request("c", 0, 200, "http://api/x")
    assert (
        only(below(call, span("w", "c", 60, 150, kind=Kind.SERVER, service="api")), "large_transport").gain_ns
        == 110 * MS
    )
    assert "large_transport" not in codes(
        below(call, span("w", "c", 50, 155, kind=Kind.SERVER, service="api"))
    )


def test_what_is_missing_and_what_came_twice_is_said() -> None:
    assert only([span("p", "lost", 0, 100)], "missing_spans").numbers == {"count": 1}
    twice = [span("p", "", 0, 100), span("a", "p", 0, 50), span("a", "p", 0, 50)]
    assert "1 copy dropped" in only(twice, "duplicate_span").message
    namesakes = [span("p", "", 0, 100), span("a", "p", 0, 50), span("a", "p", 10, 50, name="b")]
    assert only(namesakes, "duplicate_span").message == "1 span has the id of another span"


@settings(max_examples=100, deadline=None)
@given(traces() | broken_traces())
def test_no_finding_promises_more_than_the_whole(spans: list[Span]) -> None:
    facts, found = findings_of(spans)
    path = facts.completion or facts.path
    until_last_ns = int((path.end_ns - path.start_ns).sum())
    for finding in found:
        whole_ns = until_last_ns if finding.code == "queue_wait" else facts.response_ns
        assert 0 <= finding.gain_ns <= whole_ns
    assert all(0 <= node < len(facts.forest) for finding in found for node in finding.nodes)


def test_a_failure_that_says_why_is_no_timeout_for_being_round() -> None:
    silent = request("c", 0, 700, "http://api/x", status=Status.ERROR)
    assert "timeout" in codes(below(silent))
    told = request("c", 0, 700, "http://api/x", status=Status.ERROR, status_message="boom")
    assert "timeout" not in codes(below(told))
