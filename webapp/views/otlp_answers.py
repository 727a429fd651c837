"""What OTLP has a receiver answer, in the encoding of the request: ExportTraceServiceResponse and google.rpc.Status."""

import orjson
from flask import Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

_CODES = {400: 3, 403: 7, 413: 8, 415: 3, 429: 8, 503: 14}  # of google.rpc.Code, by status
_UNKNOWN = 2


def accepted(rejected: int, why: str, *, as_json: bool) -> Response:
    """Nothing is said when all was accepted."""
    if as_json:
        partial = (
            {"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": why}} if rejected else {}
        )
        return Response(orjson.dumps(partial), mimetype="application/json")
    answer = ExportTraceServiceResponse()
    if rejected:
        answer.partial_success.rejected_spans = rejected
        answer.partial_success.error_message = why
    return Response(answer.SerializeToString(), mimetype="application/x-protobuf")


def refused(status: int, message: str, *, as_json: bool) -> Response:
    code = _CODES.get(status, _UNKNOWN)
    if as_json:
        body = orjson.dumps({"code": code, "message": message})
        return Response(body, status, mimetype="application/json")
    text = message.encode()
    body = bytes([0x08, code, 0x12]) + _varint(len(text)) + text  # fields 1 and 2 of the Status
    return Response(body, status, mimetype="application/x-protobuf")


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])
