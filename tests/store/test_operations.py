"""What is usual for an operation: counts, percentiles and buckets over the whole store."""

from tests.store.shop import SECOND, START, make_span, plain_facts
from webapp.store import Store

MS = 1_000_000


def filled(*durations_ms: int) -> Store:
    """A trace of one span for each duration, numbered from 1."""
    store = Store.open(None)
    spans = [
        make_span(k, trace=k, start_ns=START + k * SECOND, end_ns=START + k * SECOND + ms * MS)
        for k, ms in enumerate(durations_ms, 1)
    ]
    store.append(spans, store.start_source("test", "otlp", ""))
    for columns in store.pending():
        store.append_facts(columns, plain_facts(columns))
    return store


def test_percentiles_and_buckets_of_an_operation() -> None:
    with filled(*range(1, 101)) as store:
        usual = store.operations.usual("orders", "checkout")
        assert usual is not None
        assert (usual.spans, usual.p50_ns, usual.p95_ns) == (100, 50 * MS, 95 * MS)
        assert sum(spans for *_, spans in usual.buckets) == 100
        assert all(low < high for low, high, _ in usual.buckets)
        assert usual.buckets[0][0] <= 1 * MS < usual.buckets[0][1]
        assert store.operations.around("orders", "checkout", 31 * MS) == (30, 69)


def test_the_trace_itself_is_left_out_of_what_is_usual_for_it() -> None:
    with filled(10, 10, 900) as store:
        own = store.columns(f"{3:032x}")
        assert own is not None
        usual = store.operations.usual("orders", "checkout", but_rows=own.row)
        assert usual is not None
        assert (usual.spans, usual.p95_ns) == (2, 10 * MS)


def test_nothing_is_usual_for_what_is_not_there() -> None:
    with filled(10) as store:
        usual = store.operations.usual("orders", "pay")
        assert usual is not None
        assert (usual.spans, usual.buckets) == (0, [])
        assert store.operations.around("nobody", "checkout", 1) == (0, 0)
