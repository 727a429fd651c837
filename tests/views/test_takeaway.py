"""Downloads of a trace: read back they hold the same spans, hostile text stays text, and what was redacted is nowhere."""

import csv
import io
import json
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.test_otlp import any_span
from tests.views.hostile import SECRET, TEXTS, hostile_spans, telling_spans
from tests.views.traces import ID, Opened, chain, span
from webapp import formats
from webapp.app import create_app
from webapp.formats.digest import MEMBER, digest_of
from webapp.formats.redaction import MASK, PRESETS
from webapp.formats.verifying import verify
from webapp.model.spans import Kind, Span
from webapp.store import Store
from webapp.views.takeaway import html as takeaway_html
from webapp.views.takeaway.menu import PRESET_WORDS
from webapp.views.takeaway.summary import code, escaped

LOSSLESS = (".json?as=otlp", ".html", ".csv", ".parquet")
TEXTUAL = (
    ".json", ".json?as=otlp", ".json?as=jaeger", ".json?as=zipkin", ".json?as=chrome", ".html", ".csv", ".svg", ".md"
)  # fmt: skip
NS = "{http://www.w3.org/2000/svg}"


def read(content: bytes) -> list[Span]:
    return [one for batch in formats.read(io.BytesIO(content), "export") for one in batch]


def fetch(client: FlaskClient, ending: str, redact: str = "") -> bytes:
    url = f"/trace/{ID}{ending}"
    answer = client.get(url + (("&" if "?" in url else "?") + f"redact={redact}" if redact else ""))
    assert answer.status_code == 200, answer.data[-500:]
    return bytes(answer.data)


moments = st.integers(1_763_634_727_000_000_000, 1_763_634_728_000_000_000)
one_trace = st.lists(
    any_span.flatmap(
        lambda one: st.builds(
            lambda start, end: msgspec.structs.replace(one, trace_id=ID, start_ns=start, end_ns=end),
            moments,
            moments | st.just(0),
        )
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one.span_id,
)


@settings(max_examples=6, deadline=None)
@given(one_trace)
def test_a_download_holds_the_same_spans_to_the_nanosecond(spans: list[Span]) -> None:
    with Store.open(None) as store:
        store.append(spans, store.start_source("test", "otlp", ""))
        store.settle()
        client = create_app(store).test_client()
        for ending in LOSSLESS:
            assert digest_of(read(fetch(client, ending))) == digest_of(spans), ending


@pytest.mark.parametrize("ending", LOSSLESS)
def test_hostile_text_is_read_back_as_it_was(opened: Opened, ending: str) -> None:
    assert digest_of(read(fetch(opened(*hostile_spans()), ending))) == digest_of(hostile_spans())


@pytest.mark.parametrize("ending", [".json?as=otlp", ".html"])
@pytest.mark.parametrize("redact", ["", "preset:email"])
def test_an_export_carries_the_checksum_of_what_it_holds(
    opened: Opened, tmp_path: Path, ending: str, redact: str
) -> None:
    path = tmp_path / "export"
    path.write_bytes(fetch(opened(*telling_spans()), ending, redact))
    found = verify(path)
    assert found.unchanged
    assert found.sentence.startswith("unchanged: 3 spans, sha256 ")
    assert ("redacted" in found.sentence) == bool(redact)


# Hostile text


def test_no_text_of_a_span_is_markup_in_the_html_file(opened: Opened) -> None:
    html = fetch(opened(*hostile_spans()), ".html").decode()
    blocks = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    assert len(blocks) == 3
    assert all("<" not in block and "\u2028" not in block for block in blocks[:2])
    assert json.loads(blocks[1])[MEMBER]["spans"] == len(TEXTS)
    assert "<img src=x" not in html
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    assert unescape(policy[1]).startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert not re.search(r'(?:src|href)="(?!#)', html)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_is_xml_without_scripts_whatever_spans_say(opened: Opened, theme: str) -> None:
    picture = ET.fromstring(fetch(opened(*hostile_spans()), f".svg?theme={theme}"))  # noqa: S314  our own
    assert {element.tag.removeprefix(NS) for element in picture.iter()} <= {
        "svg", "clipPath", "rect", "g", "title", "path", "text", "tspan",
    }  # fmt: skip
    names = {name for element in picture.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name or name == "style"]
    assert [title.text for title in picture.iter(f"{NS}title")][1] == f"s {TEXTS[1]} {TEXTS[1]}"


def test_no_text_of_a_span_is_markup_in_the_summary(opened: Opened) -> None:
    text = fetch(opened(*hostile_spans()), ".md").decode()
    for line in text.splitlines():
        prose = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", line).replace(
            f"[Open the trace](http://localhost/trace/{ID})", ""
        )
        prose = re.sub(r"^\d\. |^\*\*|\*\*", "", re.sub(r"\\.", "", prose))
        assert not re.search(r"[\[<`*]|https?:|@\w|www\.", prose), line
    assert "\u202e" not in text
    assert "\n# heading" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "`a`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("a\nb", "`a b`"),
        ("", "` `"),
        ("x" * 300, f"`{'x' * 239}…`"),
    ],
)
def test_a_code_span_holds_any_text(text: str, shown: str) -> None:
    assert code(text) == shown


def test_a_sentence_calls_nobody_and_links_nowhere() -> None:
    assert escaped("@all *x* https://a www.b <i>") == "@\u2060all \\*x\\* https\\://a www\\.b \\<i\\>"


def test_no_cell_of_the_csv_is_a_formula(opened: Opened) -> None:
    rows = list(csv.reader(io.StringIO(fetch(opened(*hostile_spans()), ".csv").decode(), newline="")))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


# Redaction


@pytest.mark.parametrize("ending", TEXTUAL)
def test_what_is_redacted_is_nowhere_in_the_file(opened: Opened, ending: str) -> None:
    client = opened(*telling_spans())
    assert SECRET in fetch(client, ending).decode()
    body = fetch(client, ending, "preset:email").decode()
    assert SECRET not in body
    assert "secret" not in body.replace("*secret*", "")
    assert MASK in body


def test_what_is_redacted_is_not_in_the_parquet_file(opened: Opened) -> None:
    client = opened(*telling_spans())
    assert SECRET in repr(read(fetch(client, ".parquet")))
    assert SECRET not in repr(read(fetch(client, ".parquet", "preset:email")))


def test_equal_values_are_equal_in_all_files_of_a_redaction(opened: Opened) -> None:
    client = opened(*telling_spans())
    found = {digest_of(read(fetch(client, ending, "preset:email"))) for ending in LOSSLESS}
    assert len(found) == 1


@pytest.mark.parametrize("ending", [*TEXTUAL, ".parquet"])
def test_each_file_says_what_was_removed(opened: Opened, ending: str) -> None:
    client = opened(*telling_spans())
    url = f"/trace/{ID}{ending}"
    answer = client.get(url + ("&" if "?" in url else "?") + "redact=note&redact=nothing.*")
    assert json.loads(answer.headers["X-Redacted"]) == {"note": 1}
    assert "-redacted" in answer.headers["Content-Disposition"]
    if ending in (".html", ".md", ".svg"):
        assert "Redacted" in answer.text
        assert "note" in answer.text
    if ending in (".json", ".json?as=otlp"):
        body = answer.get_json()
        assert body.get(MEMBER, body)["redacted"] == {"note": 1}


def test_services_keep_their_colours_in_a_redacted_picture(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 9, service="b"), span(2, 1, 0, 9, service="a"))
    colours = [
        re.findall(r' fill="(#[0-9a-f]+)"', fetch(client, ".svg", redact).decode()) for redact in ("", "none")
    ]
    assert len(set(colours[0])) > 4
    assert colours[0] == colours[1]


@pytest.mark.parametrize("ending", [".html", ".csv", ".json", ".json?as=otlp", ".md", ".svg"])
def test_a_pattern_that_cannot_be_used_is_refused(opened: Opened, ending: str) -> None:
    client = opened(span(1))
    url = f"/trace/{ID}{ending}"
    assert client.get(url + ("&" if "?" in url else "?") + "redact=/(/").status_code == 400


def test_the_redaction_page_counts_by_key_before_anything_is_downloaded(opened: Opened) -> None:
    client = opened(*telling_spans())
    page = client.get(f"/trace/{ID}/redact?redact=preset:email&redact=note%0Ax.*").text
    assert re.search(r'<td class="mono">note</td><td class="num">1</td>', page)
    assert 'value="preset:email" checked' in page
    assert ">note\nx.*</textarea>" in page
    assert f"/trace/{ID}.csv?redact=preset%3Aemail&amp;redact=note%0Ax.%2A" in page
    assert "Nothing in this trace fits" in client.get(f"/trace/{ID}/redact?redact=none").text
    assert "no regular expression" in client.get(f"/trace/{ID}/redact?redact=/(/").text
    part = client.get(f"/trace/{ID}/redact", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith("<section")


def test_each_preset_has_words() -> None:
    assert PRESET_WORDS.keys() == PRESETS.keys()


# Pages and addresses


def test_the_menu_leads_to_every_file(checkout_client: FlaskClient) -> None:
    page = checkout_client.get(f"/trace/{ID}?depth=2").text
    menu = page[page.index("takeaway") : page.index("</details>", page.index("takeaway"))]
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', menu)]
    assert f"/trace/{ID}.svg?depth=2" in links
    assert len(links) == 11
    for link in links:
        assert checkout_client.get(link).status_code == 200, link


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".html", ".svg", ".md", "/redact"])
def test_an_id_in_another_form_leads_to_the_same_file(opened: Opened, ending: str) -> None:
    answer = opened(span(1)).get(f"/trace/{ID[:12]}{ending}?redact=x")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/trace/{ID}{ending}?redact=x"


def test_the_picture_is_of_the_rows_that_the_page_shows(opened: Opened) -> None:
    client = opened(*chain(600))
    picture = fetch(client, ".svg?depth=3").decode()
    assert "All 3 rows" in picture
    assert "Rows 1 to 500 of 600" in fetch(client, ".svg").decode()
    assert "Rows 101 to 600 of 600" in fetch(client, ".svg?row=100").decode()


def test_the_summary_says_what_one_would_tell(checkout_client: FlaskClient) -> None:
    text = fetch(checkout_client, ".md").decode()
    assert text.startswith("**`order-service · checkout` took 4.00 s**\n")
    assert f"(http://localhost/trace/{ID})" in text
    assert "**Bottleneck:** `fraud-service · check` is 80% of the 4.00 s." in text
    assert "1. `fraud-service · check`: 3.20 s, 80%" in text


def test_the_html_file_shows_its_first_rows_without_a_script(opened: Opened) -> None:
    html = fetch(opened(*chain(300)), ".html").decode()
    assert len(re.findall(r'<tr role="row" class="r ', html)) == 100
    assert "100 of 300 rows, without details" in html
    assert "step 1<" in html


def test_a_trace_too_large_for_a_browser_is_not_written_for_one(
    checkout_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeaway_html, "MOST_SPANS", 3)
    answer = checkout_client.get(f"/trace/{ID}.html")
    assert answer.status_code == 400
    assert "up to 3 spans" in answer.text


def test_the_summary_of_a_trace_that_goes_on_speaks_of_one_path_throughout(opened: Opened) -> None:
    text = fetch(
        opened(
            span(1, 0, 0, 100, kind=Kind.PRODUCER),
            span(2, 1, 500, 900, kind=Kind.CONSUMER, service="worker", name="mail"),
        ),
        ".md",
    ).decode()
    assert text.startswith("**`web · step 1` took 100 ms**, and 800 ms more until its last span ended")
    assert "is 44% of the 900 ms until the last span ended" in text
    assert "Most time until the last span ended:\n" in text
    assert "worker · mail`: 400 ms, 44%" in text
    assert "took 100 ms, 100%" not in text
