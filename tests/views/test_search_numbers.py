"""The chart of a numeric field: its figure and table against queries of their own, and where a drag over it leads."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.views.parsing import parse, text
from webapp.store import Store
from webapp.views.search.numbers import outward

AMOUNT = "/traces/chart.json?y=payment.amount&among=all&chart="


def test_a_histogram_counts_each_span_with_a_number_once(client: FlaskClient, sample_store: Store) -> None:
    figure = client.get(AMOUNT + "histogram").json
    assert figure
    with sample_store.reading() as cursor:
        statement = """SELECT "column" FROM key_catalog WHERE key = 'payment.amount'"""
        catalogued = cursor.execute(statement).fetchall()
        has = " OR ".join(f"{column} IS NOT NULL" for (column,) in catalogued if column)
        spans, errors = cursor.execute(
            f"SELECT count(*), count(*) FILTER (status = 2) FROM spans WHERE {has}"
        ).fetchall()[0]
        [(all_spans,)] = cursor.execute("SELECT count(*) FROM spans").fetchall()
    assert [sum(bar["y"]) for bar in figure["data"]] == [spans, errors]
    assert figure["layout"]["annotations"][0]["text"] == f"{all_spans - spans:,} spans without a number"
    assert figure["values"] == "x"


def test_a_number_is_looked_for_in_all_spans_until_others_are_chosen(client: FlaskClient) -> None:
    chosen = client.get(AMOUNT + "histogram").json
    assert client.get(AMOUNT.replace("&among=all", "") + "histogram").json == chosen
    assert "payment.amount of all spans" in text(parse(client.get("/traces?y=payment.amount")))
    of_roots = client.get(AMOUNT.replace("among=all", "among=root") + "histogram").json
    assert of_roots
    assert of_roots["layout"]["annotations"][0]["text"] == "None of these spans has a number there"


def test_a_heat_map_holds_the_same_spans_over_time(client: FlaskClient) -> None:
    figure = client.get(AMOUNT + "heat").json
    bars = client.get(AMOUNT + "histogram").json
    assert figure
    assert bars
    rows = [sum(round(value**2) for value in row if value) for row in figure["data"][0]["z"]]
    assert rows == bars["data"][0]["y"]
    assert figure["values"] == "y"


def test_the_table_says_the_same_and_each_row_leads_to_its_spans(client: FlaskClient) -> None:
    page = parse(client.get("/traces/table?y=payment.amount&among=all"))
    rows = [row for row in page.iter("tr") if row.find("td") is not None]
    bars = client.get(AMOUNT + "histogram").json
    assert bars
    assert [int(text(row[2]).replace(",", "")) for row in rows] == [
        count for count in bars["data"][0]["y"] if count
    ]
    most = max(rows, key=lambda row: int(text(row[2]).replace(",", "")))
    link = most.find(".//a")
    assert link is not None
    found = client.get(link.get("href", "").replace("/traces?", "/traces.json?show=spans&")).json
    assert found
    assert found["total"] >= int(text(most[2]))


@pytest.mark.parametrize(
    ("key", "low", "high", "terms"),
    [
        ("payment.amount", "20.801234", "49.7312", "payment.amount>=20.8 payment.amount<49.74"),
        ("payment.amount", "-0.5", "0", "payment.amount>=-0.5 payment.amount<0"),
        ("duration", "1001500", "2000000000", "duration>=1ms duration<2s"),
        ("", "1001500", "2000000000", "trace.duration>=1ms trace.duration<2s"),
        ("", "1.5s", "", "trace.duration>=1.5s"),
    ],
)
def test_a_drag_becomes_terms(client: FlaskClient, key: str, low: str, high: str, terms: str) -> None:
    response = client.get("/traces/narrow", query_string={"key": key, "low": low, "high": high})
    assert parse_qs(urlsplit(response.location).query)["q"] == [terms]


def test_ends_are_rounded_outward_and_never_crash() -> None:
    assert outward("x", "1.23456", up=False) == "1.234"
    assert outward("x", "1.23456", up=True) == "1.235"
    assert [outward("x", text, up=True) for text in ("nan", "inf", "0", "-0.0", "no", "1e300", "-3.00001")] == [
        "0", "0", "0", "0", "no", "1.001e+300", "-3",
    ]  # fmt: skip


def test_a_field_without_numbers_is_an_empty_chart(client: FlaskClient) -> None:
    for field in ("http.route", "no.such.key"):
        figure = client.get(f"/traces/chart.json?y={field}&among=all").json
        assert figure
        assert figure["data"] == []
        assert client.get(f"/traces?y={field}").status_code == 200
        assert client.get(f"/traces/table?y={field}").status_code == 200


def test_equal_values_and_hostile_ones_are_drawn(client: FlaskClient) -> None:
    for query in (
        "q=payment.amount=118.4&y=payment.amount",
        "q=duration<0&y=duration",
        "y=duration&among=all",
    ):
        assert client.get(f"/traces/chart.json?{query}&chart=histogram").status_code == 200
