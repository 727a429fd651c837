"""Real exporters send to a real server on the loopback, and their spans are found."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.captures import found
from tests.killing import free_port
from tests.serving import start
from webapp.app import create_app
from webapp.listeners import ports
from webapp.listeners.ports import Listeners
from webapp.settings import Settings
from webapp.store import Store

LIBRARIES = {
    "otlp-http": "opentelemetry.exporter.otlp.proto.http",
    "otlp-grpc": "opentelemetry.exporter.otlp.proto.grpc",
    "zipkin": "opentelemetry.exporter.zipkin.json",
    "datadog": "ddtrace",
    "xray": "aws_xray_sdk",
}


@pytest.fixture(scope="module")
def daemon() -> int:
    return free_port()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, daemon: int) -> Iterator[tuple[Store, dict[str, str]]]:
    """The addresses by kind of exporter."""
    monkeypatch.setattr(ports, "_XRAY_UDP", daemon)
    grpc = free_port()
    with Store.open(None) as store:
        app = create_app(store)
        with Listeners(
            app.config["live"], Settings(otlp_grpc_port=grpc, xray_udp=True), lambda: True
        ) as listeners:
            listeners.start()
            server, stop = start(app)
            http = f"http://127.0.0.1:{server.effective_port}"
            yield (
                store,
                {"otlp-grpc": f"127.0.0.1:{grpc}", "xray": f"127.0.0.1:{daemon}"}
                | dict.fromkeys(("otlp-http", "zipkin", "datadog"), http),
            )
            stop()


@pytest.mark.parametrize("kind", LIBRARIES)
def test_what_a_real_exporter_sends_is_found(served: tuple[Store, dict[str, str]], kind: str) -> None:
    if find_spec(LIBRARIES[kind].split(".")[0]) is None:
        pytest.skip(f"{LIBRARIES[kind]} is not installed")
    store, addresses = served
    told = subprocess.run(
        [sys.executable, "-m", "tests.exporting", kind, addresses[kind]],
        cwd=Path(__file__).parent.parent,
        env={key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "DD_", "AWS_"))},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "error" not in told.stderr.lower(), told.stderr
    key = found(store, 3)
    assert (key.traces, key.spans, key.errors) == (1, 3, 1)
    assert store.service_slots().keys() >= {"shop"}
    [source] = store.sources()
    assert (source.spans, source.rejected) == (3, 0)
