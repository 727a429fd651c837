"""A client of the application over the sample data."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.samples import checkout
from webapp.app import create_app
from webapp.model.spans import Span
from webapp.store import Store


@pytest.fixture(scope="session")
def sample_app(sample_store: Any) -> Any:
    return create_app(sample_store)


@pytest.fixture
def client(sample_app: Any) -> FlaskClient:
    return sample_app.test_client()  # type: ignore[no-any-return]


def opening() -> Iterator[Callable[..., FlaskClient]]:
    """Makes a client over a store that holds just the given spans."""
    stores = []

    def open_store(*spans: Span) -> FlaskClient:
        store = Store.open(None)
        stores.append(store)
        store.append(list(spans), store.start_source("test", "otlp", ""))
        store.settle()
        return create_app(store).test_client()

    yield open_store
    for store in stores:
        store.close()


opened = pytest.fixture(opening)
opened_once = pytest.fixture(opening, scope="module")  # for tests that only read


@pytest.fixture(scope="session")
def _checkout_app() -> Iterator[Flask]:
    with Store.open(None) as store:
        store.append(checkout.spans(), store.start_source("test", "otlp", ""))
        store.settle()
        yield create_app(store)


@pytest.fixture
def checkout_client(_checkout_app: Flask) -> FlaskClient:
    """Over a store with the checkout alone, for tests that only read."""
    return _checkout_app.test_client()


@pytest.fixture
def empty() -> Iterator[FlaskClient]:
    with Store.open(None) as store:
        yield create_app(store).test_client()
