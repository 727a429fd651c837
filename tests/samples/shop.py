"""One hour of the e-shop: what is asked when, and what goes wrong on the way to the trace store."""

from collections.abc import Callable
from random import Random

from tests.samples import browsing, ordering
from tests.samples.cast import HOUR_START_NS, MINUTE_NS, Cast
from tests.samples.recording import MS, Trace
from webapp.model.spans import Kind, Link, Span

SEED = "tailrace shop 1"
TRACES = 1270
REINDEX_AT_NS = HOUR_START_NS + 18 * MINUTE_NS
LOST_SHARE = 0.012

Play = Callable[[Trace, Cast], None]
MIX: tuple[tuple[Play, int], ...] = (
    (ordering.play_web_checkout, 26),
    (ordering.play_app_checkout, 10),
    (ordering.play_partner_order, 7),
    (ordering.play_refund, 4),
    (browsing.play_product, 24),
    (browsing.play_search, 12),
    (browsing.play_orders, 7),
    (browsing.play_login, 10),
)


def traces() -> list[list[Span]]:
    """Every trace of the hour, by start. Always the same."""
    random = Random(SEED)
    cast = Cast()
    starts = sorted(HOUR_START_NS + round(random.random() * 3_595_000) * MS for _ in range(TRACES))
    plays = random.choices([play for play, _ in MIX], [weight for _, weight in MIX], k=TRACES)
    hour = [
        _played(Trace(Random(f"{SEED}/{index}"), start_ns), play, cast)
        for index, (start_ns, play) in enumerate(zip(starts, plays, strict=True))
    ]
    hour += _batches(cast, hour)
    hour.sort(key=lambda spans: spans[-1].start_ns)
    return [_with_losses(spans, random) for spans in hour]


def _played(trace: Trace, play: Play, cast: Cast) -> list[Span]:
    play(trace, cast)
    return trace.spans


def _batches(cast: Cast, hour: list[list[Span]]) -> list[list[Span]]:
    """The re-index, and every ten minutes a newsletter run with links to messages seen before."""
    sent = [
        Link(trace_id=span.trace_id, span_id=span.span_id)
        for spans in hour
        for span in spans
        if span.kind == Kind.PRODUCER
    ]
    made = [_played(Trace(Random(f"{SEED}/reindex"), REINDEX_AT_NS), browsing.play_reindex, cast)]
    for number in range(6):
        start_ns = HOUR_START_NS + (10 * number + 9) * MINUTE_NS
        letters = Trace(Random(f"{SEED}/newsletter/{number}"), start_ns)
        ordering.play_newsletter(letters, cast, sent[number * 20 : number * 20 + 12])
        made.append(letters.spans)
    return made


def _with_losses(spans: list[Span], random: Random) -> list[Span]:
    """Some traces lose one span with children on the way, so that these are left without a parent."""
    parents = {span.parent_span_id for span in spans}
    inner = [span for span in spans if span.parent_span_id and span.span_id in parents]
    if random.random() >= LOST_SHARE or not inner:
        return spans
    lost = random.choice(inner)
    return [span for span in spans if span is not lost]
