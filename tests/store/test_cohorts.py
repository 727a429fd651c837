"""Two sets of traces as the store reads them, against the same counted by hand and by plain SQL."""

from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from tests.planted import NAMES, SERVICES, Shop, open_shop, spans_of, stored
from webapp.analysis.batch import analyse_batch
from webapp.analysis.cohorts.paths import path_names, telling_traces
from webapp.model.cohorts import Baseline, CohortData, ValueSought
from webapp.query import Window, parse
from webapp.store import Store
from webapp.store.cohorts import attributes as cohort_attributes
from webapp.store.cohorts import cohorts
from webapp.store.cohorts import values as cohort_values
from webapp.store.cohorts.members import Asked
from webapp.store.writing import keys

REQUESTS = 400
SLOW_MS = 170
START_NS = 1_760_000_000_000_000_000


@pytest.fixture(scope="module")
def shop() -> Shop:
    return open_shop("retry storm", 5, REQUESTS)


@pytest.fixture(scope="module")
def store(shop: Shop) -> Iterator[Store]:
    with stored([span for request in spans_of(shop) for span in request]) as opened:
        yield opened


def asked(
    query: str, band: str = "", baseline: Baseline | None = None, window: Window | None = None
) -> Asked:
    against = baseline or Baseline("rest")
    inside = window or Window()
    return Asked(parse(query), inside, band, against, parse(against.text), inside)


def numbers(data: CohortData, selected: bool) -> set[int]:
    """Requests of the shop that are in one of the sets."""
    return {
        int(trace_id, 16) - 1
        for trace_id, chosen in zip(data.trace_ids, data.traces.selected, strict=True)
        if chosen == selected
    }


def test_a_query_and_the_rest_are_all_traces(store: Store, shop: Shop) -> None:
    data = store.cohorts.read(asked(f"trace.duration>{SLOW_MS}ms"))
    slow = set(np.flatnonzero(shop.response_ns > SLOW_MS * 1_000_000).tolist())
    assert 20 < len(slow) < REQUESTS / 2
    assert numbers(data, selected=True) == slow
    assert numbers(data, selected=False) == set(range(REQUESTS)) - slow
    assert (data.selection.traces, data.baseline.traces, data.in_both) == (len(slow), REQUESTS - len(slow), 0)


def test_times_and_calls_by_path_are_those_of_the_spans(store: Store, shop: Shop) -> None:
    data = store.cohorts.read(asked(f"trace.duration>{SLOW_MS}ms"))
    spans = np.bincount(data.times.trace, data.times.calls, len(data.traces)).astype(np.int64)
    columns = store.cohorts.columns([data.trace_ids[trace] for trace in telling_traces(data.times, spans)])
    assert columns is not None
    names = path_names(columns)
    request = np.array([int(trace_id, 16) - 1 for trace_id in data.trace_ids])
    for number, path_id in enumerate(data.times.path_ids.tolist()):
        name = names[path_id]
        [path] = [
            path for path, known in NAMES.items() if (known.service, known.name) == (name.service, name.name)
        ]
        here = data.times.path == number
        of = request[data.times.trace[here]]
        assert data.times.calls[here].tolist() == shop.calls[path][of].tolist()
        if path not in (10, 11):  # spans of the same times as their children have none of their own
            assert data.times.critical_ns[here].tolist() == shop.ns[path][of].tolist()
    assert data.times.critical_ns.sum() == data.traces.response_ns.sum() == shop.response_ns.sum()


def test_sums_by_operation_are_those_of_plain_sql(store: Store) -> None:
    data = store.cohorts.read(asked("payment.provider=acme"))
    with store.reading() as cursor:
        [(critical_ns, spans)] = cursor.execute(
            """
            SELECT sum(critical_ns)::BIGINT, count(*)
            FROM span_facts JOIN spans USING (span_row)
            """
        ).fetchall()
    assert data.times.critical_ns.sum() == critical_ns
    assert data.times.calls.sum() == spans


def test_bands_share_out_the_response_times(store: Store, shop: Shop) -> None:
    everything: list[int] = []
    longest_so_far = -1
    for band in ("fast", "mid", "high", "top"):
        data = store.cohorts.read(asked("", band))
        mine = sorted(shop.response_ns[sorted(numbers(data, selected=True))].tolist())
        assert mine[0] > longest_so_far
        longest_so_far = mine[-1]
        everything += mine
        assert data.baseline.traces == REQUESTS - len(mine)
    assert everything == sorted(shop.response_ns.tolist())


def test_another_query_is_a_baseline_and_what_both_find_is_selected(store: Store) -> None:
    either = Baseline("query", "payment.provider=acme OR payment.provider=visa")
    data = store.cohorts.read(asked("payment.provider=acme", baseline=either))
    acme = store.total(parse("payment.provider=acme"), Window())[0]
    visa = store.total(parse("payment.provider=visa"), Window())[0]
    assert (data.selection.traces, data.baseline.traces, data.in_both) == (acme, visa, acme)


def test_the_period_before_is_looked_for_in_its_own_window(store: Store) -> None:
    second = 1_000_000_000
    query = parse("")
    now = Window(START_NS + 10 * second, START_NS + 15 * second)
    earlier = Window(START_NS + 5 * second, START_NS + 10 * second)
    data = store.cohorts.read(Asked(query, now, "", Baseline("before"), query, earlier))
    assert numbers(data, selected=True) == set(range(200, 300))
    assert numbers(data, selected=False) == set(range(100, 200))


def test_values_are_found_again_and_a_span_attribute_counts_where_its_service_has_it(
    store: Store, shop: Shop
) -> None:
    data = store.cohorts.read(asked(f"trace.duration>{SLOW_MS}ms"))
    services, found = data.services, store.cohorts.attributes(data)
    column = next(column for column in found.columns if column.key == "payment.provider")
    words = store.cohorts.words(
        found,
        [
            ValueSought(column.key, int(service), int(code), int(trace))
            for service, code, trace in zip(column.service, column.code, column.trace, strict=True)
        ],
    )
    request = np.array([int(trace_id, 16) - 1 for trace_id in found.trace_ids])
    providers = shop.words["payment", "payment.provider"]
    assert words == [
        providers[shop.values["payment", "payment.provider"][request[trace]]] for trace in column.trace
    ]
    assert {services[service] for service in column.service.tolist()} == {"payment"}
    regions = next(column for column in found.columns if column.key == "cloud.region")
    assert regions.words is not None
    assert sorted(regions.words) == ["ap", "eu", "us"]
    assert SERVICES[0] in {services[service] for service in regions.service.tolist()}


def test_attributes_are_read_of_so_many_spans_of_either_set(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = store.cohorts.read(asked(f"trace.duration>{SLOW_MS}ms"))
    whole = store.cohorts.attributes(data)
    assert (whole.trace_ids, whole.spans, whole.unread) == (data.trace_ids, data.spans.sum(), 0)
    monkeypatch.setattr(cohort_attributes, "MOST_SPANS", 600)
    monkeypatch.setattr(cohort_attributes, "_FEW", 3)
    some = store.cohorts.attributes(data)
    assert 560 <= some.spans <= 600
    assert set(some.trace_ids) < set(data.trace_ids)
    spans = data.spans[[data.trace_ids.index(one) for one in some.trace_ids]]
    assert min(spans[some.traces.selected].sum(), spans[~some.traces.selected].sum()) > 250


def test_keys_that_there_is_no_time_for_are_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    data = store.cohorts.read(asked(f"trace.duration>{SLOW_MS}ms"))
    monkeypatch.setattr(cohort_values, "SECONDS", -1.0)
    found = store.cohorts.attributes(data)
    assert found.unread > 5
    assert {column.scope for column in found.columns} == {"trace", "resource"}


def test_values_beside_the_columns_are_read_if_they_are_few(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last half of the spans comes when the table is too large for new columns."""
    requests = list(spans_of(shop))
    late = [
        replace(span, attributes=span.attributes | {"shard": 7, "lane": "left"})
        for each in requests
        for span in each
    ]
    with stored([span for request in requests[:200] for span in request]) as opened:
        monkeypatch.setattr(keys, "MAX_ROWS_TO_ALTER", 0)
        opened.append(late[len(late) // 2 :], opened.start_source("test", "otlp", ""))
        for columns in opened.pending():
            opened.append_facts(columns, analyse_batch(columns))
        opened.settle()
        data = opened.cohorts.read(asked("lane=left"))
        found = opened.cohorts.attributes(data)
        assert found.beside == 0
        by_key = {column.key: column for column in found.columns if column.scope == "span"}
        lane, shard = by_key["lane"], by_key["shard"]
        assert set(lane.trace.tolist()) == set(np.flatnonzero(found.traces.selected).tolist())
        assert shard.number is not None
        assert set(shard.number.tolist()) == {7.0}
        sought = ValueSought("lane", int(lane.service[0]), int(lane.code[0]), int(lane.trace[0]))
        assert opened.cohorts.words(found, [sought]) == ["left"]
        monkeypatch.setattr(cohort_values, "MOST_BESIDE", 10)
        assert opened.cohorts.attributes(data).beside == 2


def test_errors_began_where_nothing_below_failed(store: Store, shop: Shop) -> None:
    data = store.cohorts.read(asked(f"trace.duration>{SLOW_MS}ms"))
    slow = shop.response_ns > SLOW_MS * 1_000_000
    retried = shop.calls[15] > 1
    [origin] = data.origins
    assert (origin.service, origin.name, origin.message) == ("payment", "charge", "card refused")
    assert (origin.selected, origin.others) == (int((slow & retried).sum()), int((~slow & retried).sum()))


def test_large_sets_are_sampled_alike_each_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohorts, "MOST_TRACES", 50)
    data = []
    for _ in range(2):
        with store.cohorts._knowing(5) as catalogue:
            data.append(cohorts._read(catalogue, asked("trace.duration>100ms")))
    once, again = data
    assert once.selection.sampled == once.baseline.sampled == 50
    assert once.selection.traces > 50
    assert once.trace_ids == again.trace_ids


def test_exemplars_are_the_largest_and_those_at_the_medians(store: Store, shop: Shop) -> None:
    data = store.cohorts.read(asked(f"trace.duration>{SLOW_MS}ms"))
    slow = np.sort(shop.response_ns[shop.response_ns > SLOW_MS * 1_000_000])
    largest = [one.response_ns for one in data.exemplars if one.why == "largest"]
    assert largest == slow[::-1][:3].tolist()
    middle = [one.response_ns for one in data.exemplars if one.why == "median"]
    assert slow[(len(slow) - 1) // 2] in middle


def test_weights_come_from_the_root_and_tail_sampling_is_noticed() -> None:
    shop = open_shop("", 1, 3)
    spans = [span for request in spans_of(shop) for span in request]
    sampled = {"weight": 4.0, "attributes": {"tailsampling.policy": "slow"}}
    roots = [span if span.parent_span_id else replace(span, **sampled) for span in spans]
    with stored(roots) as store:
        data = store.cohorts.read(asked(""))
        assert data.traces.weight.tolist() == [4.0, 4.0, 4.0]
        assert data.tail_sampled


def test_time_of_spans_that_were_not_received_is_left_to_the_rest_of_the_response() -> None:
    shop = open_shop("", 1, 2)
    spans = [span for request in spans_of(shop) for span in request if span.name not in ("create", "load")]
    with stored(spans) as store:
        data = store.cohorts.read(asked(""))
        known = np.zeros(len(data.traces), np.int64)
        np.add.at(known, data.times.trace, data.times.critical_ns)
        assert (known <= data.traces.response_ns).all()
        assert (known < data.traces.response_ns).any()


def test_an_empty_store_has_two_empty_sets() -> None:
    with Store.open(None) as store:
        data = store.cohorts.read(asked("service=web"))
        assert (len(data.traces), data.selection.traces, data.baseline.traces) == (0, 0, 0)
