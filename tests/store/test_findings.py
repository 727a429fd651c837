"""Findings over many traces: each trace looked at once, kept, summed as plain arithmetic over the detectors sums them."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median_low

import numpy as np
import pytest

from tests.analysis.detecting import below, in_turn
from tests.analysis.test_batch import moved
from webapp.analysis.detectors import find_in
from webapp.analysis.detectors.kinds import kind_of
from webapp.analysis.detectors.looking import ASKING, Looking, time_tested
from webapp.analysis.detectors.scene import Scene
from webapp.analysis.trace import analyse_trace
from webapp.errors import TooSlow
from webapp.loading import analyse_pending
from webapp.loading import load as load_files
from webapp.loading.findings import Looker, look_at_all, look_at_next
from webapp.model.calls import call_of
from webapp.model.insights import FindingKind, InsightsAsked
from webapp.model.spans import Span
from webapp.model.thresholds import DEFAULTS, Least, parse_thresholds, written
from webapp.progress import Progress
from webapp.store import Ended, Store
from webapp.store.insights import changes

EVERYTHING = InsightsAsked()
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as opened:
        yield opened


def load(store: Store, *traces: list[Span], first: int = 0) -> None:
    source = store.start_source("test", "otlp", "")
    for number, spans in enumerate(traces):
        store.append(moved(spans, first + number), source)
    store.finish_sources([Ended(source, 0, [])])
    analyse_pending(store)


def asks(count: int = 6) -> list[Span]:
    return below(*in_turn(count, 20), until=30 + 30 * count)


Counted = dict[FindingKind, list[tuple[str, int, int, int]]]  # trace, gain, greatest count and time


def by_brute_force(store: Store) -> Counted:
    """Each trace read, analysed and looked into by itself."""
    kinds: Counted = defaultdict(list)
    with store.reading() as cursor:
        ids = cursor.execute("SELECT replace(trace_id::VARCHAR, '-', '') FROM traces").fetchall()
    for (trace_id,) in ids:
        columns = store.columns(trace_id)
        assert columns is not None
        facts = analyse_trace(columns)
        forest = facts.forest
        nodes = np.flatnonzero(np.isin(forest.kind, ASKING) & (forest.source >= 0)).tolist()
        rows = columns.row[forest.source[nodes]]
        read = store.operations.asked(rows)
        calls = {
            node: call_of(int(forest.kind[node]), forest.columns.names[forest.name[node]], *read[row])
            for node, row in zip(nodes, rows.tolist(), strict=True)
        }
        scene = Scene(facts, calls)
        here = defaultdict(list)
        for finding in find_in(scene, DEFAULTS):
            here[kind_of(scene, finding)].append(finding)
        for kind, found in here.items():
            gains = [finding.gain_ns for finding in found]
            kinds[kind].append(
                (
                    trace_id,
                    min(sum(gains), max(facts.response_ns, *gains, 0)),
                    max(finding.numbers.get("count", len(finding.nodes)) for finding in found),
                    max(time_tested(finding) for finding in found),
                )
            )
    return kinds


def assert_as_by_brute_force(store: Store) -> None:
    look_at_all(store)
    insights = store.findings.insights(EVERYTHING, store.bounds())
    expected = by_brute_force(store)
    assert {each.kind for each in insights.listed} == set(expected)
    for each in insights.listed:
        traces = expected[each.kind]
        assert (each.traces, sum(each.trend)) == (len(traces), len(traces)), each.kind
        assert each.lost_ns == sum(gain for _, gain, _, _ in traces), each.kind
        assert each.most == max(count for *_, count, _ in traces)
        assert each.count == median_low([count for *_, count, _ in traces])
        assert each.time_ns == median_low([time_ns for *_, time_ns in traces])
        assert each.gain_ns == median_low([gain for _, gain, _, _ in traces])
        assert {each.largest.trace_id, each.middle.trace_id} <= {trace_id for trace_id, *_ in traces}
    lost = [each.lost_ns for each in insights.listed]
    assert lost == sorted(lost, reverse=True)


def test_half_an_hour_of_the_shop_shows_what_each_trace_shows(store: Store) -> None:
    load_files([str(ROOT / "sample_data" / "shop" / "0934-1004.jsonl.gz")], store, Progress())
    assert_as_by_brute_force(store)


def test_a_trace_is_looked_at_again_when_spans_came_to_it(store: Store) -> None:
    load(store, asks(), asks())
    look_at_all(store)
    assert store.findings.progress()[:2] == (2, 2)
    [one] = store.findings.insights(EVERYTHING, store.bounds()).listed
    assert (one.traces, one.kind.code) == (2, "n_plus_one")
    more = moved(below(*in_turn(9, 20), until=300)[7:], 0)
    source = store.start_source("more", "otlp", "")
    store.append(more, source)
    analyse_pending(store)
    assert store.findings.progress()[:2] == (1, 2)
    assert_as_by_brute_force(store)
    assert store.findings.progress()[:2] == (2, 2)


def test_other_thresholds_are_looked_for_anew(store: Store) -> None:
    load(store, asks(), asks(9))
    look_at_all(store)
    assert store.findings.insights(EVERYTHING, store.bounds()).listed[0].traces == 2
    look_at_all(store, parse_thresholds(["n_plus_one.count=9"]))
    [one] = store.findings.insights(InsightsAsked(kind="n_plus_one"), store.bounds()).listed
    assert (one.traces, one.count) == (1, 9)


def test_an_address_may_ask_for_more_than_was_looked_for(store: Store) -> None:
    load(store, asks(), asks(9))
    look_at_all(store)
    asked = InsightsAsked(kind="n_plus_one", least={"n_plus_one": Least(count=7)})
    assert [each.traces for each in store.findings.insights(asked, store.bounds()).listed] == [1]
    for nothing in (
        InsightsAsked(least={"n_plus_one": Least(ns=10**9)}), InsightsAsked(least={"n_plus_one": Least(share=0.99)}),
        InsightsAsked(hidden=("n_plus_one",)), InsightsAsked(kind="gap"), InsightsAsked(service="elsewhere"),
        InsightsAsked(to_ns=store.bounds()[0]), InsightsAsked(from_ns=store.bounds()[1] + 1),
    ):  # fmt: skip
        listed = store.findings.insights(nothing, store.bounds()).listed
        assert "n_plus_one" not in [each.kind.code for each in listed]
    one = store.findings.insights(EVERYTHING, store.bounds()).listed[0].kind
    for same in (
        InsightsAsked(kind=one.code),
        InsightsAsked(kind=one.fingerprint),
        InsightsAsked(service="s"),
    ):
        assert store.findings.insights(same, store.bounds()).listed[0].kind == one


def test_a_root_that_stands_for_many_counts_as_many(store: Store) -> None:
    spans = asks()
    fields = {name: getattr(spans[0], name) for name in spans[0].__struct_fields__}
    load(store, [Span(**{**fields, "weight": 4.0}), *spans[1:]], asks())
    look_at_all(store)
    [one] = store.findings.insights(EVERYTHING, store.bounds()).listed
    assert (one.traces, one.weight, one.lost_ns) == (2, 5.0, 5 * one.gain_ns)


def test_batches_of_any_size_find_the_same(store: Store) -> None:
    load(store, *(asks(count) for count in range(4, 12)))
    store.findings.look_for(written(DEFAULTS))
    batches = 0
    while look_at_next(store, DEFAULTS, 1):
        batches += 1
        assert store.findings.progress().looked == batches
    assert batches == 8
    assert_as_by_brute_force(store)


def test_two_that_look_at_once_keep_each_finding_once(store: Store) -> None:
    load(store, asks(), asks(8))
    store.findings.look_for(written(DEFAULTS))
    batches = [store.findings.next_unlooked(1_000, 3) for _ in range(2)]
    for of in batches:
        assert of is not None
        looking = Looking(of.columns, DEFAULTS)
        store.findings.keep(of, looking.findings(store.findings.asked(looking.rows)))
    assert_as_by_brute_force(store)


def test_the_looker_works_beside_and_can_be_stopped(store: Store) -> None:
    load(store, *(asks(count) for count in range(4, 12)))
    looker = Looker(store)
    looker.stop()
    assert looker.wake(5).looked == 0
    looker.start()
    assert looker.wake(20).looked == 8
    assert not looker.working
    load(store, asks(), first=20)
    assert looker.wake(20) == (9, 9, 0)


def test_a_looker_that_failed_is_not_begun_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    load(store, asks())
    looker = Looker(store)
    monkeypatch.setattr(store.findings, "next_unlooked", lambda *_: 1 // 0)
    assert looker.wake(20).looked == 0
    assert looker.failed
    monkeypatch.undo()
    assert looker.wake(1).looked == 0
    looker.start()
    assert looker.wake(20).looked == 1


def test_what_takes_too_long_is_not_tried_again_until_something_is_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def endless(*_: object) -> None:
        asked.append(1)
        raise TooSlow("This takes long.")

    monkeypatch.setattr(changes, "newest_version", endless)
    for _ in range(2):
        with pytest.raises(TooSlow):
            store.findings.newest_version(0, 1)
    assert len(asked) == 1
    load(store, asks())
    with pytest.raises(TooSlow):
        store.findings.newest_version(0, 1)
    assert len(asked) == 2


def test_what_was_found_stays_in_the_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.duckdb") as store:
        load(store, asks())
        look_at_all(store)
    with Store.open(tmp_path / "s.duckdb") as store:
        assert store.findings.looks_for(written(DEFAULTS))
        assert store.findings.progress().looked == 1
        assert len(store.findings.insights(EVERYTHING, store.bounds()).listed) == 1
