"""Bodies that are read in a process of their own, once much is sent."""

import os
import signal

import pytest

from tests.killing import otlp_body
from tests.views.sending import until
from webapp.loading import protocols
from webapp.loading.decoding import Decoding
from webapp.loading.live import Live
from webapp.loading.protocols import JAEGER, OTLP_JSON
from webapp.loading.reception import Reason, Refused, receive
from webapp.store import Store

BODY = otlp_body(f"{5:032x}")


def test_another_process_reads_the_same_once_much_is_sent() -> None:
    decoding = Decoding(much=len(BODY))
    here = decoding.read(OTLP_JSON, BODY)
    assert not decoding.is_apart
    decoding.read(OTLP_JSON, BODY)
    until(lambda: decoding.is_apart)
    apart = decoding.read(OTLP_JSON, BODY)
    assert (apart.encoded.rows.to_pylist(), apart.encoded.operations) == (
        here.encoded.rows.to_pylist(),
        here.encoded.operations,
    )
    for protocol in protocols.ALL:
        assert decoding.read(protocol, b"no spans") == protocols.read(protocol, b"no spans")
    assert "Thrift" in decoding.read(JAEGER, b"no spans").damage
    decoding.close()
    assert decoding.read(OTLP_JSON, BODY).encoded.rows.num_rows == 1


def test_a_sender_whose_body_was_lost_with_its_process_is_told_to_send_it_again() -> None:
    with Store.open(None) as store:
        live = Live(store, durable=True)
        live.decoding = Decoding(much=0)
        receive(live, OTLP_JSON, lambda: BODY)
        until(lambda: live.decoding.is_apart)
        os.kill(live.decoding.process_id, signal.SIGKILL)
        with pytest.raises(Refused) as refused:
            receive(live, OTLP_JSON, lambda: otlp_body(f"{7:032x}"))
        assert refused.value.reason is Reason.FAILED
        receive(live, OTLP_JSON, lambda: otlp_body(f"{6:032x}"))
        assert store.span_total() == 2
