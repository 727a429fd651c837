"""What the script of the trace page asks for, ids in any form, the JSON twin and downloads."""

from xml.etree.ElementTree import Element

import html5lib
import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.samples import checkout
from tests.views.parsing import parse, with_class
from tests.views.traces import CHECK, ID, MS, PART, Opened, chain, get, names, rows, span
from webapp.model.spans import Status


def test_a_window_of_rows_is_what_the_page_shows_there(opened: Opened) -> None:
    client = opened(span(1, 0, 0, 900), *(span(n, 1, n, n + 1) for n in range(2, 302)))
    whole = parse(get(client))
    part = client.get(f"/trace/{ID}/rows", query_string={"row": "50", "n": "50"}, headers=PART)
    page = parse_fragment(part)
    assert [row.get("id") for row in rows(page)] == [row.get("id") for row in rows(whole)[50:100]]
    assert part.headers["X-Rows"] == "301"


def parse_fragment(response: TestResponse) -> Element:
    body = f"<!doctype html><title>x</title><table><tbody>{response.get_data(as_text=True)}</tbody></table>"
    return html5lib.parse(body, namespaceHTMLElements=False)  # type: ignore[no-any-return]


def test_a_window_opened_as_a_page_leads_to_the_page(opened: Opened) -> None:
    response = get(opened(*checkout.spans()), "/rows", row="3", depth="2")
    assert (response.status_code, response.headers["Location"]) == (302, f"/trace/{ID}?depth=2&row=3")


def test_windows_may_be_kept_by_version_and_old_versions_are_refused(checkout_client: FlaskClient) -> None:
    version = with_class(parse(get(checkout_client)), "wf-box")[0].get("data-version", "")
    kept = checkout_client.get(f"/trace/{ID}/rows", query_string={"v": version}, headers=PART)
    assert "immutable" in kept.headers["Cache-Control"]
    old = checkout_client.get(f"/trace/{ID}/rows", query_string={"v": "1-old"}, headers=PART)
    assert (old.status_code, old.get_json()["version"]) == (409, version)


def test_bars_hold_eight_bytes_a_row(checkout_client: FlaskClient) -> None:
    body = get(checkout_client, "/bars").data
    assert len(body) == 5 * 8
    assert list(body[:5]) == [0, 1, 1, 2, 1]
    widths = np.frombuffer(body, "<u2", 5, 30)
    assert widths[0] == 65_535
    assert abs(int(widths[3]) - 52_428) <= 1


def test_find_walks_over_folds_and_round_the_end(opened: Opened) -> None:
    client = opened(*chain(6))
    first = get(client, "/find", depth="2", find='name~"step [46]"').get_json()
    assert (first["total"], first["number"], first["span_id"]) == (2, 1, "4".rjust(16, "0"))
    assert first["unfolds"] is True
    assert names(parse(client.get(first["url"])))[first["row"]] == "step 4"
    at = {"depth": "0", "find": 'name~"step [46]"', "at": "6".rjust(16, "0")}
    assert get(client, "/find", **at).get_json()["span_id"] == "4".rjust(16, "0")
    back = get(client, "/find", back="1", **at).get_json()
    assert (back["span_id"], back["row"]) == ("4".rjust(16, "0"), 3)


def test_errors_and_the_path_are_walked_like_matches(opened: Opened) -> None:
    client = opened(span(1), span(2, 1, status=Status.ERROR), span(3, 1, 2, 3))
    assert get(client, "/find", what="error").get_json()["span_id"] == "2".rjust(16, "0")
    assert get(client, "/find", what="path").get_json()["total"] >= 1
    assert get(client, "/find", what="find").get_json()["total"] == 0


@pytest.mark.parametrize("form", [ID.upper(), f"00-{ID}-00f067aa0ba902b7-01", ID[:20], "53ce929d0e0e4736"])
def test_an_id_in_any_form_leads_to_the_trace(checkout_client: FlaskClient, form: str) -> None:
    response = checkout_client.get(f"/trace/{form}?depth=2")
    assert (response.status_code, response.headers["Location"]) == (302, f"/trace/{ID}?depth=2")


@pytest.mark.parametrize(
    "path",
    [
        f"/trace/{'0' * 32}",
        "/trace/nothing",
        f"/trace/{ID}/span/{'9' * 16}",
        f"/trace/{ID}/span/x",
        "/trace/a/b/c",
    ],
)
def test_what_is_not_here_is_404_with_words(checkout_client: FlaskClient, path: str) -> None:
    response = checkout_client.get(path)
    assert response.status_code == 404
    assert "is not here" in response.get_data(as_text=True) or "has no span" in response.get_data(
        as_text=True
    )


def test_the_json_twin_says_what_the_page_says(checkout_client: FlaskClient) -> None:
    body = get(checkout_client, ".json").get_json()
    assert (body["trace_id"], body["duration_ns"], body["response_ns"]) == (ID, 4000 * MS, 4000 * MS)
    assert body["verdict"]["sentence"] == "fraud-service · check is 80% of the 4.00 s"
    check = next(item for item in body["spans"] if item["span_id"] == CHECK)
    assert (check["critical_ns"], check["self_ns"], check["depth"]) == (3200 * MS, 3200 * MS, 2)
    assert check["synthetic"] is False
    assert sum(piece["end_ns"] - piece["start_ns"] for piece in body["critical_path"]) == 4000 * MS
    assert set(body) >= {
        "start_ns",
        "root_span_id",
        "completion_path",
        "error",
        "warnings",
        "findings",
        "edges",
    }
    assert {"span_id", "start_ns", "end_ns", "wait"} == set(body["completion_path"][0])


def test_the_json_twin_is_laid_out_for_people(checkout_client: FlaskClient) -> None:
    compact = get(checkout_client, ".json")
    laid_out = checkout_client.get(f"/trace/{ID}.json", headers={"Accept": "text/html,*/*;q=0.8"})
    assert compact.data.count(b"\n") == 0
    assert laid_out.data == get(checkout_client, ".json", pretty="").data
    assert laid_out.data.startswith(b'{\n  "trace_id"')
    assert laid_out.get_json() == compact.get_json()


@pytest.mark.parametrize("name", ["otlp", "jaeger", "zipkin", "chrome"])
def test_a_trace_can_be_downloaded_in_other_formats(checkout_client: FlaskClient, name: str) -> None:
    response = get(checkout_client, ".json", **{"as": name})
    assert response.status_code == 200
    assert f"{ID}-{name}.json" in response.headers["Content-Disposition"]
    assert b"check" in response.data


def test_an_unknown_format_is_refused_by_name(checkout_client: FlaskClient) -> None:
    response = get(checkout_client, ".json", **{"as": "pdf"})
    assert response.status_code == 400
    assert "pdf" in response.get_json()["error"]["message"]


def test_ten_thousand_levels_are_shown(opened: Opened) -> None:
    spans = [span(level, level - 1, 0, 10) for level in range(1, 10_001)]
    page = parse(get(opened(*spans), depth="0", row="9950"))
    assert rows(page)[-1].get("aria-level") == "10000"
    assert "d13" in rows(page)[-1].get("class", "").split()  # the sheet says the depth of these
