"""Pages that may take long: after a second they say how far they are, and can be stopped. With and without JavaScript.

Such a page is worked out by a thread of its own. A browser that waits for it gets a page that asks again and again, until
the real one is there. Who asks for no HTML simply waits.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from itertools import count
from threading import Event, Lock, Thread

from flask import (
    Blueprint,
    Response,
    copy_current_request_context,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import NotFound
from webapp.store import Store
from webapp.views.fragments import as_whole, reload_page, wants_navigation, wants_part
from webapp.working import Work, working

blueprint = Blueprint("patience", __name__)
SECONDS = 0.9
_FORGOTTEN_SECONDS = 10.0  # nobody asked for it any more
_LAST_SECONDS = 5.0  # to wait for a page when the store is closed
_MOST = 16  # pages at a time; more are worked out as if nobody could stop them
View = Callable[[], BaseResponse]
_Key = tuple[str, str]


@dataclass(eq=False, slots=True)
class Page:
    """One that is worked out. `url`: where it will be."""

    number: int
    url: str
    work: Work = field(default_factory=Work)
    over: Event = field(default_factory=Event)
    outcome: BaseResponse | Exception = field(default_factory=Response)  # when it is over
    asked: float = field(default_factory=time.monotonic)


class Pages:
    """Of one application, those that somebody waits for, by address and cookies. Threads share it."""

    def __init__(self, store: Store, patience_seconds: float = SECONDS) -> None:
        self.patience_seconds = patience_seconds
        self._pages: dict[_Key, Page] = {}
        self._begun: list[Page] = []
        self._numbers = count(1)
        self._lock = Lock()
        store.before_close.append(self.close)

    def under_way(self) -> list[Page]:
        """Also those that nobody waits for any more."""
        return [page for page in self._begun if not page.over.is_set()]

    def close(self) -> None:
        for page in self.under_way():
            page.work.stop()
            page.over.wait(_LAST_SECONDS)

    def find(self, number: str) -> Page | None:
        with self._lock:
            found = next((page for page in self._pages.values() if str(page.number) == number), None)
            if found:
                found.asked = time.monotonic()
            return found

    def begin(self, key: _Key, view: View) -> Page | None:
        """The one under way, or a new one; None when there are too many."""
        with self._lock:
            self._forget()
            if key in self._pages:
                self._pages[key].asked = time.monotonic()
                return self._pages[key]
            self._begun = self.under_way()
            if len(self._begun) >= _MOST:
                return None
            page = self._pages[key] = Page(next(self._numbers), request.full_path.rstrip("?"))
            self._begun.append(page)
        run = copy_current_request_context(lambda: _work_out(page, view))
        Thread(target=run, name=f"page-{page.number}", daemon=True).start()
        return page

    def drop(self, key: _Key, page: Page) -> None:
        with self._lock:
            if self._pages.get(key) is page:
                del self._pages[key]

    def _forget(self) -> None:
        before = time.monotonic() - _FORGOTTEN_SECONDS
        for key, page in list(self._pages.items()):
            if page.asked < before:
                page.work.stop()
                del self._pages[key]


def _work_out(page: Page, view: View) -> None:
    try:
        with working(page.work):
            page.outcome = make_response(view())
    except Exception as error:  # it is raised where somebody waits for the page
        page.outcome = error
    page.over.set()


def patient(view: View) -> View:
    """Around the view of a page that may take long."""

    @wraps(view)
    def answer() -> BaseResponse:
        pages = _pages()
        key = request.full_path, f"{wants_part()} {request.headers.get('Cookie', '')}"
        page = pages.begin(key, view) if _is_for_reading() else None
        if page is None:
            return view()
        if not page.over.wait(pages.patience_seconds):
            if not wants_part():
                return make_response(render_template("waiting/page.html", page=page, work=page.work), 202)
            page.work.stop()  # the browser will ask for the page as a whole
            pages.drop(key, page)
            return as_whole(Response())
        pages.drop(key, page)
        return _finished(page)

    return answer


def _is_for_reading() -> bool:
    """Whether a browser asks for a page that somebody then sees."""
    return "text/html" in request.accept_mimetypes.values() and (not wants_part() or wants_navigation())


def _finished(page: Page) -> BaseResponse:
    if page.work.stopped:
        return make_response(render_template("waiting/stopped.html", page=page, work=page.work))
    if isinstance(page.outcome, Exception):
        raise page.outcome
    return page.outcome


def _pages() -> Pages:
    pages: Pages = current_app.config["pages"]
    return pages


@blueprint.get("/waiting")
def how_far() -> BaseResponse:
    """What the page that waits asks for meanwhile; when there is nothing to wait for, it loads the real one."""
    page = _pages().find(request.args.get("number", ""))
    if not wants_part():
        return redirect(page.url if page else "/traces")
    if page is None or page.over.is_set():
        return reload_page()
    return make_response(render_template("waiting/_work.html", page=page, work=page.work))


@blueprint.post("/waiting/stop")
def stop() -> BaseResponse:
    page = _pages().find(request.form.get("number", ""))
    if page is None:
        raise NotFound("Nothing is worked out here any more.", hint="The page is ready, or was stopped.")
    page.work.stop()
    return redirect(page.url, 303)
