"""Elastic APM: what agents send and Elasticsearch keeps; errors as events; missing times; ids of any form; damage."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats import answer_key
from tests.formats.any_spans import rows
from webapp.formats import elastic, sniff
from webapp.formats.notes import Notes
from webapp.model.spans import Event, Kind, Link, Span

CASES = Path(__file__).parents[1] / "data" / "elastic"
SENT, KEPT = (CASES / "checkout.ndjson").read_bytes(), (CASES / "documents.json").read_bytes()
TRACE, START_US = "4bf92f3577b34da6a3ce929d0e0e4736", 1_700_000_000_000_000
WORK: dict[str, Any] = {"id": "00000000000000a1", "trace_id": TRACE, "duration": 2.5, "timestamp": START_US}


def read(content: bytes) -> tuple[list[Span], Notes]:
    notes = Notes()
    return list(elastic.read(io.BytesIO(content), notes)), notes


def spans(content: bytes) -> list[Span]:
    return read(content)[0]


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def transaction(**members: Any) -> Span:
    [found] = spans(lines({"transaction": WORK | members}))
    return found


def step(**members: Any) -> Span:
    [found] = spans(lines({"span": WORK | members}))
    return found


def codes(notes: Notes) -> list[str]:
    return [warning.code for warning in notes.warnings]


@pytest.mark.parametrize("case", ["checkout.ndjson", "documents.json"])
def test_the_examples_give_the_expected_spans(case: str) -> None:
    found = spans((CASES / case).read_bytes())
    assert rows(found) == json.loads((CASES / case).with_suffix(".expected.json").read_text())


def test_real_files_give_their_traces_and_spans() -> None:
    for path, traces, count in answer_key.files("elastic_apm_ndjson"):
        found, notes = read(path.read_bytes())
        assert (len({span.trace_id for span in found}), len(found)) == (traces, count), path.name
        assert notes.rejected == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (SENT, "Elastic APM: lines of `metadata`"),
        (SENT.split(b"\n", 1)[1], "Elastic APM: lines of `span`"),
        (KEPT, "Elastic APM documents of Elasticsearch: `processor.event`, `trace.id`"),
        (b'{"trace.id":"1","message":"hi","transaction.id":"2"}', None),
        (b'{"span": {"name": "x"}}', None),
    ],
)
def test_it_is_recognised_by_what_it_tells(content: bytes, reason: str | None) -> None:
    assert elastic.looks_like(sniff.head_of(content)) == reason


def test_an_error_is_an_event_of_the_span_it_happened_in() -> None:
    found = {span.name: span for span in spans(SENT)}
    [event] = found["POST pay"].events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == "CardDeclined"
    assert event.attributes["exception.stacktrace"] == (
        "CardDeclined: no money\n    at charge (pay.py:12)\nCaused by: OSError: reset"
    )
    assert not found["POST /checkout"].events


def test_an_error_without_its_span_belongs_to_the_transaction_else_it_is_said() -> None:
    error = {
        "error": {"trace_id": TRACE, "transaction_id": WORK["id"], "parent_id": "9", "log": {"message": "no"}}
    }
    [found], notes = read(lines(error, {"transaction": WORK}))
    assert found.events == [Event("exception", 0, {"exception.message": "no", "log.message": "no"})]
    assert not notes.warnings
    assert codes(read(lines(error))[1]) == ["no_owner"]


def test_the_metadata_speaks_of_what_follows_it() -> None:
    other = {"metadata": {"service": {"name": "pay"}}}
    found = spans(lines(other, {"span": WORK}) + SENT)
    assert [span.service for span in found] == ["pay", "order-service", "order-service", "order-service"]


def test_a_span_without_a_time_begins_so_long_after_its_transaction() -> None:
    pay = next(span for span in spans(SENT) if span.name == "POST pay")
    assert (pay.start_ns, pay.end_ns - pay.start_ns) == (START_US * 1_000 + 5_250_000, 15_500_000)


def test_a_trace_without_any_times_counts_from_0() -> None:
    timeless = {key: value for key, value in WORK.items() if key != "timestamp"}
    root, child = spans(lines({"transaction": timeless}, {"span": timeless | {"id": "b1", "start": 1.5}}))
    assert [(span.start_ns, span.end_ns) for span in (root, child)] == [
        (0, 2_500_000),
        (1_500_000, 4_000_000),
    ]


def test_what_nobody_knows_the_start_of_keeps_its_length_as_an_attribute() -> None:
    _, found = spans(lines({"transaction": WORK}, {"span": WORK | {"id": "b1", "timestamp": None}}))
    assert (found.start_ns, found.end_ns, found.attributes) == (0, 0, {"elastic.duration_ms": 2.5})


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"type": "request"}, Kind.SERVER),
        ({"type": "messaging"}, Kind.CONSUMER),
        ({"type": "page-load"}, Kind.INTERNAL),
        ({"type": "request", "otel": {"span_kind": "PRODUCER"}}, Kind.PRODUCER),
    ],
)
def test_the_kind_of_a_transaction(members: dict[str, Any], kind: Kind) -> None:
    assert transaction(**members).kind == kind


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"type": "db", "subtype": "redis"}, Kind.CLIENT),
        ({"type": "db.postgresql.query"}, Kind.CLIENT),
        ({"type": "messaging", "action": "send"}, Kind.PRODUCER),
        ({"type": "messaging", "action": "receive"}, Kind.CONSUMER),
        ({"type": "template"}, Kind.INTERNAL),
    ],
)
def test_the_kind_of_a_span(members: dict[str, Any], kind: Kind) -> None:
    assert step(**members).kind == kind


def test_types_of_old_agents_are_taken_apart() -> None:
    assert step(type="db.postgresql.query").attributes == {
        "span.type": "db",
        "span.subtype": "postgresql",
        "span.action": "query",
        "db.system.name": "postgresql",
    }


def test_older_agents_tell_a_failure_by_the_result() -> None:
    assert [transaction(result=text).status for text in ("HTTP 5xx", "HTTP 2xx", "failure")] == [2, 0, 2]


def test_a_bridge_to_opentelemetry_gives_its_attributes() -> None:
    found = step(otel={"span_kind": "CLIENT", "attributes": {"http.method": "GET", "n": [1]}})
    assert found.attributes == {"http.method": "GET", "n": [1]}


def test_a_sampled_transaction_stands_for_many() -> None:
    weights = {span.name: span.weight for span in spans(SENT)}
    assert weights == {"SELECT orders": 1.0, "POST pay": 1.0, "POST /checkout": 4.0}


def test_links_point_to_other_traces() -> None:
    link = Link("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    assert [span.links for span in spans(KEPT)] == [[], [link]]
    assert step(links=[{"trace_id": link.trace_id, "span_id": link.span_id}, {}]).links == [link]


@pytest.mark.parametrize("written", ["00xxxxFFaaaa1234", 12345, "ddf109a4c4aa5f2b6e984548ca57774c"])
def test_ids_of_any_form_are_kept_as_written(written: object) -> None:
    found = transaction(id=written)
    assert (len(found.span_id), found.written_span_id) == (16, str(written))


def test_documents_come_as_search_results_lists_or_lines() -> None:
    sources = [hit["_source"] for hit in json.loads(KEPT)["hits"]["hits"]]
    hits = json.loads(KEPT)["hits"]["hits"]
    whole = spans(KEPT)
    assert len(whole) == 2
    assert spans(json.dumps(sources).encode()) == spans(lines(*sources)) == spans(lines(*hits)) == whole


def test_what_is_no_span_is_counted() -> None:
    _, notes = read(SENT + lines({"log": {"message": "hi"}}, {"other": 1}))
    assert codes(notes) == ["other_signal"] * 3
    assert notes.rejected == 0


def test_a_span_without_an_id_is_rejected() -> None:
    found, notes = read(lines({"span": WORK | {"id": None}}, {"transaction": WORK}))
    assert (len(found), notes.rejected) == (1, 1)


def test_more_than_is_held_loses_no_span(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.formats.by_trace.MOST_RECORDS", 10)
    events = [{"span": WORK | {"trace_id": f"{number:032x}"}} for number in range(1, 101)]
    assert len(spans(lines(*events))) == 100


def test_files_cut_anywhere_keep_what_comes_before() -> None:
    for end in range(0, len(SENT), 7):
        whole = sum(line.startswith((b'{"span', b'{"trans')) for line in SENT[:end].split(b"\n")[:-1])
        assert len(spans(SENT[:end])) >= whole


_any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["span", "transaction", "error", "metadata"]),
    st.dictionaries(
        st.sampled_from(
            [
                *WORK,
                *[
                    "name",
                    "type",
                    "start",
                    "parent_id",
                    "links",
                    "otel",
                    "composite",
                    "context",
                    "exception",
                    "log",
                ],
            ]
        ),
        _any,
    ),
)
def test_members_of_any_type_are_survived(kind: str, members: dict[str, Any]) -> None:
    read(lines({kind: WORK | members}, {"transaction": WORK}))
    read(lines({"processor": {"event": kind}, "trace": {"id": TRACE}, kind: members}))


def test_the_short_spelling_of_browsers_is_read_with_the_spans_inside_of_a_transaction() -> None:
    spans_of_page = [
        {
            "id": "b" * 16,
            "n": "GET /cart",
            "t": "external",
            "su": "http",
            "s": 4,
            "d": 11.5,
            "c": {"h": {"mt": "GET"}},
        },
        {"id": "c" * 16, "n": "parse", "t": "app", "s": 8, "d": 2, "pi": 0},
    ]
    page = {"id": "a" * 16, "tid": "5b" * 16, "n": "/cart", "t": "page-load", "d": 295, "o": "success"}
    failure = {
        "id": "d" * 32,
        "tid": "5b" * 16,
        "xid": "a" * 16,
        "pid": "c" * 16,
        "ex": {"mg": "no", "t": "TypeError"},
    }
    found, notes = read(
        lines(
            {"m": {"se": {"n": "shop-web", "ve": "1.2", "en": "prod", "a": {"n": "js-base", "ve": "5"}}}},
            {"x": page | {"y": spans_of_page}},
            {"e": failure},
            {"me": {"sa": {"x": {"v": 1}}}},
        )
    )
    load, call, parse = found
    assert (load.service, load.name, load.end_ns - load.start_ns) == ("shop-web", "/cart", 295_000_000)
    assert load.resource.attributes["deployment.environment.name"] == "prod"
    assert (call.parent_span_id, parse.parent_span_id) == (load.span_id, call.span_id)
    assert (call.start_ns, call.end_ns - call.start_ns) == (4_000_000, 11_500_000)
    assert call.attributes["http.request.method"] == "GET"
    assert [event.attributes["exception.type"] for event in parse.events] == ["TypeError"]
    assert {warning.code for warning in notes.warnings} <= {"other_signal", "no_times"}
