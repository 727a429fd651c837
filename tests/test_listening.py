"""What listens where is told in the order in which it was announced, with what came."""

import pytest

from tests.store.shop import SECOND, START, encoded, make_span
from webapp.loading.listening import Listening, Receiver, ReceiverState
from webapp.loading.live import Live, Post
from webapp.loading.protocols import OTLP_JSON
from webapp.loading.reception import Reason, Refused, receive
from webapp.model.warnings import Warning
from webapp.store import Store

OTLP, ZIPKIN = Receiver("OTLP over HTTP", "otlp"), Receiver("Zipkin over HTTP", "zipkin")


def test_a_receiver_tells_its_addresses_and_what_came() -> None:
    listening = Listening()
    listening.at(OTLP, "http://127.0.0.1:8080/v1/traces")
    listening.at(ZIPKIN, "http://127.0.0.1:8080/api/v2/spans")
    listening.at(OTLP, "http://127.0.0.1:4318/v1/traces")
    listening.at(OTLP, "http://127.0.0.1:4318/v1/traces")
    listening.cannot(ZIPKIN, "Port 9411 is taken.")
    assert listening.newest_ns == 0
    listening.seen(OTLP)
    [otlp, zipkin] = listening.states({OTLP: (7, 2)})
    assert (otlp.address, otlp.also) == (
        "http://127.0.0.1:8080/v1/traces",
        ("http://127.0.0.1:4318/v1/traces",),
    )
    assert (otlp.spans, otlp.rejected, otlp.last_seen_ns) == (7, 2, listening.newest_ns)
    assert (zipkin.spans, zipkin.last_seen_ns, zipkin.problem) == (0, 0, "Port 9411 is taken.")


def test_receivers_of_an_earlier_run_are_told_without_an_address() -> None:
    with Store.open(None) as store:
        live = Live(store, durable=True)
        live.take(Post(ZIPKIN, encoded(make_span(1, 1, start_ns=START, end_ns=START + SECOND)), 3, (), 10))
        again = Live(store, durable=True)
        assert again.receivers() == [ReceiverState(ZIPKIN.name, ZIPKIN.format, "", 1, 3, 0)]


def test_files_are_no_receivers() -> None:
    with Store.open(None) as store:
        store.start_source("OTLP over HTTP", "otlp", "a file of that name")
        assert Live(store, durable=True).receivers() == []


def test_bodies_of_which_nothing_is_kept_are_counted_with_the_last_reason() -> None:
    with Store.open(None) as store:
        live = Live(store, durable=True)
        for body in (b"hello", b"{"):
            with pytest.raises(Refused) as refused:
                receive(live, OTLP_JSON, lambda body=body: body)  # type: ignore[misc]
            assert refused.value.reason is Reason.DAMAGED
        [state] = live.receivers()
        assert (state.refused, state.refusal, state.spans) == (2, refused.value.message, 0)


def test_rejected_records_are_counted_for_as_long_as_the_store_lasts() -> None:
    with Store.open(None) as store:
        for _ in range(2):
            Live(store, durable=True).take(Post(OTLP, encoded(), 2, [Warning("bad_id", "no id")], 10))
        assert Live(store, durable=True).receivers()[0].rejected == 4
