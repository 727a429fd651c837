"""Whole generated traces as arrays, a hundred thousand spans at a time, seeded. No text is made here."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.bench import vocabulary as words

START_NS = 1_763_510_400_000_000_000  # 2025-11-19T00:00:00Z
DAY_NS = 86_400_000_000_000
MEDIAN_SPANS, SIGMA, LARGEST = 11, 1.631, 30_000  # 1 trace in 100 has more than 489 spans
FAILED_PAYMENTS = 0.0008  # of all spans
BLOCK_SPANS = 100_000
BIG_TRACES = (1_000, 10_000, 100_000)

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """n spans in order of arrival. `parent` is a row, -1 for a root, -2 for a span never received."""

    trace_ids: list[str]
    trace: Ints
    span_ids: list[str]
    parent: Ints
    operation: Ints
    start_ns: Ints
    end_ns: Ints
    failed: NDArray[np.bool_]
    noted: NDArray[np.bool_]  # has an event
    order: Ints  # number of its order, -1 for none
    payment: Ints  # -1 no payment, 0 settled, 1 failed
    draws: Ints  # one row a span: which value of each key

    def __len__(self) -> int:
        return len(self.trace)


def blocks(spans: int, seed: int = 1, big: tuple[int, ...] = BIG_TRACES) -> Iterator[Block]:
    """Exactly `spans` spans, one trace of each size in `big` among them, these last."""
    rng = np.random.default_rng(seed)
    rest = spans - sum(big)
    done = 0
    while done < rest:
        sizes = _sizes(rng, min(BLOCK_SPANS, rest - done))
        span_ns = DAY_NS * int(sizes.sum()) // rest
        yield _block(rng, sizes, START_NS + DAY_NS * done // rest, span_ns)
        done += int(sizes.sum())
    for size in big:
        yield _block(np.random.default_rng((seed, size)), np.array([size]), START_NS + DAY_NS // 2, 1)


def big_trace_id(size: int, seed: int = 1) -> str:
    """The id of the trace with exactly `size` spans."""
    return _ids(np.random.default_rng((seed, size)), 1, 16)[0]


def _sizes(rng: np.random.Generator, total: int) -> Ints:
    """Log-normal trace sizes that sum up to `total`."""
    drawn = np.exp(rng.normal(np.log(MEDIAN_SPANS), SIGMA, total // 4 + 16))
    sizes = np.clip(drawn.astype(np.int64), 1, LARGEST)
    last = int(np.searchsorted(np.cumsum(sizes), total))
    sizes = sizes[: last + 1]
    sizes[-1] -= int(sizes.sum()) - total
    return sizes


def _block(rng: np.random.Generator, sizes: Ints, start_ns: int, span_ns: int) -> Block:
    trace_ids = _ids(rng, len(sizes), 16)
    n = int(sizes.sum())
    first = np.cumsum(sizes) - sizes
    trace = np.repeat(np.arange(len(sizes)), sizes)
    local = np.arange(n) - first[trace]
    parent = np.where(local == 0, -1, first[trace] + (rng.random(n) * local).astype(np.int64))
    roots_ns = np.sort(start_ns + (rng.random(len(sizes)) * span_ns).astype(np.int64))
    start, end = _times(rng, parent, roots_ns, sizes)
    operation = _operations(rng, parent)
    profile = np.array([made.profile for made in words.OPERATIONS])[operation]
    service = np.array([made.service for made in words.OPERATIONS])[operation]
    paying = service == words.PAYMENT
    declined = rng.random(n) < FAILED_PAYMENTS * n / max(1, paying.sum())
    parent[(parent >= 0) & (rng.random(n) < 0.01)] = -2
    block = Block(
        trace_ids=trace_ids,
        trace=trace,
        span_ids=_ids(rng, n, 8),
        parent=parent,
        operation=operation,
        start_ns=start,
        end_ns=end,
        failed=rng.random(n) < 0.01,
        noted=rng.random(n) < 0.1,
        order=np.where((profile == 0) & (rng.random(n) < 0.2), rng.integers(0, 1 << 40, n), -1),
        payment=np.where(paying, declined, -1),
        draws=_draws(rng, profile),
    )
    return _in_arrival_order(rng, block)


def _ids(rng: np.random.Generator, count: int, width: int) -> list[str]:
    text = rng.bytes(count * width).hex()
    return [text[at : at + 2 * width] for at in range(0, len(text), 2 * width)]


def _times(rng: np.random.Generator, parent: Ints, roots_ns: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """Children lie inside their parents: level by level from the roots down."""
    n = len(parent)
    start, end = np.zeros(n, np.int64), np.zeros(n, np.int64)
    level = np.flatnonzero(parent < 0)
    start[level] = roots_ns
    slow = np.exp(rng.normal(np.log(120e6), 1.1, len(sizes)))
    end[level] = roots_ns + (slow * np.sqrt(sizes / MEDIAN_SPANS)).astype(np.int64)
    placed = parent < 0
    while not placed.all():
        level = np.flatnonzero(~placed & placed[np.maximum(parent, 0)])
        above = parent[level]
        room = end[above] - start[above]
        start[level] = start[above] + (room * rng.random(len(level)) * 0.4).astype(np.int64)
        rest = end[above] - start[level]
        end[level] = start[level] + (rest * (0.2 + 0.75 * rng.random(len(level)))).astype(np.int64)
        placed[level] = True
    return start, end


def _operations(rng: np.random.Generator, parent: Ints) -> Ints:
    """Spans with children are served by a service drawn at random, others work for their parent's."""
    n, per_service = len(parent), words.INNER + words.LEAVES
    has_children = np.zeros(n, bool)
    has_children[parent[parent >= 0]] = True
    popularity = 1 / (np.arange(len(words.SERVICES)) % 10 + 3)
    service = rng.choice(len(words.SERVICES), n, p=popularity / popularity.sum())
    below = ~has_children & (parent >= 0)
    service[below] = service[parent[below]]
    inner = rng.integers(0, words.INNER, n)
    leaf = words.INNER + rng.integers(0, words.LEAVES, n)
    return service * per_service + np.where(below, leaf, inner)


def _draws(rng: np.random.Generator, profile: Ints) -> Ints:
    choices = np.ones((len(words.VALUES), words.WIDTH), np.int64)
    for number, values in enumerate(words.VALUES):
        choices[number, : len(values)] = [len(pool) for pool in values]
    return rng.integers(0, 1 << 40, (len(profile), words.WIDTH)) % choices[profile]


def _in_arrival_order(rng: np.random.Generator, block: Block) -> Block:
    """Exporters send late: most within seconds, 10% up to 90 s, 0.5% up to half an hour."""
    n = len(block)
    luck = rng.random(n)
    late_s = np.where(luck < 0.005, 1800, np.where(luck < 0.1, 90, 5)) * rng.random(n)
    order = np.argsort(block.end_ns + (late_s * 1e9).astype(np.int64), kind="stable")
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    parent = block.parent[order]
    return Block(
        trace_ids=block.trace_ids,
        trace=block.trace[order],
        span_ids=[block.span_ids[row] for row in order],
        parent=np.where(parent >= 0, place[parent], parent),
        operation=block.operation[order],
        start_ns=block.start_ns[order],
        end_ns=block.end_ns[order],
        failed=block.failed[order],
        noted=block.noted[order],
        order=block.order[order],
        payment=block.payment[order],
        draws=block.draws[order],
    )
