"""What the trace page can do, shown on files that others recorded. Skipped where the collection is not."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_trace import press, rows
from tests.formats.answer_key import FOLDER
from webapp.app import create_app
from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store

FILES = {
    "hotrod": "jaeger_json/duo-rs__duo__hotrod_traces.json",  # 51 spans: calls in a row, retries, handled errors, events
    "kafka": "zipkin_v2_json/openzipkin__zipkin__messaging-kafka.json",  # goes on long after the response
    "skew": "zipkin_v2_json/openzipkin__zipkin__skew.json",  # two clocks
    "siblings": "otlp_json/jaegertracing__jaeger__sibling_errors.json",  # two errors, each passed on
    "agent": "otlp_json/jaegertracing__jaeger-ui__genai_agent-trace.json",  # a model and its tools
    "links": "otlp_json/jaegertracing__jaeger__otlp_span_links.json",
    "smartthings": "zipkin_v2_json/openzipkin__zipkin__smartthings-oauth-authorization.json",  # 175 spans
    "graphql": "jaeger_json/jaegertracing__jaeger-ui__TraceTimelineViewer_genaiTestTrace.json",  # 57 spans, two at a time
    "robot": "otlp_jsonl_snake/xtergo__robotframework-trace-report__diverse_suite.json",
}


@pytest.fixture(scope="session")
def real(serve: Callable[[Store], str]) -> Iterator[dict[str, str]]:
    """By the names above, the addresses of their traces on one server."""
    if not FOLDER.is_dir():
        pytest.skip("the shared collection of trace files is not on this machine")
    with Store.open(None) as store:
        known: dict[str, str] = {}
        client = create_app(store).test_client()
        for name, path in FILES.items():
            load([str(FOLDER / path)], store, Progress())
            found = [one["trace_id"] for one in client.get("/traces.json?limit=100").get_json()["traces"]]
            known[name] = next(trace_id for trace_id in found if trace_id not in known.values())
        base = serve(store)
        yield {name: f"{base}/trace/{trace_id}" for name, trace_id in known.items()}


def test_what_is_slow_and_what_was_found_is_said_first(page: Page, real: dict[str, str]) -> None:
    page.goto(real["hotrod"])
    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text("mysql · SQL SELECT is 42% of the 765 ms")
    expect(verdict.locator("[data-code=n_plus_one_calls]")).to_contain_text(
        "13 times in a row: 207 ms; could save 170 ms"
    )
    expect(verdict.locator("[data-code=error_root]")).to_contain_text("handled by driver")
    verdict.locator("[data-code=n_plus_one_calls]").get_by_role("link", name="Longest").click()
    expect(page.locator(".detail")).to_contain_text("GetDriver")
    expect(page.locator("tr.r:focus")).to_contain_text("GetDriver")


def test_what_if_answers_with_a_new_duration_and_what_limits_it_then(
    page: Page, real: dict[str, str]
) -> None:
    page.goto(real["hotrod"])
    page.locator(".whatif summary").first.click()
    page.get_by_role("slider", name="Percent faster").fill("100")
    expect(page.locator("#answer .then")).to_contain_text(
        re.compile(r"100% faster the response takes .* less")
    )
    expect(page).to_have_url(re.compile("percent=100"))
    page.locator("#answer summary").click()
    expect(page.locator("#answer tr[aria-current]")).to_contain_text("100%")
    curve = page.locator("#answer .curve")
    expect(curve.locator("circle")).to_have_count(page.locator("#answer tbody tr").count())
    falling = curve.locator("circle").evaluate_all(
        "(dots) => dots.map((dot) => Number(dot.getAttribute('cy')))"
    )
    assert falling == sorted(falling)
    assert falling[0] < falling[-1]
    expect(curve.locator(".here title")).to_have_text("100% faster: 444 ms")


def test_what_else_was_running_limits_what_could_be_saved(page: Page, real: dict[str, str]) -> None:
    page.goto(real["graphql"] + "?cols=self+slack")
    expect(page.get_by_role("region", name="Verdict")).to_contain_text(
        "saves at most 998 ms, because coding-agent · invoke_agent triage-agent runs at the same time"
    )
    beside = rows(page).filter(has_text="invoke_agent triage-agent").first
    expect(beside).to_contain_text("998 ms")
    beside.locator(".num").first.click()
    expect(page.locator(".detail .timing")).to_contain_text("longer delays nobody")


def test_two_paths_with_the_wait_in_the_queue(page: Page, real: dict[str, str]) -> None:
    page.goto(real["kafka"])
    said = page.get_by_role("region", name="Verdict")
    expect(said).to_contain_text("until the last span ended")
    expect(said).to_contain_text("waiting")
    page.get_by_role("group", name="Which path").get_by_role("link", name="Response").click()
    expect(page).to_have_url(re.compile("path=response"))
    expect(said).to_contain_text("of the 26.0 µs")
    page.locator(".paths summary").click()
    page.locator(".paths").get_by_role("link", name="As Jaeger").click()
    expect(page).to_have_url(re.compile("overflow=truncate"))
    expect(page.locator(".pathline")).to_contain_text("As Jaeger draws it")


def test_where_errors_began_and_where_they_went(page: Page, real: dict[str, str]) -> None:
    page.goto(real["siblings"])
    expect(page.locator("tr.r .err.cause")).to_have_count(2)
    expect(page.locator("tr.r .err.passed")).to_have_count(3)
    here, said = page.locator("tr.r:focus"), [""]
    for _ in range(3):
        press(page, "e")
        expect(here.locator(".err")).to_be_visible()
        expect(here).not_to_have_attribute("id", said[-1])
        said.append(here.get_attribute("id") or "")
    assert len(set(said)) == 4
    page.goto(real["hotrod"])
    press(page, "e")
    expect(page.locator("tr.r:focus .tag", has_text="handled")).to_be_attached()


def test_siblings_that_are_alike_are_one_row_and_many(page: Page, real: dict[str, str]) -> None:
    page.goto(real["hotrod"])
    run = page.locator("tr.is-alike", has_text="13 alike")
    expect(run).to_contain_text("207 ms, median 10.7 ms · 3 failed")
    before = rows(page).count()
    run.locator(".caret").click()
    expect(rows(page)).to_have_count(before + 12)
    page.go_back()


def test_rows_are_hidden_focused_and_filtered(page: Page, real: dict[str, str]) -> None:
    page.goto(real["smartthings"] + "?find=error&only=1")
    expect(page.locator(".note").first).to_contain_text(
        re.compile(r"\d+ of 175 spans, and what leads to them")
    )
    page.locator(".note").first.get_by_role("link", name="Show all rows").click()
    expect(page).not_to_have_url(re.compile("only="))
    page.locator("[data-find-field]").focus()
    page.locator(".pills a", has_text="auth").first.click()
    expect(page).to_have_url(re.compile("only=1"))
    page.goto(real["smartthings"])
    row = page.locator("tr.r[aria-expanded]").nth(1)
    row.focus()
    press(page, "r")
    expect(page.get_by_role("navigation", name="Shown part")).to_be_visible()
    press(page, "R")
    expect(page.get_by_role("navigation", name="Shown part")).to_have_count(0)


def test_filters_at_hand_lead_to_spans_on_the_path_failed_and_slowest(
    page: Page, real: dict[str, str]
) -> None:
    page.goto(real["smartthings"])
    for words, told in (
        ("Critical path", "on the path"),
        ("Errors", "failed"),
        ("Slowest 1%", "2 of 175 spans"),
    ):
        page.locator("[data-find-field]").focus()
        page.locator(".pills a", has_text=words).click()
        expect(page.locator("#view .note").first).to_contain_text(told)
        page.locator("#view .note").first.get_by_role("link", name="Show all rows").click()
        expect(page.locator("#view .note", has_text=told)).to_have_count(0)


def test_an_attribute_leads_to_traces_with_it_and_to_those_without(page: Page, real: dict[str, str]) -> None:
    page.goto(real["hotrod"])
    rows(page).filter(has_text="SQL SELECT").locator(".num").first.click()
    field = page.locator(".detail tr", has_text="sql.query")
    for name, sought in (("Find traces with", "^sql.query="), ("Find others, without", " -sql.query=")):
        field.hover()
        field.get_by_role("link", name=name).click()
        expect(page.locator("#q, [name=q]").first).to_have_value(re.compile(sought))
        page.go_back()
        expect(field).to_be_visible()  # the span is open as it was


def test_marks_of_repair_peers_events_and_gaps(page: Page, real: dict[str, str]) -> None:
    page.goto(real["skew"])
    expect(page.locator("tr.r .tag[title*=clock]").first).to_be_attached()
    expect(page.locator(".warnings summary")).to_contain_text("warning")
    page.goto(real["hotrod"])
    expect(page.locator("tr.r circle.ev").first).to_be_attached()
    page.goto(real["kafka"])
    expect(page.locator("tr.r .peer", has_text="kafka").first).to_be_visible()
    expect(page.locator("tr.r rect.gap").first).to_be_attached()
    expect(page.locator("tr.r rect.late").first).to_be_attached()


def test_columns_of_times_and_of_an_attribute(page: Page, real: dict[str, str]) -> None:
    page.goto(real["hotrod"])
    page.get_by_label("What rows show").click()
    page.get_by_role("checkbox", name="Start").click()
    expect(page.get_by_role("columnheader", name="Start")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Start")).to_be_focused()
    field = page.get_by_label("Attribute to show as a column")
    field.fill("sql.query")
    field.press("Enter")
    expect(page.get_by_role("columnheader", name="sql.query")).to_be_visible()
    expect(page).to_have_url(re.compile(r"cols=self\+start\+sql\.query"))
    expect(page.locator("tr.r td.val", has_text="SELECT * FROM customer")).to_be_visible()
    expect(page.get_by_role("treegrid")).to_have_attribute("aria-colcount", "6")
    rows(page).nth(1).click()
    expect(page.locator(".detail > td")).to_have_attribute("colspan", "6")
    lanes = page.evaluate("""() => [...document.querySelectorAll('.ruler, tr.r > .lane > svg')].map((lane) =>
        Math.round(lane.getBoundingClientRect().left))""")
    assert len(set(lanes)) == 1
    assert abs(page.locator("[data-map]").bounding_box()["x"] - lanes[0]) <= 2  # type: ignore[index]
    page.set_viewport_size({"width": 520, "height": 900})
    expect(page.locator("tr.r td.val").first).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 520


@pytest.mark.parametrize(
    ("view", "shown"),
    [("flame", "FindNearest"), ("spans", "GetDriver"), ("map", "redis"), ("events", "HTTP request received")],
)
def test_every_view_shows_the_same_state(page: Page, real: dict[str, str], view: str, shown: str) -> None:
    page.goto(real["hotrod"])
    name = {"flame": "Flame graph", "spans": "Spans", "map": "Map", "events": "Events"}[view]
    page.get_by_role("navigation", name="Views").get_by_role("link", name=name).click()
    expect(page).to_have_url(re.compile(f"view={view}"))
    expect(page.locator("#view")).to_contain_text(shown)
    page.goto(real["hotrod"] + f"?view={view}&only=path")
    expect(page.locator("#view .note").first).to_contain_text(
        re.compile(r"\d+ of 51 spans: on the path. Show all")
    )
    page.locator("#view .note").first.get_by_role("link", name="Show all").click()
    expect(page.locator("#view .note", has_text="on the path")).to_have_count(0)


def test_views_are_measured_sorted_grouped_and_searched(page: Page, real: dict[str, str]) -> None:
    page.goto(real["hotrod"] + "?view=flame")
    expect(page.locator(".flamehead")).to_contain_text("765 ms of critical time")
    page.get_by_role("link", name="Busy time").click()
    expect(page.locator(".flamehead")).to_contain_text("1.11 s of busy time")
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Spans").click()
    heads = page.locator("#view thead")
    expect(heads).to_have_text(re.compile("Spans.*Total.*Self.*Critical.*p50.*p95.*Max", re.DOTALL))
    heads.get_by_role("link", name="p95").click()
    expect(heads.locator("[aria-sort=descending]")).to_have_text("p95")
    expect(page.locator("#view tbody tr").first).to_contain_text("HTTP GET /dispatch")
    page.get_by_role("link", name="Single spans").click()
    expect(page.locator("#view tbody tr")).to_have_count(51)
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Events").click()
    expect(page.locator("#view tbody tr")).not_to_have_count(51)
    page.locator("[data-find-field]").fill("redis")
    press(page, "Enter")
    expect(page.locator("#view tbody tr")).to_have_count(6)


def test_protocols_stand_on_the_edges_of_the_map(page: Page, real: dict[str, str]) -> None:
    page.goto(real["hotrod"] + "?view=map")
    calls = page.get_by_role("region", name="Connections")
    expect(calls).to_contain_text("HTTP")
    expect(calls).to_contain_text("gRPC")


def test_values_read_as_what_they_are(page: Page, real: dict[str, str]) -> None:
    page.goto(real["agent"])
    rows(page).filter(has_text="chat").first.click()
    detail = page.locator(".detail")
    expect(detail.locator(".meaning")).not_to_have_count(0)
    expect(detail.locator(".turns li").first).to_be_visible()
    page.goto(real["hotrod"])
    rows(page).filter(has_text="SQL SELECT").click()
    expect(page.locator(".detail .meaning").first).to_contain_text("SELECT")
    expect(page.locator(".detail .events li").first).to_be_visible()
    page.locator(".detail .raw summary").click()
    expect(page.locator(".detail .raw .pre")).to_contain_text('"spanId"')
    page.goto(real["links"])
    rows(page).first.click()
    expect(page.locator(".detail .linked")).to_contain_text("not here")


def test_it_is_taken_away_and_compared(page: Page, real: dict[str, str], tmp_path: Path) -> None:
    page.goto(real["hotrod"])
    page.get_by_label("Download", exact=True).click()
    for link in page.locator(".takeaway li a").all():
        answer = page.request.get(page.url.partition("/trace")[0] + str(link.get_attribute("href")))
        assert answer.ok
        assert answer.headers["content-type"].count("charset") <= 1
        assert len(answer.body()) > 1000
    with page.expect_download() as download:
        page.get_by_role("link", name="One HTML file").click()
    kept = tmp_path / "hotrod.html"
    download.value.save_as(kept)
    page.goto(f"file://{kept}")
    expect(page.locator("tr.r").first).to_contain_text("HTTP GET /dispatch")
    other = real["robot"].rpartition("/")[2]
    page.goto(real["hotrod"].replace("/trace/", "/compare?a=") + f"&b={other}")
    expect(page.locator("h1, h2").first).to_be_visible()
    expect(page.locator(".pairrow").first).to_be_visible()
