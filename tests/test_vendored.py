"""Vendored files are what their makers published, with the licence beside them."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

VENDOR = Path(__file__).parent.parent / "static/vendor"
RECORDS = json.loads((VENDOR / "VENDORED.json").read_text())


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["file"])
def test_a_vendored_file_has_its_published_content_and_licence(record: dict[str, str]) -> None:
    digest = hashlib.sha384((VENDOR / record["file"]).read_bytes()).digest()
    assert f"sha384-{base64.b64encode(digest).decode()}" == record["integrity"]
    assert (VENDOR / record["licence_file"]).read_text().strip()
    assert record["version"] in record["file"]


def test_every_vendored_file_is_recorded() -> None:
    recorded = {record[key] for record in RECORDS for key in ("file", "licence_file")}
    assert {path.name for path in VENDOR.iterdir()} == recorded | {"VENDORED.json"}
