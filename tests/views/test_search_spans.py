"""Results that are spans or groups, further columns, the same for machines. Numbers against queries of their own."""

import io
from typing import Any

import pyarrow.parquet as pq
from flask.testing import FlaskClient

from tests.views.parsing import parse, text, with_class
from tests.views.traces import Opened, analysed
from webapp.model.spans import Kind, Span, Status
from webapp.store import Store
from webapp.views.present import TAIL_SAMPLED
from webapp.views.search.export import MOST

SECOND = 1_000_000_000
START = 1_760_000_000 * SECOND


def test_spans_that_match_are_listed_with_the_columns_asked_for(client: FlaskClient) -> None:
    page = parse(
        client.get("/traces?show=spans&q=payment.status=failed&fields=payment.status,service.version")
    )
    rows = [text(row) for row in page.iter("tr") if row.find(".//a[@class='title']") is not None]
    assert len(rows) == 34
    assert all("failed" in row for row in rows)
    link = with_class(page, "title")[0].get("href", "")
    assert "span=" in link
    assert client.get(link).status_code == 200


def test_the_total_of_spans_is_that_of_the_store(client: FlaskClient, sample_store: Store) -> None:
    with sample_store.reading() as cursor:
        [(errors,)] = cursor.execute("SELECT count(*) FROM spans WHERE status = 2").fetchall()
        [(roots,)] = cursor.execute("SELECT count(*) FROM spans WHERE parent_id = 0").fetchall()
        [(entries,)] = cursor.execute(
            "SELECT count(*) FROM spans WHERE parent_id = 0 OR kind IN (2, 5)"
        ).fetchall()
    asked = {"q=error": errors, "among=root": roots, "among=entry": entries, "": roots}
    for query, expected in asked.items():
        body = client.get(f"/traces.json?show=spans&limit=1&{query}").json
        assert body
        assert body["total"] == expected, query


def test_groups_have_the_numbers_of_a_query_of_their_own(client: FlaskClient, sample_store: Store) -> None:
    body = client.get(
        "/traces.json?show=groups&by=resource.service.version&among=all&q=service=fraud-service"
    ).json
    assert body
    with sample_store.reading() as cursor:
        expected = cursor.execute(
            """
            SELECT text, count(*), count(DISTINCT trace_id), count(*) FILTER (status = 2),
              quantile_disc(duration_ns, 0.95), sum(critical_ns)::BIGINT, min(start_ns)
            FROM spans JOIN services USING (service_id) LEFT JOIN span_facts USING (span_row)
            LEFT JOIN (SELECT * FROM resource_attributes WHERE key = 'service.version') USING (resource_id)
            WHERE service = 'fraud-service'
            GROUP BY text
            ORDER BY 2 DESC
            """
        ).fetchall()
    names = ("value", "spans", "traces", "errors", "p95_ns", "critical_ns", "first_ns")
    assert [tuple(group[name] for name in names) for group in body["groups"]] == expected
    assert sum(sum(group["counts"]) for group in body["groups"]) == body["total_spans"]


def test_a_group_leads_to_its_traces(client: FlaskClient) -> None:
    for by in ("service.version", "trace.root", "kind", "error", "http.route", "messaging.system"):
        body = client.get(f"/traces.json?show=groups&by={by}&among=all").json
        page = parse(client.get(f"/traces?show=groups&by={by}&among=all"))
        assert body
        links = [a.get("href", "") for a in with_class(page, "title")]
        for group, link in list(zip(body["groups"], links, strict=True))[:4]:
            found = client.get(link.replace("/traces?", "/traces.json?")).json
            assert found
            assert found["total"] == group["traces"], (by, group["value"])


def test_a_group_of_roots_entries_or_found_spans_leads_to_just_their_traces(client: FlaskClient) -> None:
    asked = (
        "by=service&among=root",
        "by=status&among=entry",
        "by=service&among=entry&q=error OR duration>1s",
        "by=service&q={service=web-storefront} > {kind=client OR error} >> {duration>50ms}",
        "by=name&among=entry&q={service=order-service}",
        "by=service&among=root&q=error",
    )
    for query in asked:
        page = parse(client.get(f"/traces?show=groups&{query}"))
        body = client.get(f"/traces.json?show=groups&{query}").json
        assert body
        for group, link in zip(
            body["groups"], [a.get("href", "") for a in with_class(page, "title")], strict=True
        ):
            found = client.get(link.replace("/traces?", "/traces.json?")).json
            assert found
            assert found["total"] == group["traces"], (query, group["value"], link)


def test_every_form_of_span_value_can_be_grouped_by(sample_store: Store, client: FlaskClient) -> None:
    with sample_store.reading() as cursor:
        keys = [
            key for (key,) in cursor.execute("SELECT DISTINCT key FROM key_catalog ORDER BY key").fetchall()
        ]
    assert len(keys) > 40
    for key in keys:
        body = client.get("/traces.json", query_string={"show": "groups", "by": key, "among": "all"}).json
        assert body
        assert any(group["value"] is not None for group in body["groups"]), key


def test_groups_that_are_not_listed_are_counted(client: FlaskClient) -> None:
    body = client.get("/traces.json?show=groups&by=order.id&among=all").json
    assert body
    assert len(body["groups"]) + body["more"] > 0
    page = text(parse(client.get("/traces?show=groups&by=order.id&among=all")))
    assert ("further values not listed" in page) == (body["more"] > 1)


def test_an_unknown_field_is_named(client: FlaskClient) -> None:
    for address in ("/traces?show=groups&by=no.such", "/traces?show=spans&fields=no.such"):
        assert "No span has an attribute “no.such”." in text(parse(client.get(address)))


def test_traces_too_get_further_columns(client: FlaskClient) -> None:
    page = parse(client.get("/traces?q=payment.status=failed&fields=payment.status,service.version"))
    values = [text(cell) for cell in with_class(page, "field")]
    assert values[::2] == ["failed"] * 34
    assert {"8.3.0", "5.2.1", "2.21.4"} >= set(values[1::2])


def test_fields_and_forms_do_not_follow_into_a_trace(client: FlaskClient) -> None:
    page = parse(client.get("/traces?q=error&fields=kind&show=spans&among=root"))
    links = [a.get("href", "") for a in with_class(page, "title")]
    assert links
    assert all("fields" not in link and "show" not in link and "q=error" in link for link in links)


def test_csv_and_parquet_hold_the_rows_of_the_page(client: FlaskClient) -> None:
    for query in ("q=payment.status=failed", "q=error&show=spans&fields=kind", "show=groups&by=service"):
        csv_rows = client.get(f"/traces.csv?{query}").get_data(as_text=True).splitlines()
        table = pq.read_table(io.BytesIO(client.get(f"/traces.parquet?{query}").data))
        assert table.num_rows == len(csv_rows) - 1 > 4, query
        assert csv_rows[0].split(",") == table.column_names


def test_what_does_not_fit_a_file_is_said(client: FlaskClient) -> None:
    response = client.get("/traces.csv?show=spans&among=all")
    assert response.headers["X-Truncated"].startswith("the first 1500; ")
    assert len(response.get_data(as_text=True).splitlines()) == 1501


def test_nothing_found_is_said_in_each_form(client: FlaskClient) -> None:
    for show in ("spans", "groups"):
        page = client.get(f"/traces?show={show}&q=service=payment-service+duration>1h")
        assert page.status_code == 200
        assert "No span matches." in text(parse(page))
        assert (
            client.get(f"/traces.json?show={show}&q=service=payment-service+duration>1h").status_code == 200
        )


def test_an_export_that_does_not_hold_all_says_so_before(client: FlaskClient) -> None:
    page = text(parse(client.get("/traces?show=spans&among=all")))
    body = client.get("/traces.json?show=spans&among=all&limit=1").json
    assert body
    assert f"CSV and Parquet hold the first {MOST:,} of {body['total']:,}." in page
    assert "hold the first" not in text(parse(client.get("/traces?show=spans")))


def sampled(number: int, seconds: int, **fields: Any) -> Span:
    return Span(
        trace_id=f"{number:032x}", span_id=f"{number:016x}", service="web", name="get", kind=Kind.SERVER,
        start_ns=START, end_ns=START + seconds * SECOND, **fields,
    )  # fmt: skip


def test_groups_count_by_weight_and_say_so(opened: Opened) -> None:
    few = [
        sampled(each, 1, weight=100.0, status=Status.ERROR if each == 1 else Status.UNSET)
        for each in range(1, 31)
    ]
    all_kept = [sampled(each, 3) for each in range(31, 61)]
    client = analysed(opened, *few, *all_kept)
    [group] = client.get("/traces.json?show=groups&by=name").get_json()["groups"]
    assert (group["spans"], group["weighted_spans"], group["calls"]) == (60, 30, 3030)
    assert (group["errors"], group["failed_spans"], group["p95_ns"]) == (100, 1, SECOND)
    assert group["critical_share"] == 1
    page = text(parse(client.get("/traces?show=groups&by=name")))
    assert "≈3,030" in page
    assert "30 of 60 recorded spans say how many they stand for, together ≈3,000" in page
    traces = text(parse(client.get("/traces")))
    assert "p50 1.00 s" in traces
    assert "30 of 60 recorded traces say how many they stand for, together ≈3,000" in traces


def test_few_traces_and_spans_have_no_p99(opened: Opened) -> None:
    client = analysed(opened, *(sampled(each, each) for each in range(1, 31)))
    [row] = [
        [text(cell) for cell in row.iter("td")]
        for row in with_class(parse(client.get("/traces?show=groups")), "groups")[0].iter("tr")
    ][1:]
    assert row[4:7] == ["15.0 s", "29.0 s", "–"]
    summary = text(with_class(parse(client.get("/traces")), "summary")[0])
    assert "p95 29.0 s" in summary
    assert "p99" not in summary


def test_groups_of_traces_chosen_by_their_tail_have_no_rate(opened: Opened) -> None:
    client = analysed(opened, sampled(1, 60), sampled(2, 60, attributes={"tailsampling.policy": "slow"}))
    body = client.get("/traces.json?show=groups").get_json()
    assert [group["calls_per_second"] for group in body["groups"]] == [None]
    assert body["note"] == TAIL_SAMPLED
