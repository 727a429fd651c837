"""The waterfall of a deep trace on windows of all widths: a name keeps its room, the depth is said where guides end."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.views.traces import span
from webapp.model.spans import Status
from webapp.store import Store

IDS = {8: "8" * 32, 40: "d" * 32}  # levels of a trace, its id
LEAST_NAME = 75  # px: about ten letters


@pytest.fixture(scope="session")
def address(serve: Callable[[Store], str]) -> Iterator[str]:
    """A server with two traces of which all spans failed, so that each row has its mark too."""
    failed = {"name": "resolve the contents of the basket", "status": Status.ERROR}
    spans = [
        span(level, level - 1, level, 1000 - level, trace_id=trace_id, **failed)
        for levels, trace_id in IDS.items()
        for level in range(1, levels + 1)
    ]
    with Store.open(None) as store:
        store.append(spans, store.start_source("test", "otlp", ""))
        store.settle()
        yield serve(store)


@pytest.mark.parametrize("levels", IDS)
@pytest.mark.parametrize("width", [320, 390, 520, 640, 768, 1024, 1440])
def test_the_name_of_a_deep_row_has_room(
    new_page: Callable[..., Page], address: str, width: int, levels: int
) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    page.goto(f"{address}/trace/{IDS[levels]}")
    expect(page.locator("tr.r")).to_have_count(levels)
    names = page.evaluate("[...document.querySelectorAll('.t:has(.own)')].map((name) => name.clientWidth)")
    assert min(names) >= LEAST_NAME
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "indented", "words"), [(390, 4, ""), (768, 8, ""), (1440, 12, "depth ")])
def test_a_row_beyond_the_guides_says_its_depth(
    new_page: Callable[..., Page], address: str, width: int, indented: int, words: str
) -> None:
    page = new_page(viewport={"width": width, "height": 900})
    page.goto(f"{address}/trace/{IDS[40]}")
    expect(page.locator("tr.r")).to_have_count(40)
    said = page.evaluate(
        "[...document.querySelectorAll('.r')].map((row) => getComputedStyle(row, '::before').content)"
    )
    assert set(said[: indented + 1]) == {"none"}
    assert all(words in text and "attr" not in text and text != "none" for text in said[indented + 1 :])
    carets = page.evaluate(
        "[...document.querySelectorAll('.r .caret')].map((it) => it.getBoundingClientRect().left)"
    )
    assert len(set(carets)) == indented + 1
