"""A shop whose requests are slow for a reason that was planted: as arrays for the analysis, as spans for the store.

Every request: gateway → orders → (fraud, cart, database calls one after the other, payment, sometimes a cache miss). All
times are noise around what each part usually takes; the cause makes its part longer, or called more often.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from webapp.analysis.batch import analyse_batch
from webapp.analysis.cohorts.paths import PathName
from webapp.model.cohorts import F64, AttributeColumn, CohortData, CohortTraces, Membership, PathTimes
from webapp.model.columns import I64, Bool
from webapp.model.spans import Resource, Span, Status
from webapp.store import Store

SERVICES = ["gateway", "orders", "fraud", "cart", "db", "payment", "cache"]
MS = 1_000_000
PATHS = {  # by number: parent, service, operation
    10: (None, "gateway", "POST /checkout"),
    11: (10, "orders", "create"),
    12: (11, "fraud", "check"),
    13: (11, "cart", "load"),
    14: (11, "db", "SELECT items"),
    15: (11, "payment", "charge"),
    16: (11, "cache", "miss"),
}
NAMES = {path: PathName(parent, service, name) for path, (parent, service, name) in PATHS.items()}
CAUSES = {  # what is planted: attribute and path that must come first
    "slow version": (("fraud", "service.version", "v2"), ("fraud", "check", "slower")),
    "region": (("gateway", "cloud.region", "eu"), ("gateway", "POST /checkout", "slower")),
    "one pod": (("cart", "k8s.pod.name", "cart-7"), ("cart", "load", "slower")),
    "n+1 after a deploy": (("orders", "service.version", "v2"), ("db", "SELECT items", "more")),
    "retry storm": (("payment", "payment.provider", "acme"), ("payment", "charge", "more")),
    "slow shard": (("db", "db.shard", "shard-3"), ("db", "SELECT items", "slower")),
}
_START_NS = 1_760_000_000_000 * MS
_STEP_NS = 50 * MS


@dataclass(frozen=True)
class Shop:
    """`ns` and `calls` by path; `values` by (service, key), as numbers, with their `words`."""

    ns: dict[int, I64]
    calls: dict[int, I64]
    values: dict[tuple[str, str], I64]
    words: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ns[10])

    @property
    def response_ns(self) -> I64:
        total: I64 = np.sum(list(self.ns.values()), axis=0)
        return total

    def slowest(self, share: float) -> Bool:
        slow: Bool = self.response_ns > np.quantile(self.response_ns, 1 - share)
        return slow


def open_shop(cause: str, seed: int, requests: int = 20_000) -> Shop:
    """`cause` of CAUSES, or "" for a shop where nothing is the matter."""
    random = np.random.default_rng(seed)

    def times(usual_ms: float, spread: float = 0.35) -> F64:
        noise: F64 = random.lognormal(np.log(usual_ms * MS), spread, requests)
        return noise

    values, words = _attributes(random, requests)
    ns = {10: times(20), 11: times(8), 12: times(30), 13: times(12), 15: times(25)}
    missed = random.random(requests) < 0.3
    ns[16] = np.where(missed, times(15), 0.0)
    calls = {path: np.ones(requests, np.int64) for path in (10, 11, 12, 13, 15)}
    calls[16] = missed.astype(np.int64)
    calls[14] = random.integers(1, 4, requests)
    each_ns = times(4)
    if cause:
        (service, key, word), _ = CAUSES[cause]
        hit = values[service, key] == words[service, key].index(word)
        if cause == "slow version":
            ns[12] = np.where(hit, ns[12] * 3, ns[12])
        elif cause == "region":
            ns[10] = np.where(hit, ns[10] * 4, ns[10])
        elif cause == "one pod":
            ns[13] = np.where(hit, ns[13] * 8, ns[13])
        elif cause == "n+1 after a deploy":
            calls[14] = np.where(hit, calls[14] * 15, calls[14])
        elif cause == "retry storm":
            calls[15] = np.where(hit, random.integers(3, 6, requests), 1)
            ns[15] = ns[15] * calls[15]
        else:
            each_ns = np.where(hit, each_ns * 12, each_ns)
    ns[14] = each_ns * calls[14]
    return Shop({path: value.astype(np.int64) for path, value in ns.items()}, calls, values, words)


def _attributes(
    random: np.random.Generator, requests: int
) -> tuple[dict[tuple[str, str], I64], dict[tuple[str, str], list[str]]]:
    values: dict[tuple[str, str], I64] = {}
    words: dict[tuple[str, str], list[str]] = {}

    def add(service: str, key: str, texts: list[str], numbers: I64) -> None:
        values[service, key], words[service, key] = numbers, texts

    def drawn(service: str, key: str, texts: list[str], chance: list[float] | None = None) -> None:
        add(service, key, texts, random.choice(len(texts), requests, p=chance))

    late = np.arange(requests) >= requests // 2
    drawn("fraud", "service.version", ["v1", "v2"], [0.8, 0.2])
    drawn("gateway", "cloud.region", ["us", "eu", "ap"], [0.6, 0.15, 0.25])
    drawn("cart", "k8s.pod.name", [f"cart-{pod}" for pod in range(12)])
    add("orders", "service.version", ["v1", "v2"], (late & (random.random(requests) < 0.3)).astype(np.int64))
    drawn("payment", "payment.provider", ["visa", "acme", "swish", "cash"], [0.5, 0.1, 0.2, 0.2])
    drawn("db", "db.shard", [f"shard-{shard}" for shard in range(16)])
    drawn("orders", "tenant", [f"tenant-{number}" for number in range(3000)])
    drawn("gateway", "feature.flag", ["off", "on"], [0.97, 0.03])
    add("orders", "user.id", [f"user-{number}" for number in range(requests)], random.permutation(requests))
    for number in range(12):
        service = SERVICES[number % 6]
        drawn(service, f"noise.{number}", [f"n{value}" for value in range(2 + 3 * number)])
    return values, words


def data_of(shop: Shop, selected: Bool, most: int = 5_000) -> CohortData:
    """As the store would read it: at most 5,000 traces of either set."""
    order = np.random.default_rng(0).permutation(len(shop))
    chosen = np.concatenate([order[selected[order]][:most], order[~selected[order]][:most]])
    number = np.arange(len(chosen), dtype=np.int32)
    paths = sorted(shop.ns)
    called = [np.flatnonzero(shop.calls[path][chosen]) for path in paths]
    times = PathTimes(
        np.array(paths, np.uint64),
        np.concatenate([number[there] for there in called]),
        np.repeat(np.arange(len(paths), dtype=np.int32), [len(there) for there in called]),
        np.concatenate([shop.ns[path][chosen][there] for path, there in zip(paths, called, strict=True)]),
        np.concatenate([shop.calls[path][chosen][there] for path, there in zip(paths, called, strict=True)]),
    )
    counts = [Membership(int(side.sum()), min(most, int(side.sum()))) for side in (selected, ~selected)]
    traces = CohortTraces(selected[chosen], shop.response_ns[chosen], np.ones(len(chosen)))
    return CohortData(
        counts[0], counts[1], 0, traces, np.ones(len(chosen), np.int64), ["gateway · POST /checkout"] * len(chosen), times,
        SERVICES, [], [], False, tuple(f"{trace + 1:032x}" for trace in chosen.tolist()),
    )  # fmt: skip


def columns_of(shop: Shop, data: CohortData) -> list[AttributeColumn]:
    """Of all traces of the data."""
    chosen = np.array([int(trace_id, 16) - 1 for trace_id in data.trace_ids])
    number = np.arange(len(chosen), dtype=np.int32)
    return [
        AttributeColumn(
            key, "span", number, np.full(len(chosen), SERVICES.index(service), np.int32),
            values[chosen].astype(np.uint64), words=shop.words[service, key],
        ).in_order()
        for (service, key), values in shop.values.items()
    ]  # fmt: skip


def spans_of(shop: Shop) -> Iterator[list[Span]]:
    """Each request as spans, a new one every 50 ms. Retries but for the last are failed payments."""
    for request in range(len(shop)):
        yield _request(shop, request)


def _request(shop: Shop, request: int) -> list[Span]:
    start_ns = _START_NS + request * _STEP_NS
    ends_ns = start_ns + int(shop.response_ns[request])
    gateway_ns, orders_ns = int(shop.ns[10][request]), int(shop.ns[11][request])
    spans = [_span(shop, request, 1, 10, 0, start_ns, ends_ns)]
    at = start_ns + gateway_ns // 2
    spans.append(_span(shop, request, 2, 11, 1, at, ends_ns - (gateway_ns - gateway_ns // 2)))
    at += orders_ns // 2
    for path in (12, 13, 14, 15, 16):
        calls = int(shop.calls[path][request])
        for call in range(calls):
            first, last = (int(shop.ns[path][request]) * part // calls for part in (call, call + 1))
            failed = path == 15 and call < calls - 1
            span = _span(shop, request, len(spans) + 1, path, 2, at, at + last - first, failed=failed)
            spans.append(span)
            at += last - first
    return spans


def _span(
    shop: Shop, request: int, number: int, path: int, parent: int, start_ns: int, end_ns: int, *, failed: bool = False
) -> Span:  # fmt: skip
    _, service, name = PATHS[path]
    own = {
        key: shop.words[of, key][int(values[request])]
        for (of, key), values in shop.values.items()
        if of == service
    }
    process = {key: value for key, value in own.items() if key.startswith(("service.", "cloud.", "k8s."))}
    return Span(
        trace_id=f"{request + 1:032x}",
        span_id=f"{number:016x}",
        parent_span_id=f"{parent:016x}" if parent else "",
        name=name,
        service=service,
        start_ns=start_ns,
        end_ns=end_ns,
        status=Status.ERROR if failed else Status.UNSET,
        status_message="card refused" if failed else "",
        attributes={key: value for key, value in own.items() if key not in process},
        resource=Resource({"service.name": service, **process}),
    )


def stored(spans: list[Span]) -> Store:
    """A store that holds them, analysed."""
    store = Store.open(None)
    store.append(spans, store.start_source("test", "otlp", ""))
    for columns in store.pending():
        store.append_facts(columns, analyse_batch(columns))
    store.settle()
    return store
