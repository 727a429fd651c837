"""Every page has its sheets as one, and what narrow windows change comes last in it."""

import re

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    "url",
    [
        "/traces",
        "/services",
        "/service?name=fraud-service",
        "/graph",
        "/insights",
        "/compare?a=rest&b=error",
        "/syntax",
    ],
)
def test_what_narrow_windows_change_overrides_all(client: FlaskClient, url: str) -> None:
    html = client.get(url).text
    sheets = [
        each
        for each in re.findall(r'<link rel="stylesheet"[^>]* href="([^"]+)"', html)
        if "plotly" not in each
    ]
    [sheet] = [*dict.fromkeys(each for each in sheets)]
    assert re.search(r"css/tokens,base,layout,parts,.*,states\.css", sheet)
    assert client.get(sheet).status_code == 200
