"""The sentences, and what they rest on."""

from tests.analysis.drawing import MS, columns_of, draw, span
from webapp.analysis.attribution import Evidence, Row
from webapp.analysis.slack import slack_times
from webapp.analysis.trace import analyse_trace
from webapp.analysis.verdict import completion_verdict, qualified, verdict
from webapp.analysis.verdict_beyond import Gain, Usually, culprit, gain
from webapp.analysis.whatif import Schedule
from webapp.model.facts import Verdict
from webapp.model.spans import Kind, Span, Status


def judged(*rows: Row, total_ms: int = 1000, **facts: object) -> Verdict:
    given: dict[str, object] = {
        "total_ns": total_ms * MS,
        "spans": 5,
        "root": ("web", "GET /"),
        "rows": list(rows),
    }
    return verdict(Evidence(**{**given, **facts}))  # type: ignore[arg-type]


def verdict_of(*spans: Span) -> Verdict:
    return analyse_trace(columns_of(spans)).verdict


def test_half_of_the_response_is_dominant_and_a_third_is_the_main_part() -> None:
    half = judged(Row("db", "query", 500 * MS))
    assert (half.level, half.sentence) == ("dominant", "db · query is 50% of the 1.00 s")
    main = judged(Row("db", "query", 300 * MS))
    assert (main.level, main.sentence) == ("main", "db · query is 30% of the 1.00 s")


def test_without_a_main_part_the_three_largest_are_named() -> None:
    found = judged(
        Row("a", "x", 299 * MS), Row("b", "y", 250 * MS), Row("c", "z", 45 * MS), Row("d", "no", 40 * MS)
    )
    assert (found.level, found.service, found.name) == ("spread", "a", "x")
    assert found.sentence == "No single cause: a · x 30%, b · y 25%, c · z 4.5%"


def test_where_most_of_the_time_was_not_received_no_share_of_the_rest_is_called_a_cause() -> None:
    found = judged(Row("a", "x", 3 * MS), Row("b", "y", 1 * MS), missing_spans=1, missing_ns=996 * MS)
    assert (found.level, found.calls) == ("spread", 1)
    assert found.sentence == "All but 4.00 ms of the 1.00 s is in spans that were not received"


def test_a_span_without_a_name_is_called_by_its_service() -> None:
    assert judged(Row("db", "", 500 * MS)).sentence == "db is 50% of the 1.00 s"
    assert judged(Row("db", "", 1000 * MS), spans=1).sentence.startswith(
        "The whole 1.00 s is one span, db, with"
    )


def test_nothing_is_said_of_one_of_many_causes() -> None:
    rows = (Row("a", "x", 200 * MS, calls=9, errors=9), Row("b", "y", 190 * MS))
    assert judged(*rows, missing_spans=1).qualifiers == ["Based on an incomplete trace: 1 span missing."]


def test_what_speeding_it_up_would_save_is_said_where_that_is_little() -> None:
    evidence = Evidence(1000 * MS, 5, ("web", "GET /"), [Row("a", "x", 900 * MS)])
    assert qualified(evidence, Gain(449 * MS, "b · y")) == [
        "Speeding it up alone saves at most 449 ms, because b · y runs at the same time."
    ]
    assert qualified(evidence, Gain(450 * MS, "b · y")) == []


def usual(span_ms: int, p50_ms: int, p95_ms: int, *, spans: int = 20, calls: int = 1) -> list[str]:
    evidence = Evidence(1000 * MS, 5, ("web", "GET /"), [Row("a", "x", 900 * MS, calls=calls)])
    return qualified(evidence, None, Usually(span_ms * MS, spans, p50_ms * MS, p95_ms * MS))


def test_what_is_usual_is_said_where_it_is_half_or_less() -> None:
    assert usual(3120, 182, 240) == ["13× its usual p95 of 240 ms."]
    assert usual(500, 100, 240) == ["2.1× its usual p95 of 240 ms."]
    assert usual(400, 100, 240) == ["Usually it takes 100 ms."]
    assert usual(400, 100, 240, calls=2) == ["Its longest call takes 400 ms, usually 100 ms."]
    assert usual(199, 100, 150) == []
    assert usual(60, 11, 11) == []
    assert usual(3120, 182, 240, spans=19) == []


def test_of_two_that_run_together_the_other_one_limits_the_gain() -> None:
    facts = analyse_trace(
        columns_of(
            [
                span("p", "", 1, 1001, service="P", name="p"),
                span("a", "p", 1, 901, service="A", name="a"),
                span("b", "p", 1, 851, service="B", name="b"),
            ]
        )
    )
    schedule = Schedule(facts.forest, 0, facts.path)
    slack_ns = slack_times(facts.forest, facts.path.node)
    assert gain(facts, schedule, slack_ns) == Gain(50 * MS, "B · b")
    assert culprit(facts.forest, facts.path, facts.verdict) == 1


def test_one_span_alone_is_said_to_be_alone() -> None:
    found = verdict_of(span("a", "", 1, 101, service="svc", name="op"))
    assert (found.level, found.share, found.qualifiers) == ("dominant", 1.0, [])
    assert found.sentence == "The whole 100 ms is one span, svc · op, with no child spans to explain it"


def test_many_calls_failed_calls_and_uncovered_time_are_said() -> None:
    found = judged(Row("shop", "SELECT", 700 * MS, calls=10, errors=2, gap_ns=400 * MS))
    assert found.qualifiers == [
        "In 10 calls one after the other.",
        "400 ms of it is not covered by child spans.",
        "2 of its 10 calls failed.",
    ]
    assert judged(Row("shop", "SELECT", 700 * MS, errors=1)).qualifiers == ["It failed."]


def test_time_between_client_and_server_is_network_not_a_gap() -> None:
    found = verdict_of(
        span("c", "", 1, 101, kind=Kind.CLIENT, service="a", host="h"),
        span("s", "c", 21, 51, kind=Kind.SERVER, service="b", host="h"),
    )
    assert found.qualifiers == ["70.0 ms of it is network and queueing between client and server."]


def test_missing_spans_and_shifted_clocks_lower_the_confidence() -> None:
    row = Row("a", "x", 900 * MS)
    assert judged(row).confidence == "high"
    shifted = judged(row, shifted=True, shifted_hosts=["h1", "h2", "h3", "h4"])
    assert shifted.confidence == "medium"
    assert shifted.qualifiers == ["After shifting clocks of h1, h2, h3 and 1 more."]
    through = judged(row, missing_spans=2, through_missing=True, missing_ns=200 * MS)
    assert through.confidence == "medium"
    assert through.qualifiers == ["Based on an incomplete trace: 2 spans missing."]
    assert judged(row, missing_spans=1, through_missing=True, missing_ns=201 * MS).confidence == "low"


def test_a_span_that_was_not_received_is_never_the_cause() -> None:
    found = verdict_of(
        span("r", "", 1, 1001, name="r"), span("x", "lost", 1, 11), span("y", "lost", 990, 1001)
    )
    assert (found.service, found.name, found.level) == ("s", "y", "spread")
    assert found.confidence == "low"


def test_a_trace_without_duration_says_so() -> None:
    found = verdict_of(span("a", "", 5, 5, service="svc", name="op"), span("b", "a", 5, 5))
    assert (found.level, found.share, found.critical_ns) == ("spread", 0.0, 0)
    assert found.sentence == "svc · op took no measurable time"


def test_a_span_without_an_end_has_not_finished() -> None:
    alone = verdict_of(span("a", "", 5, service="svc", name="op"))
    assert alone.sentence == "svc · op has not finished"
    above = verdict_of(span("a", "", 5, service="svc", name="op"), span("b", "a", 6, 16, name="b"))
    assert above.sentence == "s · b is 91% of the 11.0 ms"
    assert above.qualifiers[-1].startswith("The root span has not finished")


def test_a_path_through_nothing_but_missing_spans_says_so() -> None:
    found = verdict_of(span("x", "lost", 1, 101, kind=Kind.CONSUMER))
    assert found.sentence == "All of the 100 ms is in spans that were not received"
    assert found.confidence == "low"


def test_on_the_completion_path_a_wait_is_named_as_a_wait() -> None:
    queue = Row("worker", "process", 900 * MS, wait="queue")
    late = Row("worker", "process", 900 * MS, wait="handover")
    evidence = Evidence(total_ns=1000 * MS, spans=3, root=("web", "GET /"), rows=[queue])
    assert (
        completion_verdict(evidence).sentence
        == "Waiting in the queue for worker · process is 90% of the 1.00 s until the last span ended"
    )
    evidence = Evidence(total_ns=1000 * MS, spans=3, root=("web", "GET /"), rows=[late])
    assert completion_verdict(evidence).sentence.startswith(
        "Waiting for the start of worker · process is 90%"
    )


def test_a_trace_that_goes_on_after_the_response_has_both_verdicts() -> None:
    facts = analyse_trace(
        draw("""
            r    api/r     S  |--           |
            s<r  api/send  P  | -           |
            w<s  mail/work K  |          ---|
        """)
    )
    assert facts.verdict.name == "r"
    assert facts.completion is not None
    assert facts.completion_verdict is not None
    assert facts.completion_verdict.sentence == (
        "Waiting in the queue for mail · work is 62% of the 130 ms until the last span ended"
    )


def test_a_trace_that_ends_with_its_response_has_no_other_path() -> None:
    facts = analyse_trace(columns_of([span("a", "", 1, 101), span("b", "a", 50, 101.5, status=Status.ERROR)]))
    assert (facts.completion, facts.completion_verdict) == (None, None)
