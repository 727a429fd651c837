"""Taking money: the payment service, the fraud check that gets slow, the card API that sometimes fails."""

from tests.samples.calls import called_http, grpc, sql
from tests.samples.cast import HOUR_START_NS, MINUTE_NS, Cast
from tests.samples.recording import CallFailed, Work
from webapp.model.spans import Kind

STRIPE = "api.stripe.com"
DECLINES = ("insufficient funds", "expired card", "do not honour")
TIMEOUT_STACK = (
    "shop.payments.StripeTimeout: Stripe API timeout\n"
    "\tat shop.payments.StripeClient.post(StripeClient.java:88)\n"
    "\tat shop.payments.ChargeService.charge(ChargeService.java:41)"
)
# the card API answers badly for twelve minutes
OUTAGE = (HOUR_START_NS + 12 * MINUTE_NS, HOUR_START_NS + 24 * MINUTE_NS)


def charge(order: Work, cast: Cast, amount: float) -> None:
    """payment-service · charge: fraud check, then the card API."""
    process = cast.pick("payment-service", order.random)
    with grpc(order, process, "shop.Payments", "charge") as work:
        payment_id = f"pay_{work.random.randrange(10_000, 99_999)}"
        work.attributes |= {
            "payment.id": payment_id,
            "payment.provider": "stripe",
            "payment.amount": amount,
            "payment.status": "pending",
        }
        work.spend(3)
        sql(work, "INSERT INTO payments VALUES ($1, $2, $3)", 2.4)
        try:
            _check_fraud(work, cast, payment_id)
            _ask_stripe(work, "/v1/charges", amount)
        except CallFailed:
            work.attributes["payment.status"] = "failed"
            work.spend(2)
            raise
        settled = work.random.random() > 0.01
        work.attributes["payment.status"] = "settled" if settled else "pending"
        sql(work, "UPDATE payments SET status = $1 WHERE id = $2", 2.8)
        work.spend(4)


def refund(order: Work, cast: Cast, amount: float) -> None:
    """payment-service · refund: the card API asks to try again more often than not."""
    process = cast.pick("payment-service", order.random)
    with grpc(order, process, "shop.Payments", "refund") as work:
        work.attributes |= {
            "payment.provider": "stripe",
            "payment.amount": amount,
            "payment.status": "refunded",
        }
        work.spend(3)
        sql(work, "SELECT * FROM payments WHERE id = $1", 2)
        busy = work.random.choice((0, 1, 2, 2))
        _with_retries(work, "/v1/refunds", amount, busy)
        sql(work, "UPDATE payments SET status = $1 WHERE id = $2", 2.8)


def _check_fraud(charge_work: Work, cast: Cast, payment_id: str) -> None:
    process = cast.fraud(charge_work.random, charge_work.now_ns)
    slow = process.resource.attributes["service.version"] == "2.14.0"
    with grpc(charge_work, process, "shop.Fraud", "check") as work:
        random = work.random
        model = "gbm-2025-11" if slow else "gbm-2025-08"
        work.attributes |= {
            "payment.id": payment_id,
            "fraud.model": model,
            "cache.hit": not slow,
            "fraud.rules_evaluated": random.randrange(380, 430),
            "fraud.score": round(random.random() ** 3, 2),
        }
        if slow:
            _load_model(work, model)
        work.spend(60 if slow else 172, 0.22)
        work.event("decision", {"outcome": "approve"})
        work.spend(8)


def _load_model(work: Work, model: str) -> None:
    """2.14.0 loads its model on each request: nothing is recorded for about 2.4 s, and some loads are done twice."""
    work.wait(2)
    work.event("cache.miss", {"key": f"card:{work.random.randrange(1000, 9999)}"})
    work.wait(8)
    work.event("model.load started", {"model": model})
    if work.span_id[0] in "06":
        work.wait(1900)
        work.event("model.load retried", {"attempt": 2, "reason": "checksum mismatch"})
    work.wait(min(work.random.lognormvariate(0, 0.12) * 2400, 2700))
    work.event("model.load finished", {"size": "218 MB"})


def _ask_stripe(work: Work, path: str, amount: float) -> None:
    """One charge: mostly fine, some cards are declined, in the outage some calls time out."""
    outage = OUTAGE[0] <= work.now_ns < OUTAGE[1]
    luck = work.random.random()
    if outage and luck < 0.22:
        _post(work, path, amount, 1200, CallFailed("timeout", "Stripe API timeout", TIMEOUT_STACK))
    elif luck < 0.03:
        reason = work.random.choice(DECLINES)
        _post(work, path, amount, 210, CallFailed("card_declined", f"card declined: {reason}"), status=402)
    else:
        _with_retries(work, path, amount, busy=2 if luck > 0.97 else 0)


def _with_retries(work: Work, path: str, amount: float, busy: int) -> None:
    """Ask until the API is not busy, waiting 100 ms, then 200 ms."""
    for attempt in range(busy):
        try:
            _post(work, path, amount, 45, CallFailed("503", "Stripe API busy"), status=503, resend=attempt)
        except CallFailed:
            work.event("retry", {"attempt": attempt + 1, "backoff_ms": 100 << attempt})
            work.wait(100 << attempt)
    _post(work, path, amount, work.random.lognormvariate(0, 0.3) * 230, resend=busy)


def _post(
    work: Work,
    path: str,
    amount: float,
    ms: float,
    failure: CallFailed | None = None,
    *,
    status: int = 0,
    resend: int = 0,
) -> None:
    attributes = called_http(work.process, "POST", STRIPE, path)
    attributes["stripe.amount_cents"] = round(amount * 100)
    if resend:
        attributes["http.request.resend_count"] = resend
    with work.span(f"POST {path}", Kind.CLIENT, attributes=attributes) as call:
        call.wait(ms)
        if failure is None:
            call.attributes["http.response.status_code"] = 200
            return
        if status:
            call.attributes["http.response.status_code"] = status
        raise failure
