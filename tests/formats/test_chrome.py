"""What profilers write as Chrome trace events: nesting, async slices, arrows, clocks, damage."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats import answer_key
from tests.formats.chrome_events import event, read, spans
from webapp.formats import chrome, sniff
from webapp.formats.notes import Notes
from webapp.model.spans import Event, Link, Span

CASES = Path(__file__).parents[1] / "data" / "chrome"
START_NS = 1_700_000_000_000_000_000


# reading


def tree(found: list[Span]) -> dict[str, str]:
    """The name of each span's parent."""
    names = {span.span_id: span.name for span in found}
    return {span.name: names.get(span.parent_span_id, "") for span in found}


def codes(notes: Notes) -> list[str]:
    return [warning.code for warning in notes.warnings]


def test_real_files_give_their_traces_and_spans() -> None:
    for path, traces, count in answer_key.files("chrome_trace"):
        found, notes = read(path.read_bytes())
        traces = traces if count else 0
        assert (len({span.trace_id for span in found}), len(found)) == (traces, count), path.name
        assert notes.rejected == 0


@pytest.mark.parametrize(
    ("case", "count", "depth"),
    [("viztracer.json", 171, 9), ("node.json", 6, 2)],
)
def test_profilers_give_nested_spans(case: str, count: int, depth: int) -> None:
    found, notes = read((CASES / case).read_bytes())
    parents = {span.span_id: span.parent_span_id for span in found}
    assert (len(parents), len({span.trace_id for span in found})) == (count, 1)
    assert notes.rejected == 0

    def deep(span_id: str) -> int:
        return 1 + deep(parents[span_id]) if span_id else 0

    assert max(map(deep, parents)) == depth
    by_id = {span.span_id: span for span in found}
    for span in found:
        if span.parent_span_id:
            around = by_id[span.parent_span_id]
            assert around.start_ns <= span.start_ns <= span.end_ns <= around.end_ns


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"traceEvents": []}, "Chrome Trace Event file: `traceEvents`"),
        ([event("X", "a", 1)], "Chrome Trace Event file: events with `ph` and `ts`"),
        ([{"ph": "555-1234", "ts": 1}], None),
    ],
)
def test_it_is_recognised(content: object, reason: str | None) -> None:
    assert chrome.looks_like(sniff.head_of(json.dumps(content).encode())) == reason


def test_begin_and_end_nest() -> None:
    found, notes = read(
        [
            *(event("B", "a", 0, args={"x": 1}), event("B", "b", 1), event("E", "b", 2)),
            *(event("B", "c", 2), event("E", "c", 4), event("E", "a", 5, args={"y": 2})),
        ]
    )
    assert tree(found) == {"a": "", "b": "a", "c": "a"}
    a = next(span for span in found if span.name == "a")
    assert (a.start_ns, a.end_ns) == (0, 5_000)
    assert a.attributes == {"thread.id": 1, "x": 1, "y": 2}
    assert not notes.warnings


def test_slices_with_a_length_nest_in_any_order() -> None:
    slices = [event("X", "inner", 2, dur=1), event("X", "middle", 1, dur=3), event("X", "outer", 0, dur=10)]
    slices += [event("X", "next", 4, dur=2), event("X", "over", 9, dur=5)]
    assert tree(read(slices)[0]) == {
        "inner": "middle",
        "middle": "outer",
        "next": "outer",
        "outer": "",
        "over": "",
    }


def test_threads_are_apart_and_a_process_is_a_trace() -> None:
    found, _ = read(
        [event("X", "a", 0, dur=9), event("X", "b", 1, dur=1, tid=2), event("X", "c", 1, dur=1, pid=2)]
    )
    assert tree(found) == {"a": "", "b": "", "c": ""}
    a, b, c = found
    assert a.trace_id == b.trace_id != c.trace_id


def test_processes_and_threads_have_their_names() -> None:
    names = [
        {"ph": "M", "name": "process_name", "pid": 1, "args": {"name": "node"}},
        {"ph": "M", "name": "thread_name", "pid": 1, "tid": 1, "args": {"name": "main"}},
    ]
    [found] = read([event("X", "a", 0, dur=1, cat="fs"), *names])[0]
    assert (found.service, found.resource.attributes) == ("node", {"service.name": "node", "process.pid": 1})
    assert found.attributes == {"chrome.category": "fs", "thread.id": 1, "thread.name": "main"}
    assert read([event("X", "a", 0, dur=1)])[0][0].service == "process 1"


def test_asynchronous_slices_belong_together_by_their_id() -> None:
    def one(ph: str, name: str, ts: float, number: int) -> dict[str, Any]:
        return event(ph, name, ts, cat="net", id=number)

    begins = [one("b", "a", 0, 1), one("b", "x", 1, 2), one("b", "b", 2, 1), one("n", "mark", 3, 1)]
    ends = [one("e", "b", 4, 1), one("e", "x", 5, 2), one("e", "a", 6, 1), one("e", "a", 7, 9)]
    found, notes = read(begins + ends)
    assert tree(found) == {"a": "", "b": "a", "x": ""}
    assert [each.name for each in next(span for span in found if span.name == "b").events] == ["mark"]
    assert codes(notes) == ["no_begin"]


def test_an_arrow_is_a_link_back() -> None:
    found, _ = read(
        [
            *(event("X", "send", 0, dur=2), event("s", "flow", 1, id=7, cat="f")),
            *(event("X", "receive", 5, dur=2, pid=2), event("f", "flow", 6, id=7, cat="f", pid=2, bp="e")),
        ]
    )
    send, receive = found
    assert receive.links == [Link(send.trace_id, send.span_id)]


def test_instants_are_events_of_what_they_lie_in() -> None:
    found, notes = read(
        [event("X", "a", 0, dur=2), event("i", "gc", 1, s="t", args={"n": 1}), event("i", "late", 9)]
    )
    assert found[0].events == [Event("gc", 1_000, {"n": 1})]
    assert codes(notes) == ["no_owner"]


def test_what_never_ends_is_unfinished_and_what_never_began_is_said() -> None:
    found, notes = read([event("B", "a", 0), event("X", "b", 1), event("E", "c", 2, tid=2)])
    assert [(span.name, span.end_ns) for span in found] == [("b", 0), ("a", 0)]
    assert codes(notes) == ["no_begin"]


def test_counters_and_samples_are_counted() -> None:
    _, notes = read([event("C", "heap", 0), event("P", "sample", 0), event("X", "a", 0, dur=1)])
    assert codes(notes) == ["other_signal"] * 2


def test_a_clock_of_its_own_counts_from_its_first_event() -> None:
    found, notes = read([event("X", "a", "11550183666", dur="2.5")])
    assert [(span.start_ns, span.end_ns) for span in found] == [(0, 2_500)]
    assert codes(notes) == ["time_unit"]
    wall = read([event("X", "a", 1_700_000_000_000_000.5, dur=1)])[0][0]
    assert wall.start_ns == 1_700_000_000_000_000_500
    torch = read({"baseTimeNanoseconds": START_NS, "traceEvents": [event("X", "a", 1.5, dur=1)]})[0][0]
    assert torch.start_ns == START_NS + 1_500


def test_the_same_file_gives_the_same_ids_and_others_give_others() -> None:
    one, two = [event("X", "a", 0, dur=1)], [event("X", "a", 0, dur=1), event("X", "b", 2, dur=1)]
    assert read(one)[0] == read(one)[0]
    assert read(one)[0][0].trace_id != read(two)[0][0].trace_id


def test_more_events_than_are_held_at_once_still_nest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.formats.chrome.window.MOST_EVENTS", 10)
    steps = [event("X", f"s{number}", number, dur=0.5) for number in range(1, 99)]
    found = read([event("B", "all", 0), *steps, event("E", "all", 100)])[0]
    assert tree(found) == {"all": ""} | {f"s{number}": "all" for number in range(1, 99)}
    assert next(span for span in found if span.name == "all").end_ns == 100_000


def test_an_array_may_lack_its_end() -> None:
    whole = json.dumps([event("X", f"s{number}", number, dur=0.5) for number in range(4)]).encode()
    assert len(spans(whole[:-1])) == len(spans(whole[:-1] + b",\n")) == 4


def test_an_event_without_a_time_is_rejected() -> None:
    found, notes = read(
        [event("X", "a", 0, dur=1), {"ph": "X", "name": "b", "pid": 1}, event("E", "c", 0) | {"ts": "?"}]
    )
    assert (len(found), notes.rejected, codes(notes)) == (1, 1, ["bad_record", "bad_time"])


# our own


# what is wrong


def test_files_cut_anywhere_keep_what_comes_before() -> None:
    content = json.dumps([event("X", f"s{number}", number, dur=0.5) for number in range(6)]).encode()
    counts = [len(spans(content[:end])) for end in range(len(content) + 1)]
    assert counts == sorted(counts)
    assert counts[-1] == 6


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"ph": st.sampled_from([*"XBEbenSTFpstfiIRMC"]), "ts": st.integers(-3, 20) | st.none() | st.text(max_size=2)},
            optional={
                "dur": st.integers(-2, 9) | st.text(max_size=2),
                "name": st.sampled_from(["a", "b", "process_name"]) | st.none(),
                "pid": st.integers(0, 1) | st.text(max_size=2) | st.lists(st.integers(), max_size=1),
                "id": st.integers(0, 2) | st.text(max_size=2),
                "args": st.dictionaries(st.sampled_from(["name", "span_id", "attributes"]), st.integers(), max_size=3),
                "cat": st.sampled_from(["span", "call"]),
            },
        ),
        max_size=12,
    )
)  # fmt: skip
def test_any_events_are_survived(events: list[dict[str, Any]]) -> None:
    found, _ = read(events)
    assert len({span.span_id for span in found}) == len(found)
