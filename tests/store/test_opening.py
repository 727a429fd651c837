"""Opening a store that is there already."""

from pathlib import Path

import duckdb

from tests.store.span_soup import make_spans
from webapp.store import Store

SPANS = make_spans(seed=6, count=120, traces=20)


def tables(path: Path) -> set[str]:
    with duckdb.connect(str(path)) as database:
        return {name for (name,) in database.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def test_tables_that_a_newer_version_brings_are_added_to_an_older_store(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    Store.open(path).close()
    before = tables(path)
    with duckdb.connect(str(path)) as database:
        database.execute("DROP TABLE view_states")
        database.execute("DELETE FROM settings WHERE name = 'schema_sum'")
    Store.open(path).close()
    assert tables(path) == before


def test_spans_come_to_those_of_before(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    half = len(SPANS) // 2
    for part in (SPANS[:half], SPANS[half:]):
        with Store.open(path) as store:
            store.append(part, 0)
    with Store.open(path) as store:
        found = [span for trace_id in {span.trace_id for span in SPANS} for span in store.spans(trace_id)]
    assert {span.span_id for span in found} == {span.span_id for span in SPANS}
