"""Zipkin's version 1: what its annotations say of kind, time and peer, calls told from both sides, and real tracers."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.formats import answer_key
from tests.formats.any_spans import rows
from webapp.formats import sniff, zipkin
from webapp.formats.notes import Notes
from webapp.model.spans import Kind, Span

CASES = Path(__file__).parents[1] / "data" / "zipkin"
SHOP, STOCK, KAFKA = ({"serviceName": name} for name in ("shop", "stock", "kafka"))
PEER = "service.peer.name"


def read(content: Any) -> tuple[list[Span], Notes]:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    notes = Notes()
    return list(zipkin.read(io.BytesIO(raw), notes)), notes


def at(value: str, time_us: int, endpoint: Any = SHOP) -> dict[str, Any]:
    return {"timestamp": time_us, "value": value, "endpoint": endpoint}


def said(key: str, value: Any, endpoint: Any = SHOP) -> dict[str, Any]:
    return {"key": key, "value": value, "endpoint": endpoint}


def spans(*annotations: Any, binary: Any = (), **members: Any) -> list[Span]:
    record = {"traceId": "a", "id": "b", "annotations": list(annotations), "binaryAnnotations": list(binary)}
    return read([record | members])[0]


def times(found: list[Span]) -> list[tuple[str, int, int, int]]:
    """Service, kind, start and end in µs."""
    return [(one.service, one.kind, one.start_ns // 1_000, one.end_ns // 1_000) for one in found]


def test_the_example_gives_the_expected_spans() -> None:
    found, notes = read((CASES / "version1.json").read_bytes())
    assert rows(found) == json.loads((CASES / "version1.expected.json").read_text())
    assert [(one.code, one.count) for one in notes.warnings] == [("both_halves", 1)]
    assert {one.trace_id for one in found} == {"463ac35c9f6413ad48485a3953bb6124"}


# what annotations say


@pytest.mark.parametrize(
    ("begin", "end", "kind"),
    [
        ("cs", "cr", Kind.CLIENT),
        ("sr", "ss", Kind.SERVER),
        ("ms", "ws", Kind.PRODUCER),
        ("wr", "mr", Kind.CONSUMER),
    ],
)
def test_a_pair_of_annotations_gives_kind_and_times(begin: str, end: str, kind: Kind) -> None:
    assert times(spans(at(begin, 10), at(end, 30))) == [("shop", kind, 10, 30)]
    assert times(spans(at(end, 30), at(begin, 10))) == [("shop", kind, 10, 30)]


def test_the_spans_own_times_go_before_those_of_annotations() -> None:
    assert times(spans(at("cs", 10), at("cr", 30), timestamp=9, duration=25)) == [("shop", 3, 9, 34)]


@pytest.mark.parametrize(
    ("value", "start", "events"),
    [("cs", 10, []), ("sr", 10, []), ("ms", 10, []), ("mr", 10, []), ("cr", 0, ["cr"]), ("ss", 0, ["ss"])],
)
def test_one_annotation_alone_gives_a_kind_and_at_most_a_start(
    value: str, start: int, events: list[str]
) -> None:
    [found] = spans(at(value, 10))
    assert (found.start_ns // 1_000, found.end_ns, [event.name for event in found.events]) == (
        start,
        0,
        events,
    )
    assert found.kind


def test_an_end_where_the_span_ends_stands_for_both() -> None:
    assert times(spans(at("cr", 30), timestamp=10, duration=20)) == [("shop", 3, 10, 30)]


def test_a_call_told_from_both_sides_is_two_spans() -> None:
    client, server = spans(
        at("cs", 10),
        at("sr", 15, STOCK),
        at("ss", 20, STOCK),
        at("cr", 30),
        timestamp=10,
        duration=20,
        parentId="c",
    )
    assert times([client, server]) == [("shop", 3, 10, 30), ("stock", 2, 15, 20)]
    assert (client.shared, server.shared) == (False, True)
    assert client.span_id == server.span_id
    assert client.parent_span_id == server.parent_span_id == "c".zfill(16)


def test_the_order_of_the_sides_does_not_matter() -> None:
    found = spans(
        at("sr", 15, STOCK), at("ss", 20, STOCK), at("cs", 10), at("cr", 30), timestamp=10, duration=20
    )
    assert times(found) == [("stock", 2, 15, 20), ("shop", 3, 10, 30)]


def test_a_service_that_calls_itself_has_two_spans_too() -> None:
    found = spans(at("cs", 10), at("sr", 15), at("ss", 20), at("cr", 30))
    assert times(found) == [("shop", 3, 10, 30), ("shop", 2, 15, 20)]


def test_a_message_told_from_both_sides_is_two_spans() -> None:
    found = spans(at("ms", 10), at("ws", 11), at("wr", 15, STOCK), at("mr", 20, STOCK))
    assert times(found) == [("shop", 4, 10, 11), ("stock", 5, 15, 20)]


def test_a_call_without_answer_has_no_end() -> None:
    assert times(spans(at("cs", 10), at("sr", 15, STOCK))) == [("shop", 3, 10, 0), ("stock", 2, 15, 0)]


def test_a_server_without_times_of_its_own_shares_the_span() -> None:
    [found] = spans(at("sr", 15), at("ss", 20))
    assert found.shared
    [found] = spans(at("sr", 15), at("ss", 20), timestamp=15, duration=5)
    assert not found.shared


def test_the_halves_may_be_reported_apart() -> None:
    both = {"traceId": "a", "id": "b"}
    found, _ = read(
        [
            both | {"annotations": [at("sr", 15, STOCK), at("ss", 20, STOCK)]},
            both | {"annotations": [at("cs", 10), at("cr", 30)], "timestamp": 10, "duration": 20},
        ]
    )
    assert times(found) == [("stock", 2, 15, 20), ("shop", 3, 10, 30)]


def test_other_annotations_are_events_of_who_said_them() -> None:
    client, server = spans(
        at("cs", 10),
        at("cr", 30),
        at("sr", 15, STOCK),
        at("ss", 20, STOCK),
        at("locked", 16, STOCK),
        at("ws", 11),
    )
    assert [[event.name for event in one.events] for one in (client, server)] == [["ws"], ["locked"]]


def test_annotations_without_endpoint_say_nothing_of_kind() -> None:
    [found] = spans({"timestamp": 10, "value": "cs"}, binary=[said("k", "v")], timestamp=5, duration=9)
    assert (found.kind, [event.name for event in found.events]) == (Kind.INTERNAL, ["cs"])


def test_a_repeated_annotation_stays_as_an_event() -> None:
    [found] = spans(at("cs", 10), at("cs", 12), at("cr", 30))
    assert (times([found]), [event.name for event in found.events]) == ([("shop", 3, 10, 30)], ["cs"])


# what binary annotations say


@pytest.mark.parametrize(
    ("annotations", "binary", "peer", "kind"),
    [
        ([at("cs", 1), at("cr", 2)], [said("sa", True, STOCK)], "stock", 3),
        ([at("sr", 1), at("ss", 2)], [said("ca", True, STOCK)], "stock", 2),
        ([at("ms", 1)], [said("ma", True, KAFKA)], "kafka", 4),
        ([at("mr", 1)], [said("ma", "true", KAFKA)], "kafka", 5),
        ([], [said("sa", True, STOCK)], "stock", 1),
        ([], [said("ca", True, STOCK)], "stock", 2),
        ([], [said("ca", True, SHOP), said("sa", True, STOCK)], "stock", 1),
        ([at("cs", 1), at("cr", 2)], [said("sa", True, SHOP)], None, 3),
    ],
)
def test_addresses_are_those_of_the_peer(annotations: Any, binary: Any, peer: str | None, kind: int) -> None:
    [found] = spans(*annotations, binary=binary, timestamp=1, duration=1)
    assert (found.attributes.get(PEER), found.kind) == (peer, kind)
    assert not {"sa", "ca", "ma"} & set(found.attributes)


def test_a_peer_named_like_oneself_keeps_its_address_alone() -> None:
    [found] = spans(
        at("cs", 1), at("cr", 2), binary=[said("sa", True, SHOP | {"ipv4": "10.0.0.2", "port": 80})]
    )
    assert found.attributes == {"network.peer.address": "10.0.0.2", "network.peer.port": 80}


def test_local_work_is_marked_or_named() -> None:
    [found] = spans(binary=[said("lc", "")], timestamp=1, duration=1)
    assert (found.service, found.kind, found.attributes) == ("shop", Kind.INTERNAL, {})
    [found] = spans(binary=[said("lc", "pricing")], timestamp=1, duration=1)
    assert found.attributes == {"lc": "pricing"}


def test_values_keep_their_types() -> None:
    [found] = spans(binary=[said("n", 5), said("x", 1.5), said("yes", True), said("sa", "10.0.0.1:80")])
    assert found.attributes == {"n": 5, "x": 1.5, "yes": True, "sa": "10.0.0.1:80"}


@pytest.mark.parametrize(
    ("annotations", "binary", "message"),
    [
        ([at("error", 5)], [], ""),
        ([], [said("error", "boom")], "boom"),
        ([at("error", 5)], [said("error", "boom")], "boom"),
    ],
)
def test_an_error_is_a_key_or_an_annotation(annotations: Any, binary: Any, message: str) -> None:
    [found] = spans(*annotations, binary=binary)
    assert (found.status, found.status_message) == (2, message)


# arrangement and real files


def test_both_versions_may_stand_in_one_list() -> None:
    second = {
        "traceId": "a",
        "id": "c",
        "parentId": "b",
        "kind": "CLIENT",
        "localEndpoint": STOCK,
        "tags": {"k": "v"},
    }
    bare = {"traceId": "a", "id": "d", "timestamp": 5}
    first = {"traceId": "a", "id": "b", "annotations": [at("sr", 1), at("ss", 9)]}
    for arranged in ([first, second, bare], [second, first, bare], [[bare], [second, first]]):
        found = {one.span_id[-1]: one for one in read(arranged)[0]}
        assert [(key, found[key].service, found[key].kind) for key in "bc"] == [
            ("b", "shop", 2),
            ("c", "stock", 3),
        ]
        assert len(found) == 3


@pytest.mark.parametrize(
    ("tracer", "spans_sent", "traces"),
    [
        ("zipkin-json-v1", 39, 9),
        ("py-zipkin-v1-json", 18, 3),
        ("py-zipkin-v2-proto3", 18, 3),
        ("js-zipkin-v2", 6, 3),
    ],
)
def test_what_real_tracers_sent_is_read_whole(tracer: str, spans_sent: int, traces: int) -> None:
    found: list[Span] = []
    for path in sorted((CASES / "captures").glob(f"{tracer}-0*")):
        content = path.read_bytes()
        assert zipkin.looks_like(sniff.head_of(content))
        some, notes = read(content)
        assert (notes.rejected, notes.warnings) == (0, [])
        found += some
    assert (len(found), len({one.trace_id for one in found})) == (spans_sent, traces)
    assert all(one.end_ns >= one.start_ns > 0 for one in found)


def test_py_zipkin_gives_both_halves_of_a_call_one_id_in_either_version() -> None:
    for name in ("py-zipkin-v1-json-001.body", "py-zipkin-v2-proto3-001.body"):
        found, _ = read((CASES / "captures" / name).read_bytes())
        client, server = sorted(
            (one for one in found if one.name.startswith("post ")), key=lambda one: -one.kind
        )
        assert client.span_id == server.span_id
        assert (client.service, server.service, client.attributes[PEER]) == (
            "frontend",
            "checkout",
            "checkout",
        )


def test_opentelemetrys_exporter_says_the_same_in_both_versions() -> None:
    second, _ = read((CASES / "opentelemetry-python.jsonl").read_bytes())
    first = [
        one
        for path in sorted((CASES / "captures").glob("zipkin-json-v1-0*"))
        for one in read(path.read_bytes())[0]
    ]
    told = [sorted((one.name, one.service, one.status, len(one.attributes), len(one.events)) for one in each)
            for each in (first, second)]  # fmt: skip
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "key", ["annotations", "binaryAnnotations", "timestamp", "duration", "tags", "localEndpoint"]
)
def test_the_wrong_type_in_a_field_costs_at_most_that_span(key: str) -> None:
    junk: list[Any] = [
        None,
        True,
        -1,
        1.5,
        10**30,
        "text",
        [],
        [[]],
        [None],
        {},
        {"key": []},
        [{"value": 1}],
        [{}],
    ]
    record = {"traceId": "a", "id": "b", "annotations": [at("cs", 1)], "binaryAnnotations": [said("k", "v")]}
    for one in [*junk, [at("cs", "x")], [said("sa", True, 5)], [said("k", None)], [{"endpoint": []}]]:  # type: ignore[arg-type]
        found, notes = read([record | {key: one}, record | {"id": "c"}])
        assert len(found) + notes.rejected == 2
        assert found[-1].attributes == {"k": "v"}


def test_the_shared_collection_is_read_as_its_index_says() -> None:
    for known in answer_key.files("zipkin_v1_json"):
        found, notes = read(known.path.read_bytes())
        halves = sum(one.count for one in notes.warnings if one.code == "both_halves")
        assert (len(found) - halves, notes.rejected) == (known.spans, 0), known.path.name
        assert len({span.trace_id for span in found}) == known.traces, known.path.name
        assert "v1" in str(zipkin.looks_like(sniff.head_of(known.path.read_bytes()[:256_000])))


def test_a_trace_recorded_in_both_versions_is_the_same() -> None:
    twins = [
        read(
            next(
                one for one in answer_key.files(kind) if "messaging-kafka" in one.path.name
            ).path.read_bytes()
        )[0]
        for kind in ("zipkin_v1_json", "zipkin_v2_json")
    ]
    told = [
        sorted(
            (one.span_id, one.kind, one.start_ns, one.end_ns, one.status, repr(one.attributes))
            for one in each
        )
        for each in twins
    ]
    assert told[0] == told[1]
