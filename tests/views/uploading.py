"""Files as a page sends them."""

import io
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from tests.conftest import ROOT
from tests.views.sending import until

CHECKOUT = ROOT / "sample_data" / "checkout"
OTLP = (CHECKOUT / "otlp.json").read_bytes()


def send(client: FlaskClient, *files: tuple[str, bytes], **headers: str) -> TestResponse:
    sent = MultiDict([("files", FileStorage(io.BytesIO(content), name)) for name, content in files])
    boundary, body = encode_multipart(sent)
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post("/sources", data=body, content_type=kind, headers=headers)


def loaded(client: FlaskClient, *files: tuple[str, bytes]) -> list[dict[str, object]]:
    """The sources, the oldest first, when these files are loaded."""
    answer = send(client, *files)
    assert answer.status_code == 303, answer.text
    number = parse_qs(urlsplit(answer.location).query)["load"][0]
    until(lambda: "hx-trigger" not in client.get(f"/sources/load?number={number}").text)
    listed: list[dict[str, object]] = client.get("/sources.json").get_json()["sources"]
    return listed[::-1]


def kept_files(client: FlaskClient) -> list[Path]:
    folder = client.application.config["uploads"].kept._folder
    return sorted(folder.iterdir()) if folder else []
