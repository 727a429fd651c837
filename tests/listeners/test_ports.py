"""Ports beside that of the pages: which are opened, what they answer, and what if one is taken."""

import socket
import sys
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.killing import free_port, otlp_body
from tests.serving import start
from tests.views.sending import bodies_of, until
from webapp.app import create_app
from webapp.errors import BadSetting
from webapp.listeners.ports import Listeners
from webapp.loading.live import Live
from webapp.settings import Settings
from webapp.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(None) as opened:
        yield opened


def listeners(store: Store, **settings: object) -> Listeners:
    return Listeners(Live(store, durable=False), Settings(**settings), lambda: True)  # type: ignore[arg-type]


def test_a_port_for_spans_has_no_pages(store: Store) -> None:
    zipkin = free_port()
    app = create_app(store)
    with Listeners(app.config["live"], Settings(zipkin_port=zipkin), lambda: True) as opened:
        server, stop = start(app, opened.http)
        pages = int(server.effective_port)
        assert ask(zipkin, "GET", "/traces")[0] == 404
        assert "http://127.0.0.1:8080" in ask(zipkin, "GET", "/traces")[1]
        assert ask(zipkin, "POST", "/theme")[0] == 404
        assert ask(zipkin, "GET", "/static/css/tokens.css")[0] == 404
        assert ask(zipkin, "GET", "/api/v2/spans")[0] == 404
        assert ask(zipkin, "POST", "/api/v2/spans", b"[]")[0] == 202
        assert ask(zipkin, "POST", "/api/v2/spans", b"[]", Host="evil.example")[0] == 403
        assert ask(zipkin, "POST", "/api/v2/spans", b"[]", Origin="http://evil.example")[0] == 403
        assert ask(zipkin, "POST", "/v1/traces", otlp_body("5" * 32))[0] == 200
        assert ask(pages, "GET", "/traces.json")[0] == 200
        until(lambda: store.span_total() == 1)
        found = {each.name: (each.address, each.also) for each in app.config["live"].receivers()}
        assert found["Zipkin over HTTP"] == (
            "http://127.0.0.1:8080/api/v2/spans",
            (
                "http://127.0.0.1:8080/api/v1/spans",
                f"http://127.0.0.1:{zipkin}/api/v2/spans",
                f"http://127.0.0.1:{zipkin}/api/v1/spans",
            ),
        )
        assert opened.open == [f"{zipkin} (Zipkin over HTTP)"]
        stop()


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, {"Content-Type": "application/json"} | headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


@pytest.mark.parametrize(
    "name", ["otlp_grpc_port", "otlp_port", "zipkin_port", "jaeger_port", "datadog_port"]
)
def test_a_port_that_was_asked_for_must_be_free(store: Store, name: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BadSetting) as problem:
            listeners(store, **{name: port})
    assert problem.value.where == name
    assert f"127.0.0.1:{port}" in problem.value.message


def test_of_the_standard_ports_those_that_are_free_are_opened(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.listeners import ports

    free = {name: free_port() for name in ports._STANDARD}
    monkeypatch.setattr(ports, "_STANDARD", free)
    with socket.socket() as other:
        other.bind(("127.0.0.1", free["zipkin_port"]))
        other.listen()
        live = Live(store, durable=False)
        with Listeners(live, Settings(receive=True), lambda: True) as opened:
            assert len(opened.http) == 3
            [problem] = opened.problems
            states = {each.name: each for each in live.receivers()}
            assert states["Zipkin over HTTP"].problem == problem
            assert states["Zipkin over HTTP"].address == ""
            assert states["OTLP over gRPC"].address == f"http://127.0.0.1:{free['otlp_grpc_port']}"
            assert states["OTLP over HTTP"].address.endswith(f":{free['otlp_port']}/v1/traces")


def test_without_grpcio_it_is_said_how_to_get_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webapp.listeners.grpc", None)
    with pytest.raises(BadSetting, match=r"tailrace\[grpc\]"):
        listeners(store, otlp_grpc_port=free_port())
    with listeners(store) as opened:
        assert opened.problems == []


def test_udp_ports_are_opened_when_they_are_asked_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from webapp.listeners import ports

    compact, binary, daemon = free_port(), free_port(), free_port()
    monkeypatch.setattr(ports, "_JAEGER_UDP", (compact, binary))
    monkeypatch.setattr(ports, "_XRAY_UDP", daemon)
    live = Live(store, durable=False)
    with Listeners(live, Settings(jaeger_udp=True, xray_udp=True), lambda: True) as opened:
        opened.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for each in bodies_of("jaeger-thrift-udp"):
                sender.sendto(each, ("127.0.0.1", binary))
            for each in bodies_of("xray-udp")[:2]:
                sender.sendto(each, ("127.0.0.1", daemon))
        until(lambda: {each.name: each.spans for each in live.receivers()}.get("Jaeger over UDP") == 39)
        until(lambda: {each.name: each.spans for each in live.receivers()}.get("X-Ray over UDP"))
        states = {each.name: each for each in live.receivers()}
        assert (states["Jaeger over UDP"].address, states["Jaeger over UDP"].also) == (
            f"udp://127.0.0.1:{compact}",
            (f"udp://127.0.0.1:{binary}",),
        )
        with pytest.raises(BadSetting) as problem:
            listeners(store, xray_udp=True)
        assert (problem.value.where, "--xray-udp" in problem.value.hint) == ("xray_udp", True)
