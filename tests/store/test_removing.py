"""A store from which something was removed answers like one to which it never came."""

import random
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from msgspec import structs

from tests.store.span_soup import make_spans
from tests.store.test_facts import ask
from tests.store.test_span_sums import check
from webapp.app import create_app
from webapp.loading import analyse_pending, load
from webapp.model.spans import Resource, Span
from webapp.progress import Progress
from webapp.store import Removed, Store

LOGS = Path(__file__).parent.parent / "data" / "logs"
PAGES = (
    "/traces.json?q=error", "/traces.json?q=tier%3Dgold", "/traces.json?q=other%3D1", "/services.json",
    "/service.json?name=pay", "/service.json?name=other", "/graph.json", "/keys", "/insights.json",
    "/traces/headline.json", "/suggest?q=s", "/suggest?q=tier%3D", "/traces", "/services", "/service?name=pay",
    "/insights", "/compare.json?sel=error&by=tier",
)  # fmt: skip
JSON_PAGES = ("/traces.json", "/services.json", "/graph.json", "/keys", "/suggest?q=s")
NAMES = {
    "services": "service",
    "operations": "name",
    "resources": "attributes",
    "scopes": "name, version",
    "nodes": "kind, name",
    "resource_attributes": "key, text",
    "key_catalog": "key, type, scope, count",
    "finding_kinds": "fingerprint",
    "sources": "path, spans, duplicates, traces",
}


def soup(seed: int, traces: int = 12) -> list[Span]:
    choose = random.Random(seed)
    return [
        structs.replace(span, weight=choose.choice((1.0, 1.0, 4.0)), status=choose.choice((0, 0, 2)))
        for span in make_spans(seed=seed, count=traces * 6, traces=traces)
    ]


def others(first_trace: int) -> list[Span]:
    """With names, keys, values and processes of their own, in half of the traces and in such that nobody else has."""
    return [
        structs.replace(
            span,
            trace_id=f"{int(span.trace_id, 16) + first_trace:032x}",
            span_id=f"{int(span.span_id, 16) + 10_000:016x}",
            service="other",
            name=f"other {span.name}",
            attributes={**span.attributes, "other": 1, f"other {number}": "x"},
            resource=Resource({"service.version": "9.9", "host.name": "elsewhere"}),
        )
        for number, span in enumerate(soup(99, 10))
    ]


def fill(store: Store, **sources: Iterable[Span]) -> dict[str, int]:
    found = {}
    for path, spans in sources.items():
        found[path] = store.start_source(path, "otlp", "")
        store.append(list(spans), found[path])
        analyse_pending(store)
    store.settle()
    return found


def answers(store: Store, pages: Sequence[str] = PAGES) -> dict[str, object]:
    client = create_app(store).test_client()
    traces = [trace["trace_id"] for trace in client.get("/traces.json?limit=1500").get_json()["traces"]]
    return {page: answer(client, page) for page in (*pages, *(f"/trace/{each}.json" for each in traces[::4]))}


def answer(client: FlaskClient, page: str) -> object:
    found = client.get(page)
    assert found.status_code < 500, page
    return found.get_json() if found.is_json else found.get_data(as_text=True)


def names_of(store: Store) -> dict[str, object]:
    return {table: ask(store, f"SELECT {names} FROM {table} ORDER BY ALL") for table, names in NAMES.items()}


def same(store: Store, expected: Store, pages: Sequence[str] = JSON_PAGES) -> None:
    analyse_pending(store)
    store.settle()
    expected.settle()
    found, wanted = answers(store, pages), answers(expected, pages)
    for page in wanted:
        assert found[page] == wanted[page], page
    assert names_of(store) == names_of(expected)
    check(store)


def test_a_source_that_is_removed_leaves_nothing() -> None:
    with Store.open(None) as alone, Store.open(None) as store:
        fill(alone, one=soup(1))
        sources = fill(store, one=soup(1), two=others(6))
        assert "other" in str(answers(store, ["/services.json"]))
        assert store.remove_source(sources["two"]) == Removed(10, 60)
        same(store, alone, PAGES)
        assert fill(store, three=[])["three"] > sources["two"]  # an address of the old one leads to no other


def test_a_source_whose_spans_came_first_leaves_nothing_either() -> None:
    with Store.open(None) as alone, Store.open(None) as store:
        fill(alone, two=others(6))
        sources = fill(store, one=soup(1), two=others(6))
        store.remove_source(sources["one"])
        same(store, alone)


def test_what_another_source_brought_too_stays_as_if_that_one_alone_had_brought_it() -> None:
    copies = soup(1)[::2]
    with Store.open(None) as alone, Store.open(None) as store:
        fill(alone, two=copies, three=copies[:20])
        sources = fill(store, one=soup(1), two=copies, three=copies[:20])
        assert [each.spans for each in store.sources()] == [72, 0, 0]
        store.remove_source(sources["one"])
        same(store, alone)
        store.remove_source(sources["two"])
        assert [each.spans for each in store.sources()] == [20]


def test_traces_that_are_removed_leave_nothing_and_the_rest_as_it_was() -> None:
    gone = {f"{number:032x}" for number in range(8, 18)}
    kept = [span for span in [*soup(1), *others(6)] if span.trace_id not in gone]
    with Store.open(None) as alone, Store.open(None) as store:
        fill(alone, one=kept)
        fill(store, one=[*soup(1), *others(6)])
        rows = ask(store, "SELECT trace_id, last_row FROM traces WHERE trace_id::VARCHAR LIKE '%1'")
        late = [
            structs.replace(span, span_id=f"{number + 99_000:016x}")
            for number, span in enumerate(soup(1)[7:9])
        ]
        store.append(late, 1)  # of a trace that is pending when it goes
        assert store.remove_traces([*gone, "ab" * 16]) == Removed(9, 86)
        assert not list(store.pending())
        assert set(
            ask(store, "SELECT trace_id, last_row FROM traces WHERE trace_id::VARCHAR LIKE '%1'")
        ) <= set(rows)
        same(store, alone)


@pytest.mark.parametrize("removed", [0, 1])
def test_log_lines_go_with_their_source_and_explain_what_has_no_spans_any_more(removed: int) -> None:
    files = [str(LOGS / name) for name in ("slog.jsonl", "slog_spans.otlp.json")]
    with Store.open(None) as alone, Store.open(None) as store:
        load([files[1 - removed]], alone, Progress())
        load(files, store, Progress())
        store.remove_source(removed + 1)
        same(store, alone, ("/traces.json", "/traces"))


def test_a_removal_in_many_steps_is_seen_by_readers_as_whole_traces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.store.removal.STEP_SPANS", 250)
    with Store.open(tmp_path / "spans.db") as store:
        fill(store, one=soup(1, 200))
        done = threading.Event()
        seen: list[list[tuple[int, int]]] = []

        def read() -> None:
            while not done.is_set():
                seen.append(
                    ask(
                        store,
                        "SELECT spans, count(*) FROM spans JOIN traces USING (trace_id) GROUP BY trace_id, spans",
                    )
                )

        reader = threading.Thread(target=read)
        reader.start()
        store.remove_source(1)
        done.set()
        reader.join()
        assert not store.span_total()
        assert not ask(store, "SELECT * FROM duration_sums UNION ALL BY NAME SELECT * FROM operation_sums")
        assert all(spans == count for each in seen for spans, count in each)
