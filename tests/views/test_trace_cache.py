"""Analysed traces are kept within the bytes of the setting, the least recently read go first."""

from tests.views.traces import span
from webapp.loading import analyse_pending
from webapp.store import Store
from webapp.views.trace.cache import TraceCache


def test_the_least_recently_read_trace_goes_when_there_is_no_room() -> None:
    ids = [f"{number:032x}" for number in (1, 2, 3)]
    with Store.open(None) as store:
        store.append([span(number, trace_id=trace_id) for trace_id in ids for number in (1, 2, 3, 4)], 0)
        analyse_pending(store)
        cache = TraceCache(most_bytes=6_000)  # two traces of four spans
        first, second = cache.open(store, ids[0]), cache.open(store, ids[1])
        assert cache.open(store, ids[0]) is first
        cache.open(store, ids[2])
        assert cache.open(store, ids[0]) is first
        assert cache.open(store, ids[1]) is not second


def test_a_trace_that_is_not_here_leaves_nothing_behind() -> None:
    with Store.open(None) as store:
        cache = TraceCache(most_bytes=6_000)
        assert cache.open(store, "f" * 32) is None
        assert cache._working == {}
