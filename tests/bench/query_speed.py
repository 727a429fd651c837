"""What each query of a page costs: the store's own methods, then the pages through Flask's test client.

What is said to be asked first is asked of a store that remembers no search, as after a write that brings no new names:
the files lie in the memory of the system, the answer does not. The targets of `storage.md` for searches mean the rows
alone, with their summaries and matches; a page and an API answer also count all matching traces, up to 10,000.
"""

import gzip
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from urllib.parse import urlencode

from flask.testing import FlaskClient

from tests.bench import vocabulary
from tests.bench.figures import Figure, timed
from webapp.analysis.headline import find_failing, find_slower
from webapp.query import Window, parse
from webapp.store import Store
from webapp.store.searching.results import Slice, find_rows

EVER = Window(None, None)
Call = Callable[[], object]


class Searches:
    """Query texts by kind, several of each so that no cache of one text can shine. Ids come from the store."""

    def __init__(self, order_ids: list[str]) -> None:
        services = vocabulary.SERVICES[:8]
        self.texts: dict[str, list[str]] = {
            "any": [""],
            "service and operation": [f'service={name} name="get {n}"' for n, name in enumerate(services)],
            "rare attribute": ["payment.status=failed"],
            "common attribute": ["http.request.method=POST", "http.request.method=PUT"],
            "unique attribute": [f"order.id={number}" for number in order_ids],
            "service and duration": [f"service={name} duration>400ms" for name in services],
            "service and errors": [f"service={name} error" for name in services],
            "number attribute": ["payment.amount>100"],
            "part of an address": ["http.url~things/777"],
            "free word": ["pg-1"],
            "duration of the trace": ["trace.duration>2s"],
            "relation": [f"{{service={name}}} >> {{error}}" for name in services],
            "measure": ["count({error})>3"],
        }


TARGETS_MS = {  # storage.md, by 1M and 10M spans
    "any": (5, 10), "service and operation": (5, 10), "rare attribute": (5, 10), "common attribute": (5, 10),
    "unique attribute": (8, 45), "service and duration": (8, 25), "part of an address": (50, 400),
}  # fmt: skip


def measure_store(store: Store, searches: Searches, rounds: int, large: bool) -> list[Figure]:
    """Every method of the store that a page calls."""
    figures, forget = [], partial(_forget, store)
    for name, texts in searches.texts.items():
        target = TARGETS_MS[name][large] if name in TARGETS_MS else None
        rows = _over(texts, rounds, partial(_newest_rows, store))
        calls = _over(texts, rounds, lambda text: store.search(parse(text), EVER, "newest", 1, per_page=20))
        figures += [
            timed("search 20 newest, rows alone, asked first", name, rows, target, before=forget),
            timed("search 20 newest and count, asked first", name, calls, before=forget),
            timed("search 20 newest and count, asked again", name, [calls[0]] * len(calls), target),
        ]
    for name in ("any", "common attribute", "service and duration"):
        calls = _over(
            searches.texts[name], rounds, lambda text: store.search(parse(text), EVER, "slowest", 1)
        )
        figures.append(timed("search 50 slowest, asked first", name, calls, before=forget))
    calls = _over([""], rounds, lambda text: store.search(parse(text), EVER, "newest", 1, per_page=1500))
    figures.append(
        timed("search 1500 newest and count, asked first", "any", calls, 40 if large else 15, before=forget)
    )
    for name in (
        "any",
        "service and operation",
        "rare attribute",
        "common attribute",
        "service and duration",
    ):
        texts = searches.texts[name]
        totals = _over(texts, rounds, lambda text: store.totals(parse(text), EVER))
        facets = _over(texts, rounds, lambda text: store.facets(parse(text), EVER))
        heat = _over(texts, rounds, partial(_heat, store))
        said = _over(texts, rounds, partial(_headline, store))
        groups = _over(texts, rounds, partial(_groups, store))
        spread = _over(texts, rounds, partial(_distribution, store))
        graph = _over(texts, rounds, lambda text: store.graph(EVER, parse(text)))
        figures += [
            timed("summary line, asked first", name, totals, before=forget),
            timed("facets, asked first", name, facets, 60 if large else 30, before=forget),
            timed("facets, asked again", name, [facets[0]] * len(facets)),
            timed("heat map 60 × 12, asked first", name, heat, 50 if large else 15, before=forget),
            timed("first sentence, asked first", name, said, before=forget),
            timed("first sentence, asked again", name, [said[0]] * len(said)),
            timed("spans by name, asked first", name, groups, before=forget),
            timed("distribution of durations, asked first", name, spread, before=forget),
            timed("graph of a query, asked first", name, graph, before=forget),
        ]
    figures.sort(key=lambda figure: figure.section)
    return figures + _single(store, rounds, large)


def _forget(store: Store) -> None:
    """As a write would."""
    store._connection.writes += 1


def _newest_rows(store: Store, text: str) -> object:
    """What `Store.search` does before it counts."""
    with store._asking(parse(text), EVER) as (cursor, asked):
        return find_rows(cursor, asked, "newest", Slice(0, 20))


def _heat(store: Store, text: str) -> object:
    return store.heatmap(parse(text), EVER, 60, 12)


def _headline(store: Store, text: str) -> object:
    """What the first sentence asks before anything stands out."""
    asked = store.headline
    found = [asked.of_roots(parse(text), EVER, find) for find in (find_slower, find_failing)]
    return found, asked.version_changes(parse(text), EVER)


def _groups(store: Store, text: str) -> object:
    return store.span_search.groups(parse(text), EVER, "all", "name", "critical")


def _distribution(store: Store, text: str) -> object:
    return store.span_search.distribution(parse(text), EVER, "all", "duration")


def _single(store: Store, rounds: int, large: bool) -> list[Figure]:
    some = [row.summary for row in store.search(parse(""), EVER, "newest", 3, per_page=50).rows]
    small = [summary.trace_id for summary in some if summary.spans <= 1000]
    roots = [summary.root_span_id for summary in some]
    section = "other queries"
    whole = _over([""], rounds, lambda _: store.graph(EVER))
    figures = [
        timed(section, "graph, asked first", whole, 50 if large else 10, before=partial(_forget, store)),
        timed(section, "suggest", _over(["pay", "http.", "order-s", ""], rounds, store.typing.complete)),
        timed(section, "attribute keys", _over([""], rounds, lambda _: store.keys())),
        timed(section, "find by trace id", _over(small, rounds, store.find)),
        timed(section, "find by span id", _over(roots, rounds, store.find)),
        timed(section, "columns of a trace", _over(small, rounds, store.columns)),
        timed(section, "spans of a trace", _over(small, rounds, store.spans)),
    ]
    around = _over(small, rounds, lambda it: store.neighbours(parse(""), EVER, "newest", it))
    return [*figures, timed(section, "neighbours", around)]


PAGE_TARGETS_MS = {"/traces": 100, "/traces rare attribute": 100, "/traces common attribute": 100}


def _urls(searches: Searches) -> dict[str, list[str]]:
    """Every page of many traces, and what its parts ask for."""
    return {
        "/traces": ["/traces"],
        "/traces service": [_url(f"service={name}") for name in vocabulary.SERVICES[:8]],
        "/traces service and operation": [_url(text) for text in searches.texts["service and operation"]],
        "/traces common attribute": [_url(text) for text in searches.texts["common attribute"]],
        "/traces rare attribute": [_url("payment.status=failed")],
        "/traces service and duration": [_url(text) for text in searches.texts["service and duration"]],
        "/traces page 40": ["/traces?page=40"],
        "/traces slowest": ["/traces?sort=slowest"],
        "/traces as spans": ["/traces?show=spans"],
        "/traces as groups": ["/traces?show=groups"],
        "/traces.json": ["/traces.json"],
        "/traces.json 1500": ["/traces.json?limit=1500"],
        "/traces/chart.json": ["/traces/chart.json"],
        "/traces/chart.json scatter": ["/traces/chart.json?chart=scatter"],
        "/traces/chart.json histogram": ["/traces/chart.json?chart=histogram&y=duration"],
        "/traces/table": ["/traces/table"],
        "/graph": ["/graph"],
        "/services": ["/services"],
        "/service": ["/service?" + urlencode({"name": name}) for name in vocabulary.SERVICES[:8]],
        "/insights": ["/insights"],
        "/compare slow against the rest": ["/compare?a=rest&b=trace.duration%3E200ms"],
        "/compare slowest 1 %": ["/compare?a=rest&b=&band=top"],
        "/compare errors": ["/compare?a=rest&b=error"],
        "/suggest": ["/suggest?q=pay", "/suggest?q=payment.status%3D", "/suggest?q=service%3Dorder"],
    }


def measure_pages(
    store: Store, client: FlaskClient, searches: Searches, trace_ids: list[str], rounds: int
) -> list[Figure]:
    """Whole pages, as a browser asks for them: searches asked first, each trace opened for the first time."""
    urls = _urls(searches)
    figures = []
    for name, few in urls.items():
        calls, target = _over(few, rounds, partial(fetch, client)), PAGE_TARGETS_MS.get(name)
        figures.append(timed("pages, asked first", name, calls, target, before=partial(_forget, store)))
        figures.append(timed("pages, asked again", name, [calls[0]] * len(calls)))
    opened = [f"/trace/{trace_id}" for trace_id in trace_ids]
    figures.append(
        timed(
            "pages",
            "/trace of nearly 1,000 spans, first time",
            _over(opened, rounds, partial(fetch, client)),
            15,
        )
    )
    page = fetch(client, "/traces")
    figures += [
        Figure("pages", "/traces, HTML", round(len(page) / 1e3, 1), "kB"),
        Figure("pages", "/traces, HTML gzip", round(len(gzip.compress(page, 6)) / 1e3, 1), "kB", target=60),
    ]
    return figures


def fetch(client: FlaskClient, url: str, fragment: bool = False) -> bytes:
    """The body.

    Raises:
        RuntimeError: the answer is not 200.
    """
    response = client.get(url, headers={"HX-Request": "true"} if fragment else {})
    if response.status_code != 200:
        raise RuntimeError(f"{url} answered {response.status_code}")
    return response.data


def _url(text: str) -> str:
    return "/traces?" + urlencode({"q": text})


def _over(texts: list[str], rounds: int, call: Callable[[str], object]) -> list[Call]:
    """One warm-up, then `rounds` calls, going round the texts."""
    return [partial(call, text) for text in islice(cycle(texts), rounds + 1)]
