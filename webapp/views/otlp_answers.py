"""What OTLP has a receiver answer over HTTP, in the encoding of the request."""

import orjson
from flask import Response

from webapp.formats.otlp import answers

_UNKNOWN, _UNIMPLEMENTED = 2, 12
_CODES = {400: 3, 403: 7, 413: 8, 415: 3, 429: answers.RESOURCE_EXHAUSTED, 503: 14}  # of google.rpc.Code
_CODES |= {404: _UNIMPLEMENTED, 405: _UNIMPLEMENTED}


def accepted(rejected: int, why: str, *, as_json: bool) -> Response:
    """Nothing is said when all was accepted; words without a number of rejected spans are a warning."""
    if as_json:
        told = {"rejectedSpans": str(rejected), "errorMessage": why}
        partial = {"partialSuccess": told} if rejected or why else {}
        return Response(orjson.dumps(partial), mimetype="application/json")
    return Response(answers.response(rejected, why), mimetype="application/x-protobuf")


def refused(status: int, message: str, *, as_json: bool) -> Response:
    code = _CODES.get(status, _UNKNOWN)
    if as_json:
        body = orjson.dumps({"code": code, "message": message})
        return Response(body, status, mimetype="application/json")
    return Response(answers.status(code, message), status, mimetype="application/x-protobuf")
