"""Limits of size and age, and the keep policy: what goes, what stays, for how many it counts, and what is said of it."""

import random
import threading
from pathlib import Path
from statistics import fmean

import pytest
from msgspec import structs

from tests.store.shop import SECOND, START, make_span
from tests.store.test_facts import ask
from tests.store.test_span_sums import check
from tests.views.sending import until
from webapp.app import create_app
from webapp.errors import BadSetting
from webapp.loading import analyse_pending
from webapp.loading.keeping import PERIOD_SECONDS, Keeping
from webapp.loading.retention import Retention
from webapp.model.retention import Limits, Policy, parse_age, parse_keep, parse_size
from webapp.model.spans import Span
from webapp.settings import Settings
from webapp.store import Store

POLICY = Policy(errors=True, slow_ns=2 * SECOND, others=0.25)
DAY = 86_400 * SECOND


def trace(number: int, *, seconds: float = 1, status: int = 0, spans: int = 3) -> list[Span]:
    start_ns = START + number * SECOND
    made = [
        make_span(each + 1, number, parent=each, start_ns=start_ns, end_ns=start_ns + int(seconds * SECOND))
        for each in range(spans)
    ]
    made[-1] = structs.replace(made[-1], status=status)
    return made


def hex_id(number: int) -> str:
    return f"{number:032x}"


def receive(store: Store, spans: list[Span]) -> None:
    store.append(spans, store.receivers.source("OTLP over HTTP", "otlp"))
    analyse_pending(store)


def here(store: Store) -> set[int]:
    return {
        int(trace_id.replace("-", ""), 16)
        for (trace_id,) in ask(store, "SELECT trace_id::VARCHAR FROM traces")
    }


def test_the_oldest_traces_go_when_the_store_takes_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(None) as store:
        receive(store, [span for number in range(1, 101) for span in trace(number)])
        monkeypatch.setattr(store.retention, "size", lambda: store.span_total() * 1_000)
        retention = Retention(store, Limits(most_bytes=100_000), now_ns=lambda: START)
        retention.apply()
        left = here(store)
        assert left == set(range(101 - len(left), 101))
        assert 25 <= len(left) <= 33
        [gone] = store.retention.gone()
        assert (gone.rule, gone.traces, gone.spans, gone.since_ns) == (
            "size",
            100 - len(left),
            3 * (100 - len(left)),
            START,
        )
        assert gone.newest_ns == START + (100 - len(left)) * SECOND
        assert store.retention.fate(hex_id(1)) == ("size", START)
        assert store.retention.fate(hex_id(100)) is None
        retention.apply()
        assert here(store) == left
        check(store)


def test_a_store_that_takes_too_much_when_empty_is_left_empty() -> None:
    with Store.open(None) as store:
        receive(store, trace(1))
        Retention(store, Limits(most_bytes=1)).apply()
        assert not here(store)


def test_limits_are_applied_again_and_again_until_the_store_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.loading.retention._PERIOD_SECONDS", 0.02)
    with Store.open(None) as store:
        retention = Retention(store, Limits(most_age_ns=DAY), now_ns=lambda: START + 2 * DAY)
        retention.start()
        for number in (1, 2):
            receive(store, trace(number))
            until(lambda number=number: store.retention.fate(hex_id(number)))
        until(lambda: not here(store))
    assert not [thread for thread in threading.enumerate() if thread.name == "retention"]


def test_received_traces_go_when_they_are_too_old_and_files_stay() -> None:
    with Store.open(None) as store:
        store.append(trace(1), store.start_source("old.json", "otlp", "…"))
        receive(store, [*trace(2), *trace(3), *trace(500)])
        receive(store, [structs.replace(span, start_ns=0, end_ns=0) for span in trace(4)])
        now_ns = START + 100 * SECOND + DAY
        Retention(store, Limits(most_age_ns=DAY), now_ns=lambda: now_ns).apply()
        assert here(store) == {1, 4, 500}
        assert [(gone.rule, gone.traces) for gone in store.retention.gone()] == [("age", 2)]


def test_room_of_deleted_spans_is_given_back_or_not_counted(tmp_path: Path) -> None:
    texts = random.Random(1)
    with Store.open(tmp_path / "spans.db") as store:
        long = {number: texts.randbytes(4_000).hex() for number in range(1, 401)}
        receive(
            store,
            [
                structs.replace(span, attributes={"text": long[number]})
                for number in long
                for span in trace(number)
            ],
        )
        store.retention.tidy()
        before = store.retention.size()
        assert before > 2_000_000
        Retention(store, Limits(most_bytes=before // 2)).apply()
        assert before // 3 < store.retention.size() <= before // 2
        assert 150 < len(here(store)) < 250
        store.retention.remove("size", store.retention.oldest(10_000), START)
        store.retention.tidy()
        assert store.retention.size() < before // 3


def decide(store: Store, policy: Policy, traces: list[int], keeping: Keeping | None = None) -> Keeping:
    keeping = keeping or Keeping(store, policy, now_ns=lambda: START)
    keeping.note(map(hex_id, traces))
    now = keeping._decided + PERIOD_SECONDS
    if keeping.decide(now):
        analyse_pending(store)
    return keeping


def test_errors_and_slow_traces_stay_and_the_others_stand_for_those_that_went() -> None:
    chosen = [number for number in range(1, 200) if POLICY.chooses(hex_id(number))]
    others = [number for number in range(1, 200) if number not in chosen]
    failed, slow, plain = others[0], others[1], others[2]
    with Store.open(None) as store:
        receive(store, [*trace(failed, status=2), *trace(slow, seconds=2), *trace(plain), *trace(chosen[0])])
        decide(store, POLICY, [failed, slow, plain, chosen[0]])
        assert here(store) == {failed, slow, chosen[0]}
        weights = {
            int(trace_id.replace("-", ""), 16): weight
            for trace_id, weight in ask(store, "SELECT trace_id::VARCHAR, weight FROM traces")
        }
        assert weights == {failed: 1, slow: 1, chosen[0]: 4}
        assert ask(store, "SELECT sum(weight), count(*) FROM spans") == [(3 + 3 + 4 * 3, 9)]
        assert store.retention.fate(hex_id(plain)) == ("keep", START)
        store.retention.tidy()
        check(store)


def test_late_spans_follow_what_was_decided_of_their_trace() -> None:
    chosen = next(number for number in range(1, 200) if POLICY.chooses(hex_id(number)))
    dropped = next(number for number in range(1, 200) if not POLICY.chooses(hex_id(number)))
    with Store.open(None) as store:
        receive(store, [*trace(chosen), *trace(dropped)])
        keeping = decide(store, POLICY, [chosen, dropped])
        for _ in (1, 2):  # the second time nothing comes, and nothing changes
            receive(
                store, [structs.replace(span, span_id=f"{9:016x}") for span in trace(chosen, status=2)[2:]]
            )
            receive(store, trace(dropped, status=2)[2:])
            decide(store, POLICY, [chosen, dropped], keeping)
            assert here(store) == {chosen}
            assert ask(store, "SELECT DISTINCT weight FROM spans") == [(4.0,)]
        assert ask(store, "SELECT count(*), sum(weight) FROM spans") == [(4, 16.0)]
        store.retention.tidy()
        check(store)


def test_what_a_file_brought_of_a_trace_makes_it_stay() -> None:
    dropped = next(number for number in range(1, 200) if not POLICY.chooses(hex_id(number)))
    with Store.open(None) as store:
        store.append(trace(dropped)[:1], store.start_source("one.json", "otlp", "…"))
        receive(store, trace(dropped)[1:])
        decide(store, POLICY, [dropped])
        assert here(store) == {dropped}


def test_what_an_earlier_run_left_undecided_is_decided() -> None:
    with Store.open(None) as store:
        receive(store, trace(1))
        assert Keeping(store, POLICY).begin() == []  # a policy begins with what comes after it
        receive(store, trace(2))
        assert Keeping(store, POLICY).begin() == [hex_id(2)]
        decide(store, POLICY, [2])
        left = ask(store, "SELECT trace_id, weight FROM spans")
        decide(store, POLICY, [int(trace_id, 16) for trace_id in Keeping(store, POLICY).begin()])
        assert ask(store, "SELECT trace_id, weight FROM spans") == left


def test_sums_of_what_stays_are_right_over_many_choices() -> None:
    """The weighted number and the weighted time of traces, whatever their ids are, each within three standard errors."""
    policy = Policy(errors=True, slow_ns=900, others=0.1)
    ratios: list[float] = []
    for seed in range(60):
        made = random.Random(seed)
        traces = [
            (made.randbytes(16).hex(), int(made.random() < 0.02), made.randrange(1_000)) for _ in range(2_000)
        ]
        weighed = [
            (1.0 if policy.stays(errors, took) else policy.factor, took)
            for trace_id, errors, took in traces
            if policy.stays(errors, took) or policy.chooses(trace_id)
        ]
        ratios.append(sum(weight for weight, _ in weighed) / len(traces))
        ratios.append(sum(weight * took for weight, took in weighed) / sum(took for *_, took in traces))
    error = 3 * (0.9 * 0.9 / 0.1 / 2_000 / 60) ** 0.5
    assert abs(fmean(ratios[::2]) - 1) < error
    assert abs(fmean(ratios[1::2]) - 1) < 1.2 * error


@pytest.mark.parametrize("ids", [range(10_000), [number << 64 for number in range(10_000)]])
def test_ids_that_are_not_random_are_chosen_as_evenly(ids: list[int]) -> None:
    chosen = sum(Policy(others=0.1).chooses(hex_id(number)) for number in ids)
    assert 900 < chosen < 1_100
    assert all(Policy(others=1).chooses(hex_id(number)) for number in ids)


def test_counts_of_pages_stand_for_all_that_came() -> None:
    policy = Policy(errors=True, others=0.2)
    with Store.open(None) as store:
        receive(
            store, [span for number in range(1, 301) for span in trace(number, status=2 * (number % 10 == 0))]
        )
        decide(store, policy, list(range(1, 301)))
        [service] = create_app(store).test_client().get("/services.json").get_json()["services"]
        assert len(here(store)) < 120
        assert 220 < service["calls"] < 380
        store.retention.tidy()
        assert check(store)


def test_pages_tell_what_is_kept_and_what_went() -> None:
    settings = Settings.load(
        {"TAILRACE_KEEP": "errors,slow=2s,others=10%", "TAILRACE_MAX_AGE": "7d"}, max_size="2GB"
    )
    with Store.open(None) as store:
        receive(store, [*trace(1), *trace(2)])
        store.retention.remove("age", [(hex_id(1), START), (hex_id(0xA1), START)], START)
        client = create_app(store, settings).test_client()
        told = client.get("/sources.json").get_json()["retention"]
        assert told["rules"][0] == (
            "Of received traces stay all with an error and all of 2.00 s or more, and 10% of the others, "
            "each of which counts for 10."
        )
        assert [(gone["rule"], gone["traces"], gone["spans"]) for gone in told["removed"]] == [("age", 1, 3)]
        page = client.get("/sources").get_data(as_text=True)
        for words in ("What is kept", "more than 2GB is in use", "1 trace with 3 spans went"):
            assert words in page
        missing = client.get(f"/trace/{hex_id(0xA1)}")
        assert missing.status_code == 404
        assert "it was removed because it began longer ago than is kept" in missing.get_data(as_text=True)
        assert "older than what is kept" in client.get(f"/trace/{hex_id(77)}").get_data(as_text=True)


def test_a_size_below_the_least_is_told_from_what_is_none() -> None:
    with pytest.raises(BadSetting, match=r"^30MB is too little: 50MB or more"):
        parse_size("30MB")


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_size, "2"),
        (parse_size, "10MB"),
        (parse_size, "lots"),
        (parse_age, "7"),
        (parse_age, "0d"),
        (parse_age, "soon"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(parse: object, text: str) -> None:
    with pytest.raises(BadSetting, match=text):
        parse(text)  # type: ignore[operator]


@pytest.mark.parametrize(
    "text", ["errors", "slow=1s", "others=10", "others=101%", "slow=fast,others=1%", "all"]
)
def test_policies_that_leave_something_open_are_refused(text: str) -> None:
    with pytest.raises(BadSetting):
        parse_keep([text])


def test_limits_and_policies_are_read() -> None:
    assert (parse_size("500MB"), parse_size("1.5gb"), parse_age("12h"), parse_age("")) == (
        500_000_000, 1_500_000_000, 43_200 * SECOND, 0,
    )  # fmt: skip
    assert parse_keep(["errors , slow=2s", "others=25%"]) == POLICY
    assert parse_keep([]) is None
