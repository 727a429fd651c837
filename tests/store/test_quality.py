"""The data-quality report counts what was planted, no more, and each count is what its query finds."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.model.test_sensitive import FOUND
from tests.planted import stored
from tests.planted_faults import COUNTS, SECRETS, START_NS, faulty_spans, healthy_spans
from tests.store.span_soup import make_spans
from webapp.analysis.batch import analyse_batch
from webapp.loading.quality import BREAKING, Examiner
from webapp.model.quality import CODES, Line, Place, Report
from webapp.model.sensitive import found_in
from webapp.model.spans import Event, Resource
from webapp.model.warnings import Warning
from webapp.query import Window, parse, write_key
from webapp.store import Ended, Store
from webapp.store.quality import clocks, values

NOW_NS = START_NS + 3_600_000_000_000
EVER = Window()
ODD_KEYS = ["odd key", "a/b~c", "peer", "source", 'say "hi"', "back\\slash", "-x", "trace.warning", "ключ"]


def report_of(store: Store, source_id: int = 0) -> Report:
    return store.quality.report(source_id, BREAKING, NOW_NS, lambda _: None)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with stored(faulty_spans()) as store:
        yield store


@pytest.fixture(scope="module")
def report(store: Store) -> Report:
    return report_of(store)


def test_each_planted_fault_is_counted_and_nothing_else(report: Report) -> None:
    found = {(line.code, line.subject): (line.count, line.traces) for line in report.lines}
    assert found == COUNTS
    assert report.looked == report.spans == len(faulty_spans())


def listed(store: Store, of: Line | Place, unit: str) -> int:
    """How many traces or spans a search lists."""
    query = parse(of.query)
    if unit == "traces":
        total, exact = store.total(query, EVER)
        assert exact
        return total
    return store.span_search.page(query, EVER, "all", "newest", 1, 10).total


@pytest.mark.parametrize(("code", "subject"), COUNTS)
def test_the_query_of_a_line_lists_what_it_counts(
    store: Store, report: Report, code: str, subject: str
) -> None:
    [line] = [line for line in report.lines if (line.code, line.subject) == (code, subject)]
    assert listed(store, line, line.unit) == line.count
    if line.unit == "spans":
        assert listed(store, line, "traces") == line.traces
    for place in line.places:
        assert listed(store, place, "spans" if code == "many_spans" else line.unit) == place.count
    assert store.notes(parse(line.query)) == []


def test_clocks_are_told_by_pair_with_the_usual_and_the_largest_shift(report: Report) -> None:
    [line] = [line for line in report.lines if line.code == "clock_skew"]
    assert [(place.name, place.count) for place in line.places] == [("web-1 → db-2", 3), ("web-1 → db-3", 1)]
    usual, largest = line.places[0].facts["median_ns"], line.places[0].facts["largest_ns"]
    assert round(usual / 1e6) == 80
    assert round(largest / 1e6) == 130
    assert line.facts["pairs"] == 2
    assert line.facts["largest_ns"] == largest
    [far] = [line for line in report.lines if line.code == "skew_too_large"]
    [place] = far.places
    assert (place.name, place.count, round(place.facts["median_ns"] / 1e9)) == ("web-1 → db-2", 1, 90)


def test_each_line_tells_where(report: Report) -> None:
    assert [line.code for line in report.lines if not line.places] == []
    where = {line.code: [place.name for place in line.places] for line in report.lines}
    assert where["missing_parents"] == where["cycles"] == where["short_ids"] == ["web"]
    assert where["no_service"] == ["unknown_service", "unknown_service:java"]


def test_what_makes_large_traces_is_told(report: Report) -> None:
    [line] = [line for line in report.lines if line.code == "many_spans"]
    assert (line.places[0].name, line.places[0].count) == ("web · row", 2004)
    assert line.facts == {"least": 2000, "most": 2005}


def test_nothing_sensitive_is_told(report: Report) -> None:
    assert not [secret for secret in SECRETS if secret in repr(report)]
    examples = {line.facts["example"] for line in report.lines if line.group == "sensitive"}
    assert {"•••• 1111", "•••• 4444", "eyJ•••", "postgresql://•••:•••@", "j•••@e•••.com"} < examples


def test_healthy_traces_have_no_remark() -> None:
    with stored(healthy_spans()) as store:
        assert report_of(store).lines == []


def test_an_empty_store_has_none_either() -> None:
    with Store.open(None) as store:
        assert report_of(store) == Report(0, store.quality.version, 0, 0, 0, 0, [])


def test_the_report_of_one_source_counts_its_spans_alone() -> None:
    others = [replace(span, trace_id="f" + span.trace_id[1:]) for span in healthy_spans()]
    with Store.open(None) as both:
        both.append(faulty_spans(), both.start_source("faulty", "otlp", ""))
        both.append(others, both.start_source("well", "otlp", ""))
        for columns in both.pending():
            both.append_facts(columns, analyse_batch(columns))
        faulty, well = report_of(both, 1), report_of(both, 2)
        assert {(line.code, line.subject): (line.count, line.traces) for line in faulty.lines} == COUNTS
        assert well.lines == []
        assert (well.spans, well.traces) == (24, 12)
        assert all("source=1" in line.query for line in faulty.lines)
        for line in faulty.lines[::4]:
            assert listed(both, line, line.unit) == line.count


def test_what_readers_said_is_told_by_source() -> None:
    with Store.open(None) as store:
        first, second = store.start_source("a.json", "otlp", ""), store.start_source("b.csv", "tables", "")
        store.append(healthy_spans(), first)
        first_ended = Ended(first, 3, [Warning("id_padded", "…", count=7)])
        second_ended = Ended(second, 2, [Warning("time_unit", "…"), Warning("bad_time", "…", count=4)])
        store.finish_sources([first_ended, second_ended])
        lines = {line.code: line for line in report_of(store).lines}
        assert (lines["rejected"].count, lines["rejected"].total) == (5, 29)
        assert [(place.name, place.count, place.source_id) for place in lines["rejected"].places] == [
            ("a.json", 3, 1),
            ("b.csv", 2, 2),
        ]
        assert {code: line.count for code, line in lines.items() if line.unit == "sources"} == {
            "unit_guessed": 1, "bad_time": 1, "changed_ids": 1,
        }  # fmt: skip
        assert {line.code for line in report_of(store, 2).lines} == {"rejected", "unit_guessed", "bad_time"}


def test_spans_of_traces_that_still_arrive_are_not_counted() -> None:
    with stored(healthy_spans()) as store:
        store.append(faulty_spans(), 1)
        assert report_of(store).lines == []


def test_of_very_many_spans_a_part_is_looked_at_and_all_are_counted(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setattr(values, "MOST_SPANS", 500)
    monkeypatch.setattr(values, "_PART", 20)
    found = report_of(store)
    assert 0 < found.looked <= 320 < found.spans
    counts = {(line.code, line.subject): (line.count, line.traces) for line in found.lines}
    assert all(COUNTS[each] == count for each, count in counts.items())
    assert ("email", "name") in counts


def test_numbers_of_orders_that_add_up_by_chance_are_no_cards() -> None:
    numbers = [4_000_000_000_000_000 + 7919 * place for place in range(200)]
    assert sum(bool(found_in(str(number), "card")) for number in numbers) > 10
    spans = [
        replace(
            healthy_spans()[0],
            trace_id=f"{number:032x}",
            attributes={"order": number, "text": f"order {number}"},
        )
        for number in numbers
    ]
    with stored(spans) as store:
        assert report_of(store).lines == []


def test_every_code_is_planted_or_comes_from_readers() -> None:
    read = {"rejected", "repeated_spans", "bad_time", "unit_guessed", "changed_ids"}
    rare = {"skew_conflict", "unknown_start", "future_times", "whole_seconds", "whole_us"}
    assert {code for code, _ in COUNTS} | read | rare == set(CODES)


def test_whatever_the_spans_hold_each_count_is_that_of_its_list() -> None:
    """Spans without any order, with text that looks sensitive under keys of every kind."""
    spans = make_spans(seed=7, count=90, traces=12)
    texts = list(dict(FOUND).values())  # one of each look
    made = [
        replace(
            span,
            attributes=span.attributes | {key: texts[place % len(texts)]},
            events=[*span.events, Event("e", 1, {key: texts[-1 - place % len(texts)]})],
            resource=Resource({"password": "hunter2"}) if place % 30 == 0 else span.resource,
        )
        for place, span in enumerate(spans)
        for key in [ODD_KEYS[place % len(ODD_KEYS)]]
    ]
    with stored(made) as store:
        lines = report_of(store).lines
        assert {line.subject for line in lines} >= {f"span.{write_key(key)}" for key in ODD_KEYS}
        for line in lines[::4]:
            assert listed(store, line, line.unit) == line.count, line
            if line.unit == "spans":
                assert listed(store, line, "traces") == line.traces, line


def test_all_lines_count_the_same_spans_whatever_is_written_meanwhile() -> None:
    def write(looked_at: str) -> None:
        if looked_at == "spans":
            store.append(others, 1)
            store.remove_traces([faulty_spans()[0].trace_id])

    others = [replace(span, attributes={"brought.later": "1"}) for span in healthy_spans()]
    with stored(faulty_spans()) as store:
        before = report_of(store)
        meanwhile = store.quality.report(0, BREAKING, NOW_NS, write)
        assert (meanwhile.spans, meanwhile.traces, meanwhile.lines) == (
            before.spans,
            before.traces,
            before.lines,
        )
        assert report_of(store).spans != before.spans


def test_times_of_calls_are_told_to_be_of_the_newest_spans_where_there_are_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stored(faulty_spans()) as store:
        [whole] = [line for line in report_of(store).lines if line.code == "longer_than_call"]
        assert "newest" not in whole.facts
        monkeypatch.setattr(clocks, "_NEWEST", len(faulty_spans()) - 1)
        [newest] = [line for line in report_of(store).lines if line.code == "longer_than_call"]
        assert newest.facts["newest"] == len(faulty_spans()) - 1


def test_a_store_that_closes_does_not_wait_for_a_report(caplog: pytest.LogCaptureFixture) -> None:
    with stored(faulty_spans()) as store:
        examined = Examiner(store).examined(0, 0.0)
    assert examined.idle.wait(5)
    assert not examined.failed
    assert caplog.records == []
