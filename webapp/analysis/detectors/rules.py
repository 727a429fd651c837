"""How each finding is known, in a sentence for the page. The rules themselves are the other modules'."""

RULES = {
    "n_plus_one": (
        "Five or more queries of one span that differ only in their values, one after another, 50 ms and 5% "
        "of the response in all."
    ),
    "n_plus_one_calls": (
        "Five or more calls of one span that differ only in their values, one after another, 50 ms and 5% of "
        "the response in all."
    ),
    "repeated_identical": (
        "The same reading question three times from one span, or five times from one service; what follows "
        "the first took 20 ms and 5% of the response."
    ),
    "serial_calls": (
        "Three or more different calls on the critical path, none overlapping. Whether one needs the other’s "
        "answer is not recorded: the order is what was observed."
    ),
    "retry": (
        "The same call again after it failed, one after another. What lies before the last attempt counts as "
        "lost."
    ),
    "timeout": "A failed call that says it timed out, or lasted a round time while the other side worked on.",
    "error_root": "A failed span below which nothing failed. It is handled if a span above it did not fail.",
    "gap": (
        "The critical path stays in a span that has children, 100 ms and 20% of the response at a stretch, "
        "and none of them explains it."
    ),
    "queue_wait": (
        "A message began to be handled a second or more after it was sent, and five times as long as handling "
        "it took."
    ),
    "lock_or_pool_wait": (
        "A span on the critical path whose name speaks of waiting; or ten queries of one service open at "
        "once."
    ),
    "straggler": (
        "Of four or more alike spans that ran together the last ended 50 ms and 10% of the response after the "
        "others, and took twice the median."
    ),
    "serial_db": (
        "Three or more different queries on the critical path, none overlapping, half of the response in all. "
        "Whether one needs the other’s answer is not recorded."
    ),
    "slow_query": "A query of half a second or more on the critical path.",
    "large_transport": (
        "The caller’s span is longer than the server’s by 50 ms and half of it: network, or waiting to be "
        "accepted."
    ),
    "connection_overhead": (
        "Spans named after DNS, connecting or TLS in two or more calls to one party, 20 ms and 10% of each."
    ),
    "chatty": "15 calls or more between two parties, or 50 remote calls in all, for one request.",
    "wide_fanout": "More than 20 calls of one span.",
    "missing_spans": "Spans name a parent that nobody sent: sampled away, lost, or not of what was loaded.",
    "duplicate_span": "Spans came under an id that another span of the trace has.",
}
