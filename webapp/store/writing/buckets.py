"""Time slots and duration buckets of the sums, for arrays."""

import numpy as np
from numpy.typing import NDArray

SLOT_NS = 300_000_000_000
SLOTS_AN_HOUR = 12
MINUTE_NS = 60_000_000_000
PER_DOUBLING = 4  # buckets: neighbours differ by 19 %


def slots_of(start_ns: NDArray[np.int64], slot_ns: int = SLOT_NS) -> NDArray[np.int32]:
    return np.floor_divide(start_ns, slot_ns).astype(np.int32)


def buckets_of(duration_ns: NDArray[np.int64]) -> NDArray[np.uint8]:
    doublings = np.log2(np.maximum(duration_ns, 1))
    return np.asarray(np.floor(PER_DOUBLING * doublings), np.uint8)


def bucket_floor(bucket: int) -> float:
    """The shortest duration of a bucket, in ns."""
    return float(2 ** (bucket / PER_DOUBLING))
