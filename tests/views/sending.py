"""Requests as tracing libraries send them: recorded ones of the shared captures, and a client to send them with."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp.loading.live import Live

CAPTURES = Path(__file__).parents[3] / "shared" / "captures"
PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
_PASSED_ON = {"content-type", "content-encoding", "authorization", "user-agent"}


def otlp_json(*ids: str) -> dict[str, Any]:
    spans = [
        {"traceId": "5" * 32, "spanId": each, "name": "n", "startTimeUnixNano": "1700000000000000000",
         "endTimeUnixNano": "1700000000500000000"}
        for each in ids
    ]  # fmt: skip
    return {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}


def requests_of(capture: str, path: str) -> list[dict[str, Any]]:
    """Those that were sent to a path, as arguments of `client.open`."""
    found = []
    for about in sorted((CAPTURES / capture).glob("*.json")):
        known = json.loads(about.read_text("utf-8"))
        body = about.with_suffix(".body")
        if isinstance(known, dict) and known.get("path", "").startswith(path) and body.is_file():
            headers = {name: text for name, text in known["headers"] if name.lower() in _PASSED_ON}
            found.append(
                {
                    "path": known["path"],
                    "method": known["method"],
                    "headers": headers,
                    "data": body.read_bytes(),
                }
            )
    if not found:
        pytest.skip("the captures are not on this machine")
    return found


def bodies_of(capture: str) -> list[bytes]:
    """Messages or datagrams, in the order in which they were sent."""
    found = [each.read_bytes() for each in sorted((CAPTURES / capture).glob("*.body"))]
    if not found:
        pytest.skip(f"the captures of {capture} are not on this machine")
    return found


def send(client: FlaskClient, capture: str, path: str) -> list[TestResponse]:
    return [client.open(**request) for request in requests_of(capture, path)]


def traces_of(client: FlaskClient, query: str = "", *, spans: int = 0) -> list[dict[str, Any]]:
    """The results, when they hold that many spans; fails if they do not within a while."""

    def found() -> list[dict[str, Any]] | None:
        answer = client.get("/traces.json", query_string={"q": query, "limit": 1500}).get_json()["traces"]
        return answer if sum(trace["spans"] for trace in answer) >= spans else None

    return until(found)


def hush(live: Live) -> None:
    """Every trace that arrives is quiet from now on, where a time in which none was could be missed."""
    live.arriving._quiet_seconds = 0


def until(found: Callable[[], Any], seconds: float = 20) -> Any:
    """What it gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return value
