"""The sums of spans by operation and process hold exactly the stored spans of analysed traces, whatever came when."""

import random
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tests.store.span_soup import make_spans
from tests.store.test_facts import ask
from webapp.analysis.batch import analyse_batch
from webapp.loading import load
from webapp.model.spans import Span
from webapp.progress import Progress
from webapp.store import Store

LOGS = Path(__file__).parent.parent / "data" / "logs"
COUNTED = """
  count(*), count(*) FILTER (status = 2), count(*) FILTER (weight <> 1), round(sum(weight), 3),
  round(coalesce(sum(weight) FILTER (status = 2), 0), 3), sum(critical_ns)
"""
SUMMED = "sum(spans) AS n, sum(failed), sum(weighted), round(sum(weight), 3), round(sum(failed_weight), 3), sum(critical_ns)"
SPANS = """
  (
    SELECT
      t.start_ns // 300000000000 AS slot, t.start_ns // 3600000000000 * 12 AS hour, s.*,
      round(f.critical_ns * t.weight)::BIGINT AS critical_ns,
      nullif(s.start_ns, 0) AS first_ns, nullif(s.start_ns, 0) AS last_ns,
      kind IN (2, 5) OR parent_id = 0 AS entry,
      CASE WHEN s.duration_ns IS NOT NULL THEN floor(4 * log2(greatest(s.duration_ns, 1))) END::UTINYINT AS bucket
    FROM spans s JOIN span_facts f USING (span_row) JOIN traces t USING (trace_id)
  )
"""


def analyse(store: Store) -> None:
    for columns in store.pending(max_spans=50):
        store.append_facts(columns, analyse_batch(columns))


def check(store: Store, *, replaced: bool = False) -> list[tuple[Any, ...]]:
    """What first and last were is not known any more when spans were replaced."""
    first, last = ("0", "0") if replaced else ("min(first_ns)", "max(last_ns)")
    keys = "slot, operation_id, entry, bucket"
    kept = ask(
        store, f"SELECT {keys}, {SUMMED} FROM operation_sums GROUP BY {keys} HAVING n <> 0 ORDER BY ALL"
    )
    assert kept == ask(store, f"SELECT {keys}, {COUNTED} FROM {SPANS} GROUP BY {keys} ORDER BY ALL")
    keys = "service_id, resource_id, entry, bucket"
    kept = ask(
        store,
        f"""
        SELECT slot, {keys}, {SUMMED}, {first}, {last}
        FROM resource_sums
        GROUP BY slot, {keys}
        HAVING n <> 0
        ORDER BY ALL
        """,
    )
    assert kept == ask(
        store,
        f"""
        SELECT hour, {keys}, {COUNTED}, {first}, {last}
        FROM {SPANS}
        GROUP BY hour, {keys}
        ORDER BY ALL
        """,
    )
    return kept


def soup() -> list[Span]:
    choose = random.Random(7)
    return [
        structs.replace(span, weight=choose.choice((1.0, 1.0, 4.0, 100.5)), status=choose.choice((0, 0, 2)))
        for span in make_spans(seed=7, count=300, traces=40)
    ]


def test_sums_hold_what_is_stored_whether_it_came_at_once_or_in_pieces() -> None:
    spans = soup()
    with Store.open(None) as store:
        store.append(spans, 0)
        analyse(store)
        at_once = check(store)
    with Store.open(None) as store:
        for first in range(0, len(spans), 150):  # traces are analysed again and again; every span comes twice
            store.append(spans[first : first + 150], 0)
            analyse(store)
            check(store)
        store.append(spans[::3], 0)
        analyse(store)
        assert len(check(store)) == len(at_once)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_spans_inferred_from_logs_leave_the_sums_when_recorded_ones_come(order: tuple[int, int]) -> None:
    with Store.open(None) as store:
        for number in order:
            load([str(LOGS / ("slog.jsonl", "slog_spans.otlp.json")[number])], store, Progress())
            assert check(store, replaced=True)
