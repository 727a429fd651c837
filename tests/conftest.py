"""Paths and factories that tests share. Rooms are real: DuckDB in memory, no fakes."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store

ROOT = Path(__file__).parent.parent

# How fast a busy machine makes examples says nothing of what they find.
settings.register_profile("tailrace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tailrace")


@pytest.fixture(scope="session")
def sample_store() -> Iterator[Store]:
    """A store with the whole of sample_data, loaded once. Tests only read it."""
    with Store.open(None) as store:
        load([str(ROOT / "sample_data")], store, Progress())
        yield store


def pytest_unconfigure() -> None:
    """Hypothesis leaves a callback with the garbage collector that outlives the modules; DuckDB then reports leaks."""
    gc.callbacks[:] = [callback for callback in gc.callbacks if "hypothesis" not in callback.__module__]
