"""A real server on a free port and a real Chromium. A page that breaks the content policy or throws fails its test."""

import shutil
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.serving import start
from webapp.app import create_app
from webapp.settings import Settings
from webapp.store import Store
from webapp.views.patience import Pages

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--process-per-site",
]  # fmt: skip
WINDOW: ViewportSize = {"width": 1440, "height": 900}
PATIENCE_MS = 20_000  # costs nothing where all is well, and a busy machine is slow
# Plotly sets style attributes on legends and heat maps; the sheet css/plotly.css stands in for what is blocked.
EXPECTED_VIOLATION = "style-src-attr"


expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(
                pytest.mark.flaky(reruns=2)
            )  # timing on a busy machine; the summary names each rerun
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(reason="no Chromium on this machine (apt-get install chromium)")
                )


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Store], str]]:
    """Serve a store on a free port; answers with its URL."""
    stops = []

    def start_serving(store: Store) -> str:
        app = create_app(store, Settings())
        app.config["pages"] = Pages(store, patience_seconds=60)  # a busy machine is slow
        served, stop = start(app)
        stops.append(stop)
        return f"http://127.0.0.1:{served.effective_port}"

    yield start_serving
    for stop in stops:
        stop()


@pytest.fixture(scope="session")
def server(serve: Callable[[Store], str], sample_store: Store) -> str:
    """URL of a server with the sample data."""
    return serve(sample_store)


@pytest.fixture(scope="session")
def checkout(sample_store: Store) -> str:
    """Id of the slowest checkout of the sample data."""
    client = create_app(sample_store).test_client()
    answer = client.get(
        "/traces.json", query_string={"q": "service=payment-service duration>3.4s name=charge", "limit": 1}
    )
    return str(answer.get_json()["traces"][0]["trace_id"])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def context_of(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """The context of some options, for the whole run. As a person's browser does it keeps sheets and scripts, and
    one process for the pages of a site: to start one for each page takes longer than most tests.
    """
    contexts: dict[str, BrowserContext] = {}

    def find(**options: object) -> BrowserContext:
        key = repr(sorted(options.items()))
        if key not in contexts:
            contexts[key] = browser.new_context(viewport=WINDOW, **options)  # type: ignore[arg-type]
            stays = contexts[key].new_page()
            stays.route("**/*", lambda route: route.fulfill(body=""))
            stays.goto("http://127.0.0.1/")
        return contexts[key]

    yield find
    for context in contexts.values():
        context.close()


@pytest.fixture
def new_page(context_of: Callable[..., BrowserContext]) -> Iterator[Callable[..., Page]]:
    """Open a page with given options of a context (viewport, color_scheme, java_script_enabled …)."""
    problems: list[str] = []
    opened: list[tuple[Page, set[str]]] = []

    def start(
        viewport: ViewportSize = WINDOW,
        color_scheme: Literal["light", "dark"] = "light",
        **options: object,
    ) -> Page:
        page = context_of(**options).new_page()
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme)
        page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
        if options.get("java_script_enabled", True):
            page.expose_function("tailraceViolation", lambda text: problems.append(text))
            page.add_init_script(
                "document.addEventListener('securitypolicyviolation', (e) => "
                f"e.effectiveDirective === '{EXPECTED_VIOLATION}' && e.sourceFile.includes('plotly') || "
                "tailraceViolation(`policy: ${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`))"
            )
        page.set_default_timeout(PATIENCE_MS)
        origins: set[str] = set()
        page.on("framenavigated", lambda frame: origins.add("/".join(frame.url.split("/")[:3])))
        opened.append((page, origins))
        return page

    yield start
    for page, origins in opened:
        forget(page, origins)
        for popup in page.context.pages[1:]:
            popup.close()
    assert problems == []


def forget(page: Page, origins: set[str]) -> None:
    """Close a page, and nothing of what its sites stored is left for the next test."""
    if not page.is_closed():
        storage = page.context.new_cdp_session(page)
        for origin in origins:
            if origin.startswith("http"):
                kept = {"origin": origin, "storageTypes": "cookies,local_storage"}
                storage.send("Storage.clearDataForOrigin", kept)
        page.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()
