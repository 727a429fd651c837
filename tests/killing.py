"""A server that receives and is killed: what it acknowledged must be there. Used by the suite and by `make bench`."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.views.sending import until
from webapp.store import Store

_START, _SECOND = 1_700_000_000_000_000_000, 1_000_000_000
_SENDERS = 3
_MOST_POSTS = 100_000  # of a sender in a round


def kill_while_receiving(path: Path, round_: int) -> list[str]:
    """Serve from a database, send to it, kill it at a random moment; the trace ids that were acknowledged."""
    port = free_port()
    wanted = random.Random(round_).randrange(1, 40)
    acknowledged: list[str] = []
    command = [sys.executable, "-m", "webapp", "serve", "--db", str(path), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "ready" in process.stdout.readline()
        senders = [
            threading.Thread(
                target=_send_until_dead, args=(port, (round_ * _SENDERS + n + 1) * _MOST_POSTS, acknowledged)
            )
            for n in range(_SENDERS)
        ]
        for sender in senders:
            sender.start()
        until(lambda: len(acknowledged) >= wanted)
        os.kill(process.pid, signal.SIGKILL)
        for sender in senders:
            sender.join(10)
    return acknowledged


def missing(store: Store, trace_ids: Sequence[str]) -> list[str]:
    return [trace_id for trace_id in trace_ids if not store.spans(trace_id)]


def _send_until_dead(port: int, first: int, acknowledged: list[str]) -> None:
    for number in range(first, first + _MOST_POSTS):
        trace_id = f"{number:032x}"
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(
                "POST", "/v1/traces", otlp_body(trace_id), {"Content-Type": "application/json"}
            )
            if connection.getresponse().status == 200:
                acknowledged.append(trace_id)
        except (OSError, HTTPException):
            return
        finally:
            connection.close()


def otlp_body(trace_id: str, name: str = "n") -> bytes:
    times = {"startTimeUnixNano": str(_START), "endTimeUnixNano": str(_START + _SECOND)}
    one = {"traceId": trace_id, "spanId": "1" * 16, "name": name} | times
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}).encode()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
