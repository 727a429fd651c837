"""What OTLP has a receiver answer, as protobuf bytes: ExportTraceServiceResponse and google.rpc.Status."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

RESOURCE_EXHAUSTED = 8  # of google.rpc.Code
_RETRY_INFO = b"type.googleapis.com/google.rpc.RetryInfo"


def response(rejected: int, why: str) -> bytes:
    """Nothing is said when all was accepted; words without a number of rejected spans are a warning."""
    answer = ExportTraceServiceResponse()
    if rejected or why:
        answer.partial_success.rejected_spans = rejected
        answer.partial_success.error_message = why
    return bytes(answer.SerializeToString())


def status(code: int, message: str, retry_seconds: int = 0) -> bytes:
    """With RetryInfo among its details if it is to be tried again after a while."""
    found = b"\x08" + _varint(code) + _field(2, message.encode())
    if retry_seconds:
        found += _field(3, _field(1, _RETRY_INFO) + _field(2, retry_info(retry_seconds)))
    return found


def retry_info(seconds: int) -> bytes:
    """google.rpc.RetryInfo, which holds a google.protobuf.Duration."""
    return _field(1, b"\x08" + _varint(seconds))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])
