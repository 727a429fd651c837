"""What a trace page weighs: own scripts file by file as they are sent, the sheets it begins with, its HTML."""

import gzip
import re

from flask.testing import FlaskClient

from tests.samples import checkout
from tests.views.traces import Opened, chain, get
from webapp import assets

STATIC = assets.folder("static")


def packed(data: bytes) -> int:
    return len(gzip.compress(data, 9))


def named(html: str, folder: str) -> set[str]:
    found = re.findall(rf"/static/{folder}/(?:[0-9a-f]{{10}}/)?([\w,-]+)\.{folder}", html)
    return {name for names in found for name in names.split(",")}


def with_imports(names: set[str]) -> dict[str, bytes]:
    """Modules by name, and all that they import."""
    found: dict[str, bytes] = {}
    waiting = list(names)
    while waiting:
        if (name := waiting.pop()) not in found:
            found[name] = (STATIC / "js" / f"{name}.js").read_bytes()
            waiting += re.findall(r'"\./([\w-]+)\.js"', found[name].decode())
    return found


def test_own_scripts_are_at_most_20_kb(checkout_client: FlaskClient) -> None:
    scripts = with_imports(named(get(checkout_client).text, "js"))
    assert {"trace", "view", "windows", "theme"} <= set(scripts)
    sizes = {name: packed(data) for name, data in scripts.items()}
    assert sum(sizes.values()) <= 20_000, sizes


def test_the_sheets_it_begins_with_are_at_most_10_kb(checkout_client: FlaskClient) -> None:
    sheets = named(get(checkout_client).text, "css")
    assert {"tokens", "waterfall"} <= sheets
    assert (
        packed(b"".join((STATIC / "css" / f"{name}.css").read_bytes() for name in sorted(sheets))) <= 10_000
    )


def test_a_page_waits_for_one_sheet_and_for_no_script(checkout_client: FlaskClient) -> None:
    html = get(checkout_client).text
    [sheet] = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
    answer = checkout_client.get(sheet)
    assert all(
        f"@layer {layer} {{" in answer.text for layer in ("tokens", "base", "layout", "parts", "states")
    )
    assert "immutable" in answer.headers["Cache-Control"]
    scripts = re.findall(r"<script[^>]*>", html)
    assert all("defer" in script or 'type="module"' in script for script in scripts), scripts


def test_scripts_are_kept_by_the_browser_until_one_of_them_changes(checkout_client: FlaskClient) -> None:
    html = get(checkout_client).text
    [folder] = set(re.findall(r"/static/js/([^/]*)/", html))
    assert f"/static/js/{folder}/shortcuts.js" in html  # where "./shortcuts.js" of the others leads, too
    kept = checkout_client.get(f"/static/js/{folder}/view.js", buffered=True)
    assert kept.data == (STATIC / "js" / "view.js").read_bytes()
    assert "immutable" in kept.headers["Cache-Control"]
    assert checkout_client.get("/static/js/0123456789/view.js").status_code == 404
    assert checkout_client.get("/static/css/tokens,nothing.css").status_code == 404


def test_the_sheet_of_an_opened_span_comes_with_it(opened: Opened) -> None:
    client = opened(*checkout.spans())
    assert "span" not in named(get(client).text, "css")
    assert "span" in named(get(client, span="b7ad6b7169203331").text, "css")


def test_its_html_is_at_most_60_kb(opened: Opened) -> None:
    assert packed(get(opened(*chain(1_500))).data) <= 60_000
