"""What is sent by HTTP is kept and answered as its protocol has it, and nothing that is sent does harm."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zstandard
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.captures import OVER_HTTP, found
from tests.views.sending import JSON, PROTOBUF, otlp_json, requests_of, send, traces_of
from webapp.app import create_app
from webapp.loading import live
from webapp.settings import Settings
from webapp.store import Store

ANSWERS = {
    "/v1/traces": (200, b""),
    "/api/": (202, b""),
    "/v0.": (200, b'{"rate_by_service":{}}\n'),
    "/1/batch/": (200, b'[{"status":202},{"status":202},{"status":202}]\n'),
    "/api/42/envelope/": (200, b"{}\n"),
}


@pytest.fixture
def serving() -> Iterator[Callable[..., FlaskClient]]:
    stores = []

    def start(**settings: Any) -> FlaskClient:
        stores.append(Store.open(None))
        return create_app(stores[-1], Settings(**settings)).test_client()

    yield start
    for store in stores:
        store.close()


@pytest.fixture
def receiver(serving: Callable[..., FlaskClient]) -> FlaskClient:
    return serving()


def sources(client: FlaskClient) -> dict[str, tuple[str, int, int]]:
    store: Store = client.application.config["store"]
    return {each.path: (each.format, each.spans, each.rejected) for each in store.sources()}


@pytest.mark.parametrize(("capture", "path"), OVER_HTTP)
def test_what_exporters_send_is_here_and_answered_as_they_expect(
    receiver: FlaskClient, capture: str, path: str
) -> None:
    key = OVER_HTTP[capture, path]
    [status, body] = next(answer for start, answer in reversed(ANSWERS.items()) if path.startswith(start))
    as_json = "otlp-json" in capture
    for answer in send(receiver, capture, path):
        assert (answer.status_code, answer.data) == (status, b"{}" if as_json else body)
        assert answer.mimetype != "text/html"
        if path == "/v1/traces":
            assert answer.mimetype == ("application/json" if as_json else "application/x-protobuf")
    store: Store = receiver.application.config["store"]
    assert found(store, key.spans) == key
    [(spans, rejected)] = [each[1:] for each in sources(receiver).values()]
    assert (spans, rejected) == (key.spans, 0)


def test_datadog_tracers_are_told_what_is_taken_and_refused_the_rest(receiver: FlaskClient) -> None:
    info = receiver.get("/info").get_json()
    assert info["endpoints"] == ["/v0.3/traces", "/v0.4/traces", "/v0.5/traces"]
    for path in ("/v0.7/config", "/telemetry/proxy/api/v2/apmtelemetry"):
        assert (receiver.post(path, data=b"{}").status_code, receiver.post(path).mimetype) == (
            404,
            "text/plain",
        )


def test_datadog_may_come_as_json_and_put(receiver: FlaskClient) -> None:
    one = {"trace_id": 7, "span_id": 8, "service": "web", "resource": "GET /", "name": "n", "start": 10**18}
    answer = receiver.put("/v0.3/traces", json=[[one | {"duration": 5}]])
    assert (answer.status_code, answer.get_json()) == (200, {"rate_by_service": {}})
    assert traces_of(receiver, spans=1)[0]["root"] == {"service": "web", "name": "GET /"}


@pytest.mark.parametrize(
    ("path", "kind", "body", "status"),
    [
        ("/api/v2/spans", "application/json", b"[]", 202),
        ("/api/v2/spans", "application/x-protobuf", b"", 202),
        ("/api/v2/spans", "application/json", b"hello", 400),
        ("/api/v2/spans", "application/x-protobuf", b"\x0a\xff\xff", 400),
        ("/api/v1/spans", "application/x-thrift", b"\x0c\x00\x00\x00\x09", 400),
        ("/api/traces", "application/x-thrift", b"hello", 400),
        ("/api/traces", "application/json", b"{}", 415),
        ("/v0.4/traces", "application/msgpack", b"\x90", 200),
        ("/v0.5/traces", "application/msgpack", b"\x92\x91\xa0\x90", 200),
        ("/v0.4/traces", "application/msgpack", b"\x93\x01", 400),
        ("/v0.4/traces", "application/json", b"[]", 200),
        ("/v0.3/traces", "application/json", b"[[", 400),
        ("/1/batch/shop", "application/json", b"[]", 200),
        ("/1/batch/shop", "application/json", b"hello", 400),
        ("/1/batch/shop", "application/json", b"7", 400),
        ("/api/1/envelope/", "application/x-sentry-envelope", b"{}\n", 200),
        ("/api/1/envelope/", "application/x-sentry-envelope", b"hello", 400),
    ],
)
def test_bodies_without_spans_are_told_from_damaged_ones(
    receiver: FlaskClient, path: str, kind: str, body: bytes, status: int
) -> None:
    assert receiver.post(path, data=body, headers={"Content-Type": kind}).status_code == status


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-15)),
        ("zstd", zstandard.compress),
        ("zstd", lambda body: zstandard.ZstdCompressor(write_content_size=False).compress(body)),
        ("gzip, identity", gzip.compress),
    ],
)
def test_bodies_may_be_compressed(receiver: FlaskClient, name: str, encode: Callable[[bytes], bytes]) -> None:
    body = encode(json.dumps(otlp_json("1" * 16)).encode())
    answer = receiver.post("/v1/traces", data=body, headers=JSON | {"Content-Encoding": name})
    assert (answer.status_code, answer.data) == (200, b"{}")
    assert traces_of(receiver, spans=1)
    cut = receiver.post("/v1/traces", data=body[:10], headers=JSON | {"Content-Encoding": name})
    assert cut.status_code == 400


@pytest.mark.parametrize("name", ["br", "gzip, gzip, gzip, gzip", "compress"])
def test_other_encodings_are_refused(receiver: FlaskClient, name: str) -> None:
    answer = receiver.post("/v1/traces", data=b"{}", headers=JSON | {"Content-Encoding": name})
    assert answer.status_code == 415
    assert answer.get_json()["code"] == 3


@pytest.mark.parametrize(
    ("name", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.compress)]
)
def test_a_body_that_grows_too_large_is_refused(
    serving: Callable[..., FlaskClient], name: str, encode: Callable[[bytes], bytes]
) -> None:
    client = serving(max_body_bytes=100_000)
    bomb = encode(b" " * 50_000_000)
    assert len(bomb) < 100_000
    answer = client.post("/v1/traces", data=bomb, headers=JSON | {"Content-Encoding": name})
    assert answer.status_code == 413
    assert "100,000 bytes" in answer.get_json()["message"]
    assert client.post("/v1/traces", data=b" " * 100_001, headers=JSON).status_code == 413


def test_rejected_spans_are_told_in_the_encoding_of_the_request(receiver: FlaskClient) -> None:
    answer = receiver.post("/v1/traces", json=otlp_json("1" * 16, "0" * 16, "2" * 16))
    assert answer.status_code == 200
    assert answer.get_json()["partialSuccess"]["rejectedSpans"] == "1"
    assert "without a usable" in answer.get_json()["partialSuccess"]["errorMessage"]
    [trace] = traces_of(receiver, spans=2)
    assert trace["spans"] == 2
    assert sources(receiver) == {"OTLP over HTTP": ("otlp", 2, 1)}


def test_a_request_without_spans_is_no_error(receiver: FlaskClient) -> None:
    for body in (b"{}", b'{"resourceSpans": []}'):
        assert receiver.post("/v1/traces", data=body, headers=JSON).status_code == 200
    assert receiver.post("/v1/traces", data=b"", headers=PROTOBUF).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_otlp_of_another_content_type_is_refused(receiver: FlaskClient, kind: str) -> None:
    answer = receiver.post("/v1/traces", data=b"{}", headers={"Content-Type": kind} if kind else {})
    assert answer.status_code == 415


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_pages_of_other_sites_cannot_send(
    serving: Callable[..., FlaskClient], headers: dict[str, str]
) -> None:
    client = serving(cors_origin=("http://localhost:3000",))
    assert client.post("/v1/traces", data=b"{}", headers=JSON | headers).status_code == 403


def test_pages_of_sites_that_were_named_can(serving: Callable[..., FlaskClient]) -> None:
    client = serving(cors_origin=("http://localhost:3000",))
    origin = {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}
    asked = client.options("/v1/traces", headers=origin | {"Access-Control-Request-Headers": "content-type"})
    assert asked.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert asked.headers["Access-Control-Allow-Headers"] == "content-type"
    answer = client.post("/v1/traces", data=b"{}", headers=JSON | origin)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin["Origin"])
    assert client.post("/theme", data={"theme": "dark"}, headers=origin).status_code == 403


def test_more_than_can_wait_is_to_be_sent_again(
    receiver: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_BYTES", 10)
    store: Store = receiver.application.config["store"]
    with store.together():  # nobody else can write meanwhile
        assert receiver.post("/v1/traces", json=otlp_json("1" * 16)).status_code == 200
        answer = receiver.post("/v1/traces", json=otlp_json("2" * 16))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert answer.get_json()["code"] == 8
    assert [trace["spans"] for trace in traces_of(receiver, spans=1)] == [1]


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[FlaskClient]:
    with Store.open(None) as store:
        yield create_app(store, Settings(max_body_bytes=200_000)).test_client()


ENCODINGS = ["", "", "gzip", "deflate", "zstd"]
PATHS = [
    ("/v1/traces", "application/x-protobuf"),
    ("/v1/traces", "application/json"),
    ("/api/v2/spans", "application/json"),
    ("/api/v1/spans", "application/x-thrift"),
    ("/api/traces", "application/x-thrift"),
    ("/v0.4/traces", "application/msgpack"),
    ("/v0.5/traces", "application/msgpack"),
    ("/1/batch/shop", "application/json"),
    ("/api/1/envelope/", "application/x-sentry-envelope"),
]


@given(st.sampled_from(PATHS), st.binary(max_size=300), st.sampled_from(ENCODINGS))
def test_random_bodies_are_refused_or_read(
    fuzzed: FlaskClient, path: tuple[str, str], body: bytes, encoding: str
) -> None:
    headers = {"Content-Type": path[1]} | ({"Content-Encoding": encoding} if encoding else {})
    assert fuzzed.post(path[0], data=body, headers=headers).status_code in {200, 202, 400, 413}


@given(st.data())
def test_mutated_bodies_are_refused_or_read(fuzzed: FlaskClient, data: st.DataObject) -> None:
    capture, path = data.draw(st.sampled_from(MUTATED))
    request = data.draw(st.sampled_from(requests_of(capture, path)))
    body = bytearray(request["data"])
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    request["data"] = bytes(body[: data.draw(st.integers(0, len(body)))])
    assert fuzzed.open(**request).status_code in {200, 202, 400, 413}


MUTATED = [
    ("otlp-proto-http", "/v1/traces"),
    ("otlp-json-http", "/v1/traces"),
    ("otlp-proto-http-gzip", "/v1/traces"),
    ("zipkin-json-v1", "/api/v1/spans"),
    ("zipkin-json-v2", "/api/v2/spans"),
    ("py-zipkin-v2-proto3", "/api/v2/spans"),
    ("jaeger-thrift-http", "/api/traces"),
    ("ddtrace-py-v04", "/v0.4/traces"),
    ("ddtrace-py-default", "/v0.5/traces"),
    ("py-honeycomb", "/1/batch/"),
    ("py-sentry", "/api/42/envelope/"),
]
