"""Paths and factories that tests share. Rooms are real: DuckDB in memory, no fakes."""

import gc
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from flask.templating import Environment
from hypothesis import HealthCheck, settings
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from webapp.loading import load
from webapp.progress import Progress
from webapp.store import Store

ROOT = Path(__file__).parent.parent

# How fast a busy machine makes examples says nothing of what they find.
settings.register_profile("tailrace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tailrace")


class Compiled(BytecodeCache):
    """Templates are compiled once, not once an application: that takes longer than most tests."""

    def __init__(self) -> None:
        self._by_key: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._by_key:
            bucket.bytecode_from_string(self._by_key[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._by_key[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_environment = partial(Environment, bytecode_cache=Compiled())  # type: ignore[assignment]


@pytest.fixture(scope="session")
def sample_store() -> Iterator[Store]:
    """A store with the whole of sample_data, loaded once. Tests only read it."""
    with Store.open(None) as store:
        load([str(ROOT / "sample_data")], store, Progress())
        yield store


def pytest_unconfigure() -> None:
    """Hypothesis leaves a callback with the garbage collector that outlives the modules; DuckDB then reports leaks."""
    gc.callbacks[:] = [callback for callback in gc.callbacks if "hypothesis" not in callback.__module__]
