"""How each finding is known, in a sentence for the page. The rules themselves are the other modules'."""

from webapp.model import display
from webapp.model.thresholds import DEFAULTS, Thresholds

MORE_ANYWHERE = 2  # identical questions that one service asks from several places
TRACE_FACTOR = 10 / 3  # calls of a whole trace to those between two parties
RULES = {
    "n_plus_one": (
        "{count} or more queries of one span that differ only in their values, one after another, {time} and "
        "{share} of the response in all."
    ),
    "n_plus_one_calls": (
        "{count} or more calls of one span that differ only in their values, one after another, {time} and "
        "{share} of the response in all."
    ),
    "repeated_identical": (
        "The same reading question {count} times from one span, or {count_anywhere} times from one service; what "
        "follows the first took {time} and {share} of the response."
    ),
    "serial_calls": (
        "{count} or more different calls on the critical path, none overlapping; side by side they would take "
        "{time} and {share} of the response less. Whether one needs the other’s answer is not recorded: the order "
        "is what was observed."
    ),
    "retry": (
        "The same call again after it failed, one after another, {count} attempts or more. What lies before the "
        "last attempt counts as lost."
    ),
    "timeout": "A failed call that says it timed out, or lasted a round time while the other side worked on.",
    "error_root": "A failed span below which nothing failed. It is handled if a span above it did not fail.",
    "gap": (
        "The critical path stays in a span that has children, {time} and {share} of the response at a stretch, "
        "and none of them explains it."
    ),
    "queue_wait": (
        "A message began to be handled {time} or more after it was sent, and five times as long as handling "
        "it took."
    ),
    "lock_or_pool_wait": (
        "A span on the critical path whose name speaks of waiting, {time} and {share} of the response; or {count} "
        "queries of one service open at once."
    ),
    "straggler": (
        "Of {count} or more alike spans that ran together the last ended {time} and {share} of the response after "
        "the others, and took twice the median."
    ),
    "serial_db": (
        "{count} or more different queries on the critical path, none overlapping, {share} of the response in all. "
        "Whether one needs the other’s answer is not recorded."
    ),
    "slow_query": "A query of {time} or more on the critical path.",
    "large_transport": (
        "The caller’s span is longer than the server’s by {time} and half of it: network, or waiting to be "
        "accepted."
    ),
    "connection_overhead": (
        "Spans named after DNS, connecting or TLS in {count} or more calls to one party, {time} and 10% of each."
    ),
    "chatty": "{count} calls or more between two parties, or {count_in_all} remote calls in all, for one request.",
    "wide_fanout": "{count} or more calls of one span.",
    "missing_spans": "Spans name a parent that nobody sent: sampled away, lost, or not of what was loaded.",
    "duplicate_span": "Spans came under an id that another span of the trace has.",
}


def rule_of(code: str, thresholds: Thresholds = DEFAULTS) -> str:
    """With the numbers that are in force."""
    least = thresholds.get(code, DEFAULTS[code])
    return RULES[code].format(
        count=least.count,
        count_anywhere=least.count + MORE_ANYWHERE,
        count_in_all=round(least.count * TRACE_FACTOR),
        time=display.duration(least.ns),
        share=display.share(least.share),
    )
