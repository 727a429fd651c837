"""Python's garbage collector where millions of objects are made at once: visiting them all takes longer than the work."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """For what makes no cycles: those would stay until the collector is awake again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
