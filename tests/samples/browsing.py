"""Looking around in the e-shop: product pages, search, orders, signing in, and the nightly re-index."""

from functools import partial

from tests.samples.calls import entry, http, redis, sql
from tests.samples.cast import Cast
from tests.samples.recording import CallFailed, Trace, Work
from webapp.model.spans import Attributes, Kind

SHARDS = 8
TERMS = ("lamp", "chair", "kettle", "wool rug", "desk")
REINDEX_BATCHES, REINDEX_ITEMS, REINDEX_LANES = 27, 36, 4


def play_product(trace: Trace, cast: Cast) -> None:
    """Four calls one after the other that could go side by side."""
    web = cast.pick("web-storefront", trace.random)
    sku = f"sku-{trace.random.randrange(1000, 3000)}"
    with entry(trace, web, "GET", "/product/{sku}", path=f"/product/{sku}") as work:
        work.spend(4)
        with http(work, cast, "api-gateway", "GET /api/product/{sku}", path=f"/api/product/{sku}") as gateway:
            ask = partial(http, gateway, cast)
            with ask("catalogue-service", "GET /items/{sku}", path=f"/items/{sku}") as items:
                _read_through(items, f"item:{sku}", "SELECT * FROM items WHERE sku = ?")
            with ask("inventory-service", "GET /stock/{sku}", path=f"/stock/{sku}") as stock:
                sql(stock, "SELECT * FROM stock WHERE sku = ?", 9)
            with ask("catalogue-service", "GET /reviews/{sku}", path=f"/reviews/{sku}") as reviews:
                _read_through(reviews, f"reviews:{sku}", "SELECT * FROM reviews WHERE sku = ? LIMIT 20")
            with ask("catalogue-service", "GET /similar/{sku}", path=f"/similar/{sku}") as similar:
                similar.spend(45)
        work.spend(12)


def _read_through(work: Work, key: str, statement: str) -> None:
    work.spend(3)
    if not redis(work, "GET", key, hit=work.random.random() > 0.3):
        sql(work, statement, 18, spread=0.6)
        redis(work, "SETEX", key)
    work.spend(4)


def play_search(trace: Trace, cast: Cast) -> None:
    """Asks all shards at once; now and then one of them takes far longer than the rest."""
    with entry(trace, cast.pick("api-gateway", trace.random), "GET", "/api/search") as work:
        work.spend(2)
        with http(work, cast, "catalogue-service", "GET /search") as search:
            search.attributes["search.term"] = search.random.choice(TERMS)
            search.spend(3)
            late = search.random.randrange(SHARDS) if search.random.random() < 0.18 else None
            search.together([partial(_ask_shard, search, shard, shard == late) for shard in range(SHARDS)])
            with search.span("merge hits") as merge:
                merge.spend(6)


def _ask_shard(search: Work, shard: int, late: bool) -> None:
    attributes = _search_engine("search", shard) | {"search.shard": shard}
    with search.span("query shard", Kind.CLIENT, attributes=attributes) as query:
        query.spend(380 if late else 24, 0.2)


def play_orders(trace: Trace, cast: Cast) -> None:
    """The list of orders: one query for the list, then one for each order."""
    with entry(trace, cast.pick("web-storefront", trace.random), "GET", "/orders") as work:
        work.spend(4)
        with http(work, cast, "order-service", "GET /orders", name="list") as orders:
            sql(orders, "SELECT * FROM orders WHERE user_id = $1 ORDER BY placed DESC LIMIT 30", 6)
            for _ in range(orders.random.randrange(6, 31)):
                orders.wait(0.4)
                sql(orders, "SELECT * FROM order_items WHERE order_id = $1", 5.5)
            orders.spend(5)
        work.spend(10)


def play_login(trace: Trace, cast: Cast) -> None:
    """Signing in; now and then no database connection is free."""
    with entry(trace, cast.pick("web-storefront", trace.random), "POST", "/login", failed=503) as work:
        work.spend(3)
        with http(work, cast, "auth-service", "POST /auth/login") as auth:
            auth.attributes["user.id"] = f"u{auth.random.randrange(1, 4000):05d}"
            _wait_for_connection(auth)
            sql(auth, "SELECT * FROM users WHERE email = ?", 4)
            with auth.span("verify password") as verify:
                verify.spend(85, 0.1)
            redis(auth, "SETEX", "session:{token}")


def _wait_for_connection(auth: Work) -> None:
    with auth.span("pool.acquire") as pool:
        pool.spend(0.4)
        if auth.random.random() < 0.03:
            pool.wait(500)
            raise CallFailed("PoolTimeout", "no database connection within 500 ms")


def play_reindex(trace: Trace, cast: Cast) -> None:
    """3,000 spans: the catalogue writes its search index anew, in batches of 36 items by four lanes."""
    catalogue = cast.pick("catalogue-service", trace.random)
    total = REINDEX_BATCHES * REINDEX_ITEMS
    with trace.root(catalogue, "reindex", Kind.INTERNAL, {"reindex.items": total}) as work:
        sql(work, "SELECT count(*) FROM items", 60)
        for batch in range(REINDEX_BATCHES):
            with work.span("index batch", attributes={"batch.number": batch}) as lot:
                sql(lot, "SELECT * FROM items ORDER BY sku LIMIT 36", 30)
                lot.together([partial(_index_lane, lot, lane) for lane in range(REINDEX_LANES)])
                _write_index(lot, "bulk", 2600 if batch == 19 else 90)
        _write_index(work, "swap alias", 45)


def _index_lane(lot: Work, lane: int) -> None:
    for _ in range(REINDEX_ITEMS // REINDEX_LANES):
        with lot.span("index item", attributes={"lane": lane}) as item:
            item.spend(6)
            redis(item, "GET", "price:{sku}")
            sql(item, "SELECT * FROM attributes WHERE sku = ?", 12, spread=0.6)


def _write_index(work: Work, operation: str, median_ms: float) -> None:
    with work.span(operation, Kind.CLIENT, attributes=_search_engine(operation, 0)) as call:
        call.spend(median_ms)


def _search_engine(operation: str, shard: int) -> Attributes:
    host = f"search-{shard}.shop.internal"
    return {
        "db.system": "opensearch",
        "db.name": "catalogue",
        "db.operation": operation,
        "net.peer.name": host,
    }
