"""Documents of X-Ray wait for those that explain them, and no longer than they must."""

import json
from typing import Any

import pytest

from webapp.listeners import xray
from webapp.listeners.xray import LONGEST_SECONDS, QUIET_SECONDS, Gathering

HEADER = b'{"format": "json", "version": 1}\n'


def document(span_id: str, trace: int = 1, parent: str = "", **more: Any) -> bytes:
    known = {"id": span_id, "trace_id": f"1-{trace:08x}-{trace:024x}", "parent_id": parent, "end_time": 2.0}
    return HEADER + json.dumps(known | more).encode()


def subsegment(span_id: str, parent: str, **more: Any) -> bytes:
    return document(span_id, parent=parent, type="subsegment", **more)


def gathered(*datagrams: bytes, after: float) -> list[bytes]:
    """What is ready so long after the last of them."""
    gathering = Gathering()
    assert [body for each in datagrams for body in gathering.add(each, 0)] == []
    return list(gathering.ready(after))


def test_a_segment_is_read_when_its_trace_is_quiet() -> None:
    assert gathered(document("a"), after=QUIET_SECONDS / 2) == []
    assert gathered(document("a"), document("b", parent="a"), after=QUIET_SECONDS) == [
        document("a") + b"\n" + document("b", parent="a")
    ]


def test_subsegments_wait_for_their_segment() -> None:
    inner = subsegment("b", "a"), subsegment("c", "b")
    assert gathered(*inner, after=LONGEST_SECONDS - 1) == []
    assert len(gathered(*inner, document("a"), after=QUIET_SECONDS)) == 1
    assert len(gathered(*inner, after=LONGEST_SECONDS)) == 1


def test_a_subsegment_may_be_in_one_that_came_with_its_segment() -> None:
    whole = document("a", subsegments=[{"id": "b", "subsegments": [{"id": "c"}]}])
    assert len(gathered(subsegment("d", "c"), whole, after=QUIET_SECONDS)) == 1
    assert gathered(subsegment("d", "other"), whole, after=QUIET_SECONDS) == []


def test_a_segment_in_progress_waits_for_its_end() -> None:
    begun = document("a", end_time=None, in_progress=True)
    assert gathered(begun, after=LONGEST_SECONDS - 1) == []
    assert len(gathered(begun, after=LONGEST_SECONDS)) == 1


@pytest.mark.parametrize(
    "datagram", [b"", b"hello", HEADER, b"[" * 100_000, HEADER + b'{"id": "a"}', b"\xff"]
)
def test_what_names_no_trace_is_read_at_once(datagram: bytes) -> None:
    assert list(Gathering().add(datagram, 0)) == [datagram]


def test_what_waits_longest_is_read_when_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xray, "MOST_BYTES", 2_000)
    gathering = Gathering()
    kept = [list(gathering.add(document("a", trace, text="x" * 700), trace)) for trace in (1, 2, 3)]
    assert [len(each) for each in kept] == [0, 0, 1]
    assert b"1-00000001-" in kept[2][0]
    assert len(list(gathering.rest())) == 2
    assert list(gathering.rest()) == []


def test_subsegments_that_are_in_each_other_end() -> None:
    assert gathered(subsegment("a", "b"), subsegment("b", "a"), document("c"), after=QUIET_SECONDS) == []
