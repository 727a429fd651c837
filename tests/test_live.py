"""What is sent while Tailrace serves: kept before it is acknowledged, analysed when traces are quiet."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from tests.killing import kill_while_receiving, missing
from tests.store.shop import SECOND, START, encoded, make_span
from tests.views.sending import hush, until
from webapp.loading.arriving import LONGEST_WAIT_SECONDS, Arriving
from webapp.loading.listening import Receiver
from webapp.loading.live import MOST_BYTES, Live, Post, Taken
from webapp.model.retention import Policy
from webapp.model.spans import Span
from webapp.model.warnings import Warning
from webapp.query import Window, parse
from webapp.store import Store

OTLP = Receiver("OTLP over HTTP", "otlp")


def span(span_id: int, trace: int = 1, parent: int = 0, seconds: int = 1) -> Span:
    return make_span(span_id, trace, parent=parent, start_ns=START, end_ns=START + seconds * SECOND)


def post(*spans: Span, rejected: int = 0, warnings: tuple[Warning, ...] = (), size: int = 100) -> Post:
    return Post(OTLP, encoded(*spans), rejected, warnings, size)


def summary(store: Store, trace: int) -> Any:
    return until(lambda: store.summary_of(f"{trace:032x}"))


def test_a_trace_is_analysed_at_once_and_again_when_it_is_quiet() -> None:
    with Store.open(None) as store:
        live = Live(store, durable=False, quiet_seconds=600)
        assert live.take(post(span(1))) is Taken.YES
        assert summary(store, 1).spans == 1
        assert f"{1:032x}" in live.arriving
        live.take(post(span(2, parent=1)))
        until(lambda: store.span_total() == 2)
        hush(live)
        until(lambda: summary(store, 1).spans == 2)
        until(lambda: f"{1:032x}" not in live.arriving)
        assert list(store.pending()) == []


def test_late_spans_update_their_trace() -> None:
    with Store.open(None) as store:
        live = Live(store, durable=False, quiet_seconds=0)
        live.take(post(span(1), span(2, parent=1)))
        until(lambda: summary(store, 1).spans == 2)
        live.take(post(span(3, parent=2, seconds=2)))
        until(lambda: summary(store, 1).spans == 3)
        assert summary(store, 1).duration_ns == 2 * SECOND


def test_a_receiver_is_one_source_for_as_long_as_the_store_lasts(tmp_path: Path) -> None:
    damaged = Warning("bad_id", "no id")
    for run in (1, 2):
        with Store.open(tmp_path / "spans.db") as store:
            live = Live(store, durable=True)
            assert live.take(post(span(run), rejected=2, warnings=(damaged,))) is Taken.YES
            assert live.is_active
            [source] = store.sources()
            assert (source.path, source.format, source.spans, source.rejected) == (
                *as_pair(OTLP),
                run,
                2 * run,
            )
            assert [each["count"] for each in source.warnings if each["code"] == "bad_id"] == [run]


def as_pair(receiver: Receiver) -> tuple[str, str]:
    return receiver.name, receiver.format


def test_what_an_earlier_run_left_is_analysed_at_the_start(tmp_path: Path) -> None:
    with Store.open(tmp_path / "spans.db") as store:
        store.append([span(1)], store.start_source("one", "otlp", ""))
    with Store.open(tmp_path / "spans.db") as store:
        Live(store, durable=True).start()
        assert summary(store, 1).spans == 1


def test_one_post_that_cannot_be_stored_costs_no_other() -> None:
    with Store.open(None) as store:
        live = Live(store, durable=True)
        taken: dict[int, Taken] = {}

        def send(number: int, one: Post) -> None:
            taken[number] = live.take(one)

        broken = post(span(1, 9))
        broken.encoded = replace(broken.encoded, rows=broken.encoded.rows.drop_columns(["span_id"]))
        with store.together():  # so that all of them wait
            senders = [threading.Thread(target=send, args=(n, post(span(n, n)))) for n in range(1, 5)]
            senders.append(threading.Thread(target=send, args=(9, broken)))
            for sender in senders:
                sender.start()
            until(lambda: not live.has_room(MOST_BYTES - 499))  # all five are waiting
        for sender in senders:
            sender.join(20)
        assert taken == {1: Taken.YES, 2: Taken.YES, 3: Taken.YES, 4: Taken.YES, 9: Taken.FAILED}
        assert store.span_total() == 4


def test_the_last_posts_are_stored_before_the_store_closes(tmp_path: Path) -> None:
    with Store.open(tmp_path / "spans.db") as store:
        live = Live(store, durable=False)
        live.take(post(span(1)))
    assert live.take(post(span(2))) is Taken.FULL
    with Store.open(tmp_path / "spans.db") as store:
        assert store.span_total() == 1


def test_a_trace_that_never_ends_is_analysed_now_and_then() -> None:
    arriving = Arriving(quiet_seconds=10)
    arriving.note(["endless"], 0)
    assert arriving.waiting(0) == set()  # its first analysis takes in all there is
    for now in range(1, int(LONGEST_WAIT_SECONDS)):
        arriving.note(["endless"], now)
        assert arriving.waiting(now) == {"endless"}
        assert not arriving.is_due(now)
    assert arriving.waiting(LONGEST_WAIT_SECONDS) == set()
    arriving.analysed(LONGEST_WAIT_SECONDS)
    arriving.note(["endless"], LONGEST_WAIT_SECONDS)
    assert arriving.waiting(LONGEST_WAIT_SECONDS) == {"endless"}
    assert arriving.is_due(2 * LONGEST_WAIT_SECONDS)
    arriving.analysed(2 * LONGEST_WAIT_SECONDS)
    assert "endless" not in arriving


def test_what_was_acknowledged_outlives_kills(tmp_path: Path) -> None:
    path = tmp_path / "spans.db"
    acknowledged = [trace_id for round_ in range(3) for trace_id in kill_while_receiving(path, round_)]
    with Store.open(path) as store:
        assert len(acknowledged) == len(set(acknowledged))
        assert missing(store, acknowledged) == []
        assert store.span_total() >= len(acknowledged)
        Live(store, durable=True).start()
        assert summary(store, int(acknowledged[-1], 16)).spans == 1


def test_a_policy_decides_when_a_trace_is_quiet_and_pages_go_on() -> None:
    policy = Policy(errors=True, others=0.25)
    others = [number for number in range(1, 100) if not policy.chooses(f"{number:032x}")]
    chosen = next(number for number in range(1, 100) if policy.chooses(f"{number:032x}"))
    with Store.open(None) as store:
        live = Live(store, durable=False, quiet_seconds=600, policy=policy)
        failed = msgspec.structs.replace(span(1, others[1]), status=2)
        live.take(post(span(1, others[0]), failed, span(1, chosen)))
        summary(store, others[0])  # all are shown until then
        hush(live)
        until(lambda: store.retention.fate(f"{others[0]:032x}"))
        until(lambda: summary(store, chosen))
        assert store.version(f"{others[0]:032x}") == -1
        assert summary(store, others[1]).errors == 1
        until(lambda: store.totals(parse(""), Window()).calls == 5)
