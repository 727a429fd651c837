"""What senders are told: why nothing of a body was kept, what of a cut one is lost, and where nothing is taken."""

import base64
import gzip
import json
from collections.abc import Iterator

import pytest
import zstandard
from flask.testing import FlaskClient
from google.protobuf.json_format import Parse, ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.views.sending import JSON, PROTOBUF, otlp_json, requests_of, traces_of
from webapp.app import create_app
from webapp.store import Store


@pytest.fixture
def receiver() -> Iterator[FlaskClient]:
    with Store.open(None) as store:
        yield create_app(store).test_client()


def otlp_body(kind: dict[str, str], *ids: str) -> bytes:
    """With something after the spans."""
    request = otlp_json(*ids)
    request["resourceSpans"][0]["schemaUrl"] = "https://example.org/schema"
    if kind is JSON:
        return json.dumps(request).encode()
    for span in request["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for key in ("traceId", "spanId"):
            span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()  # as protobuf has bytes in JSON
    return bytes(ParseDict(request, ExportTraceServiceRequest()).SerializeToString())


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_of_a_cut_body_only_spans_that_are_lost_are_rejected(
    receiver: FlaskClient, kind: dict[str, str]
) -> None:
    length = len(otlp_body(kind, "1" * 16, "2" * 16))
    for first, cut, rejected, spans in ((1, 5, 0, 2), (3, length // 3, 1, 3)):
        body = otlp_body(kind, f"{first:016x}", f"{first + 1:016x}")
        answer = receiver.post("/v1/traces", data=body[:-cut], headers=kind)
        told = ExportTraceServiceResponse()
        told = Parse(answer.data, told) if kind is JSON else told.FromString(answer.data)
        assert (answer.status_code, told.partial_success.rejected_spans) == (200, rejected)
        assert "ends in the middle" in told.partial_success.error_message
        traces_of(receiver, spans=spans)
    answer = receiver.post("/v1/traces", data=body[: length // 3], headers=kind)
    assert (answer.status_code, b"nothing of it was kept" in answer.data) == (400, True)
    [report] = receiver.application.config["store"].sources()
    assert (report.rejected, "file" in str(report.warnings)) == (1, False)


def test_what_is_left_of_a_cut_body_is_kept(receiver: FlaskClient) -> None:
    request = requests_of("otlp-proto-http", "/v1/traces")[0]
    request["data"] = request["data"][:-200]
    answer = receiver.open(**request)
    assert answer.status_code == 200
    partial = ExportTraceServiceResponse.FromString(answer.data).partial_success
    assert partial.rejected_spans == 1
    assert partial.error_message
    assert traces_of(receiver, spans=1)


@pytest.mark.parametrize("body", [b"", b"hello", b"{", b"[1, 2]", b'{"resourceSpans": 7}', b"\xff\xfe\x00"])
def test_what_is_no_otlp_is_refused_in_the_encoding_of_the_request(
    receiver: FlaskClient, body: bytes
) -> None:
    answer = receiver.post("/v1/traces", data=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.get_json()["code"] == 3
    assert answer.get_json()["message"]
    if body:
        answer = receiver.post("/v1/traces", data=body, headers=PROTOBUF)
        assert answer.status_code == 400
        assert answer.mimetype == "application/x-protobuf"
        assert answer.data.startswith(b"\x08\x03\x12")


ZIPKIN_SPANS = b'[{"traceId": "5", "id": "1", "name": "n", "localEndpoint": {"serviceName": "a"}}]'
OTLP_TEXT = b'{"resourceSpans": [{"scopeSpans": [{"spans": [{}]}]}]}'


@pytest.mark.parametrize(
    ("path", "kind", "body", "words"),
    [
        ("/v1/traces", JSON, b"[1,2,3]", "This is not OTLP JSON with spans: it looks like JSON without objects."),
        ("/v1/traces", JSON, b"null", "This is not OTLP JSON with spans"),
        ("/v1/traces", JSON, b"<html></html>", "it looks like HTML or XML."),
        ("/v1/traces", JSON, b'{"foo": 1}', "it looks like JSON with the keys `foo`."),
        ("/v1/traces", JSON, gzip.compress(b"{}", mtime=0), "compressed with gzip, but Content-Encoding does not say so"),
        ("/v1/traces", JSON, zstandard.compress(b"{}"), "compressed with zstd"),
        ("/v1/traces", JSON, ZIPKIN_SPANS, "list of Zipkin's spans, not OTLP JSON with spans: send it to /api/v2/"),
        ("/v1/traces", JSON, b'{"resourceSpans":[{', "ends in the middle of a record: nothing of it was kept."),
        ("/v1/traces", JSON, OTLP_TEXT, "No record has a usable trace id and span id"),
        ("/v1/traces", JSON, b'{"resourceMetrics": [{}]}', "keeps traces only; send metrics elsewhere."),
        ("/v1/traces", PROTOBUF, OTLP_TEXT, "This looks like OTLP JSON with spans, not OTLP protobuf with spans"),
        ("/v1/traces", PROTOBUF, b"hello", "This is not OTLP protobuf with spans: it looks like plain text."),
        ("/api/v2/spans", JSON, b'{"id": "1"}', "No record has a usable trace id and span id"),
        ("/api/v2/spans", JSON, b'[{"name": "x"}]', "No record has a usable trace id and span id"),
        ("/api/v2/spans", JSON, OTLP_TEXT, "send it to /v1/traces as application/json."),
        ("/v0.4/traces", JSON, b'[[{"name": "x"}]]', "No record has a usable trace id and span id"),
        ("/1/batch/shop", JSON, ZIPKIN_SPANS, "send it to /api/v2/spans."),
    ],
)  # fmt: skip
def test_a_body_of_which_nothing_is_kept_is_refused_with_the_cause(
    receiver: FlaskClient, path: str, kind: dict[str, str], body: bytes, words: str
) -> None:
    answer = receiver.post(path, data=body, headers=kind)
    assert (answer.status_code, words in answer.data.decode("utf-8", "replace")) == (400, True), answer.data
    assert [each.refusal for each in receiver.application.config["live"].receivers() if words in each.refusal]


@pytest.mark.parametrize("signal", ["metrics", "logs"])
@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_other_signals_of_otlp_are_refused_in_words(
    receiver: FlaskClient, signal: str, kind: dict[str, str]
) -> None:
    answer = receiver.post(f"/v1/{signal}", data=b"{}", headers=kind)
    assert (answer.status_code, answer.mimetype) == (404, kind["Content-Type"])
    assert f"send {signal} elsewhere".encode() in answer.data


def test_another_method_is_refused_in_a_sentence(receiver: FlaskClient) -> None:
    answer = receiver.put("/v1/traces", data=b"{}", headers=JSON)
    assert (answer.status_code, answer.mimetype, answer.headers["Allow"]) == (
        405,
        JSON["Content-Type"],
        "POST",
    )
    assert answer.get_json()["message"] == "Spans are sent here with POST, not with PUT."
    assert receiver.get("/api/v2/spans").data == b"Spans are sent here with POST, not with GET.\n"
    assert receiver.get("/theme").mimetype == "text/html"


def test_receivers_tell_all_their_addresses(receiver: FlaskClient) -> None:
    states = {each.name: each for each in receiver.application.config["live"].receivers()}
    start = "http://127.0.0.1:8080"
    assert states["Zipkin over HTTP"].also == (f"{start}/api/v1/spans",)
    assert states["Honeycomb events"].address == f"{start}/1/batch/DATASET"
    assert states["Sentry envelopes"].address == f"{start}/api/PROJECT/envelope/"


def test_the_last_refusal_stands_beside_its_receiver(receiver: FlaskClient) -> None:
    receiver.post("/v1/traces", data=b'{"<b>": 1}', headers=JSON)
    page = receiver.get("/sources/receivers").text
    assert "it looks like JSON with the keys <code>&lt;b&gt;</code>." in page
