"""What each query of a page costs: the store's own methods, then the pages through Flask's test client."""

import gzip
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from urllib.parse import urlencode

from flask.testing import FlaskClient

from tests.bench import vocabulary
from tests.bench.figures import Figure, timed
from webapp.query import Window, parse
from webapp.store import Store

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
        }


TARGETS_MS = {  # storage.md, by 1M and 10M spans
    "any": (5, 10), "service and operation": (5, 10), "rare attribute": (5, 10), "common attribute": (5, 10),
    "unique attribute": (8, 45), "service and duration": (8, 25), "part of an address": (50, 400),
}  # fmt: skip


def measure_store(store: Store, searches: Searches, rounds: int, large: bool) -> list[Figure]:
    """Every method of the store that a page calls."""
    figures = []
    for name, texts in searches.texts.items():
        target = TARGETS_MS[name][large] if name in TARGETS_MS else None
        calls = _over(texts, rounds, lambda text: store.search(parse(text), EVER, "newest", 1, per_page=20))
        figures.append(timed("search 20 newest", name, calls, target))
    for name in ("any", "common attribute", "service and duration"):
        calls = _over(
            searches.texts[name], rounds, lambda text: store.search(parse(text), EVER, "slowest", 1)
        )
        figures.append(timed("search 50 slowest", name, calls))
    calls = _over([""], rounds, lambda text: store.search(parse(text), EVER, "newest", 1, per_page=1500))
    figures.append(timed("search 1500 newest", "any", calls, 40 if large else 15))
    for name in (
        "any",
        "service and operation",
        "rare attribute",
        "common attribute",
        "service and duration",
    ):
        texts = searches.texts[name]
        figures += [
            timed("summary line", name, _over(texts, rounds, lambda text: store.totals(parse(text), EVER))),
            timed("facets", name, _over(texts, rounds, lambda text: store.facets(parse(text), EVER))),
            timed("heat map 60 × 12", name, _over(texts, rounds, partial(_heat, store)), 50 if large else 10),
        ]
    figures.sort(key=lambda figure: figure.section)
    return figures + _single(store, rounds, large)


def _heat(store: Store, text: str) -> object:
    return store.heatmap(parse(text), EVER, 60, 12)


def _single(store: Store, rounds: int, large: bool) -> list[Figure]:
    some = [row.summary for row in store.search(parse(""), EVER, "newest", 3, per_page=50).rows]
    small = [summary.trace_id for summary in some if summary.spans <= 1000]
    roots = [summary.root_span_id for summary in some]
    section = "other queries"
    return [
        timed(section, "graph", _over([""], rounds, lambda _: store.graph(EVER)), 50 if large else 10),
        timed(section, "suggest", _over(["pay", "http.", "order-s", ""], rounds, store.suggest)),
        timed(section, "attribute keys", _over([""], rounds, lambda _: store.keys())),
        timed(section, "bounds", _over([""], rounds, lambda _: store.bounds())),
        timed(section, "find by trace id", _over(small, rounds, store.find)),
        timed(section, "find by span id", _over(roots, rounds, store.find)),
        timed(section, "columns of a trace", _over(small, rounds, store.columns)),
        timed(section, "spans of a trace", _over(small, rounds, store.spans)),
        timed(
            section,
            "neighbours",
            _over(small, rounds, lambda it: store.neighbours(parse(""), EVER, "newest", it)),
        ),
    ]


def measure_pages(client: FlaskClient, searches: Searches, trace_ids: list[str], rounds: int) -> list[Figure]:
    """Whole pages, as a browser asks for them."""
    urls = {
        "/traces": ["/traces"],
        "/traces service and operation": [_url(text) for text in searches.texts["service and operation"]],
        "/traces rare attribute": [_url("payment.status=failed")],
        "/traces service and duration": [_url(text) for text in searches.texts["service and duration"]],
        "/traces page 40": ["/traces?page=40"],
        "/traces slowest": ["/traces?sort=slowest"],
        "/traces.json": ["/traces.json"],
        "/traces.json 1500": ["/traces.json?limit=1500"],
        "/graph": ["/graph"],
        "/suggest": ["/suggest?q=pay", "/suggest?q=payment.status%3D", "/suggest?q=service%3Dorder"],
    }
    figures = [timed("pages", name, _over(few, rounds, partial(fetch, client))) for name, few in urls.items()]
    opened = [f"/trace/{trace_id}" for trace_id in trace_ids]
    figures.append(
        timed("pages", "/trace of at most 1,000 spans", _over(opened, rounds, partial(fetch, client)), 15)
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
