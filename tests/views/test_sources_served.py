"""Files sent to a real server: larger than other bodies, refused before they come, half sent beside other requests."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.conftest import ROOT
from tests.serving import start
from tests.views.sending import until
from webapp.app import create_app
from webapp.settings import Settings
from webapp.store import Store

OTLP = (ROOT / "sample_data" / "checkout" / "otlp.json").read_bytes()
LIMITS = Settings(max_body_bytes=50_000, max_upload_mb=1)
Connect = Callable[[], "closing[http.client.HTTPConnection]"]


@pytest.fixture
def connect() -> Iterator[Connect]:
    with Store.open(None) as store:
        server, stop = start(create_app(store, LIMITS))
        yield lambda: closing(http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=20))
        stop()


def form(content: bytes) -> tuple[bytes, dict[str, str]]:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.json"\r\n\r\n'
    return head + content + b"\r\n--x--\r\n", {"Content-Type": "multipart/form-data; boundary=x"}


def status(connect: Connect, method: str, path: str, body: bytes = b"", **headers: str) -> int:
    with connect() as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def test_only_files_may_be_larger_than_other_bodies(connect: Connect) -> None:
    body, headers = form(OTLP + b" " * 200_000)
    assert status(connect, "POST", "/sources", body, **headers) == 303
    assert status(connect, "POST", "/sources/stop", body, **headers) == 413
    assert status(connect, "POST", "/v1/traces", body, **{"Content-Type": "application/json"}) == 413
    until(lambda: status(connect, "GET", "/trace/4bf92f3577b34da6a3ce929d0e0e4736") == 200)


def test_what_is_too_large_is_refused_before_it_comes(connect: Connect) -> None:
    with connect() as connection:
        connection.putrequest("POST", "/sources")
        connection.putheader("Content-Type", "multipart/form-data; boundary=x")
        connection.putheader("Content-Length", "3000000")
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_files_that_come_slowly_hold_up_nobody(connect: Connect) -> None:
    body, headers = form(OTLP)
    with connect() as slow:
        slow.putrequest("POST", "/sources")
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            slow.putheader(name, value)
        slow.endheaders(body[:5_000])
        assert [status(connect, "GET", path) for path in ("/", "/sources", "/traces")] == [200, 200, 200]
        slow.send(body[5_000:])
        assert slow.getresponse().status == 303
