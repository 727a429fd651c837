"""Buying in the e-shop: checkout, partner orders, refunds, and what happens after through Kafka."""

from tests.samples.calls import consumed, entry, grpc, http, published, redis, sql
from tests.samples.cast import HOUR_START_NS, MINUTE_NS, Cast
from tests.samples.paying import charge, refund
from tests.samples.recording import Trace, Work
from webapp.model.spans import Kind, Link

# the worker is behind with its work for six minutes
BACKLOG = (HOUR_START_NS + 26 * MINUTE_NS, HOUR_START_NS + 32 * MINUTE_NS)
SMTP = "smtp.mailrun.example"


def play_web_checkout(trace: Trace, cast: Cast) -> None:
    """web-storefront → api-gateway → order-service · checkout."""
    with entry(trace, cast.pick("web-storefront", trace.random), "POST", "/checkout") as web:
        web.attributes["session.id"] = f"s{trace.random.getrandbits(40):010x}"
        web.attributes["browser.platform"] = trace.random.choice(("macOS", "Windows", "Android", "iOS"))
        web.spend(6)
        with http(web, cast, "api-gateway", "POST /api/checkout") as gateway:
            _authorise(gateway, cast)
            with http(gateway, cast, "order-service", "POST /checkout", name="checkout") as order:
                _place_order(order, cast)
            gateway.spend(2)
        web.spend(18)


def play_partner_order(trace: Trace, cast: Cast) -> None:
    """Partners come in at the gateway: order-service · create."""
    gateway = cast.pick("api-gateway", trace.random)
    with entry(trace, gateway, "POST", "/partner/orders", failed=502) as work:
        work.attributes["partner.id"] = trace.random.choice(("nordmart", "kiosk24", "alba", "peppermint"))
        work.spend(3)
        _authorise(work, cast)
        with http(work, cast, "order-service", "POST /orders", name="create") as order:
            _place_order(order, cast)


def play_app_checkout(trace: Trace, cast: Cast) -> None:
    """The phone app talks to order-service itself; the smallest checkout, as in the story."""
    order = cast.pick("order-service", trace.random)
    with entry(trace, order, "POST", "/checkout", name="checkout") as work:
        work.spend(8)
        with grpc(work, cast.pick("inventory-service", trace.random), "shop.Inventory", "reserve") as stock:
            stock.spend(42)
        charge(work, cast, _amount(work))
        _notify(work, cast)
        work.spend(70)


def play_refund(trace: Trace, cast: Cast) -> None:
    with entry(trace, cast.pick("web-storefront", trace.random), "POST", "/refund") as web:
        web.spend(5)
        with http(web, cast, "order-service", "POST /refunds", name="refund") as order:
            sql(order, "SELECT * FROM orders WHERE id = $1", 2.2)
            refund(order, cast, _amount(order))
            sql(order, "UPDATE orders SET state = $1 WHERE id = $2", 2.6)
            _notify(order, cast)


def play_newsletter(trace: Trace, cast: Cast, sent: list[Link]) -> None:
    """The worker's batch: a root of its own with links to messages of earlier traces."""
    worker = cast.pick("email-worker", trace.random)
    with trace.root(worker, "process newsletter.due", Kind.CONSUMER) as work:
        work.attributes |= {
            "messaging.system": "kafka",
            "messaging.destination.name": "newsletter.due",
            "messaging.operation.name": "process",
            "messaging.batch.message_count": len(sent),
        }
        work.links += sent
        for _ in sent:
            _mail(work)


def _amount(work: Work) -> float:
    return round(work.random.lognormvariate(3.8, 0.7), 2)


def _authorise(gateway: Work, cast: Cast) -> None:
    with http(gateway, cast, "auth-service", "GET /auth/session") as auth:
        auth.attributes["user.id"] = f"u{auth.random.randrange(1, 4000):05d}"
        hit = redis(auth, "GET", "session:{token}", hit=auth.random.random() > 0.12)
        if not hit:
            sql(auth, "SELECT * FROM sessions WHERE token = ?", 5)
            redis(auth, "SETEX", "session:{token}")
        auth.spend(2)


def _place_order(order: Work, cast: Cast) -> None:
    items = order.random.choice((1, 1, 2, 2, 3, 4, 6))
    amount = _amount(order)
    order_id = f"ord_{order.random.randrange(40_000, 60_000)}"
    order.attributes |= {"order.id": order_id, "order.items": items, "order.total_eur": amount}
    order.spend(6)
    sql(order, "SELECT * FROM carts WHERE session_id = $1", 2.5)
    with http(order, cast, "inventory-service", "POST /reserve", name="reserve") as stock:
        for _ in range(items):
            sql(stock, "UPDATE stock SET reserved = reserved + ? WHERE sku = ?", 4)
        stock.spend(5)
    charge(order, cast, amount)
    sql(order, "INSERT INTO orders VALUES ($1, $2, $3, $4)", 3.4)
    with published(order, "orders.created", order_id) as message:
        _confirm_by_mail(message, cast)
    _notify(order, cast)
    _audit(order)
    order.spend(14)


def _notify(order: Work, cast: Cast) -> None:
    process = cast.pick("notification-service", order.random)
    with grpc(order, process, "shop.Notifications", "send") as work:
        work.attributes |= {"notification.channel": "push", "notification.template": "order_confirmed"}
        work.spend(34)


def _audit(order: Work) -> None:
    """Fire and forget: goes on after the answer is out."""
    with order.span("write audit log", aside=True) as audit:
        audit.spend(250, 0.3)
        sql(audit, "INSERT INTO audit_log VALUES ($1, $2)", 6)


def _confirm_by_mail(message: Work, cast: Cast) -> None:
    random = message.random
    behind = BACKLOG[0] <= message.now_ns < BACKLOG[1]
    wait_ms = random.uniform(9_000, 26_000) if behind else random.lognormvariate(0, 0.3) * 120
    worker = cast.pick("email-worker", random)
    with consumed(message, worker, "orders.created", wait_ms, by_link=random.random() < 0.15) as work:
        work.spend(6)
        redis(work, "GET", "template:order_confirmed")
        _mail(work)


def _mail(work: Work) -> None:
    with work.span("render email") as render:
        render.spend(22)
    with work.span("SMTP send", Kind.CLIENT, attributes={"server.address": SMTP}) as smtp:
        smtp.spend(85, 0.3)
