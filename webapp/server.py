"""Serving: waitress in front of the application, loading beside it. What is served is `app.py`."""

import signal
import socket
import sys
import threading
from collections.abc import Sequence
from functools import partial
from types import FrameType
from typing import Any

import click
import waitress
from flask import Flask
from waitress.server import BaseWSGIServer

from webapp import guard
from webapp.app import create_app
from webapp.bodies import HEARD_OUT, let_files_be_larger
from webapp.errors import BadSetting, TailraceError
from webapp.formats.tables.mapping import Mapping
from webapp.lanes import Lanes
from webapp.listeners.ports import Listeners
from webapp.loading import load
from webapp.loading.live import Live
from webapp.loading.paths import find_files
from webapp.progress import Progress
from webapp.settings import Settings
from webapp.store import Store
from webapp.terminal import ProgressLine, print_loaded, progress_words

# How long a thread may keep the others from Python. A page that asks the store thirty times waits for it as often: with
# Python's 5 ms a search took ten times as long while a body was being read.
_SWITCH_SECONDS = 0.0005


def run(store: Store, settings: Settings, paths: list[str]) -> None:
    """Answer from the first moment (503 with progress), load `paths`, then say the URL. Returns on SIGTERM or Ctrl-C.

    Raises:
        BadSetting: the address cannot be listened on.
    """
    progress = Progress(done=not paths)
    app = create_app(store, settings, progress)
    live: Live = app.config["live"]
    for path in find_files(paths):
        app.config["uploads"].kept.know(path)
    with Listeners(live, settings, lambda: progress.done) as listeners:
        for problem in listeners.problems:
            click.echo(problem, err=True)
        server = serving(app, settings, listeners.http)
        signal.signal(signal.SIGTERM, _leave)
        sys.setswitchinterval(_SWITCH_SECONDS)

        def load_and_start() -> None:
            _load_and_tell(store, settings, paths, progress)
            if not progress.cancelled:
                if listeners.open:
                    click.echo(f"Spans are also received on {', '.join(listeners.open)}.", err=True)
                live.start()
                app.config["retention"].start()
                app.config["watching"].start(partial(click.echo, err=True))
                listeners.start()
                for name in app.jinja_env.list_templates(extensions=["html"]):
                    app.jinja_env.get_template(name)  # compiled before somebody waits for it

        loader = threading.Thread(target=load_and_start, daemon=True)
        loader.start()
        try:
            server.run()
        finally:
            server.close()
            progress.cancelled = True
            loader.join(timeout=10)


def serving(app: Flask, settings: Settings, for_spans: Sequence[socket.socket] = ()) -> BaseWSGIServer:
    """Listens at the port of the pages and at bound sockets that are only for spans, with one loop for all.

    Raises:
        BadSetting: the address cannot be listened on.
    """
    taking = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("receivers.")}
    shared: dict[str, Any] = {
        "map": {},
        "_dispatcher": Lanes(settings.threads, taking),
        "ident": None,
        "channel_request_lookahead": 1,
        "asyncore_use_poll": True,
        "connection_limit": 1000,  # the default of 100 lets 150 idle half-open sockets block everyone
        "max_request_body_size": settings.max_body_bytes * HEARD_OUT,
    }
    try:
        server = waitress.create_server(app, host=settings.host, port=settings.port, **shared)
    except OSError as error:
        raise BadSetting(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.",
            where="port",
            hint="Another program may be there; choose one with --port.",
        ) from error
    let_files_be_larger(shared["map"], settings)
    for each in for_spans:
        waitress.create_server(guard.receivers_only(app), sockets=[each], **shared)
    return server


def _load_and_tell(store: Store, settings: Settings, paths: list[str], progress: Progress) -> None:
    if paths:
        with ProgressLine() as line:
            progress.listener = line.show
            try:
                reports = load(paths, store, progress, Mapping.parse(settings.map))
                print_loaded(reports)
                if not reports and not progress.cancelled:
                    click.echo(f"There is no file to read in {', '.join(paths)}.", err=True)
            except TailraceError as error:
                click.echo(f"Error: {error}", err=True)
        if progress.cancelled:
            return
        click.echo(progress_words(progress), err=True)
        progress.done = True
    click.echo(f"Tailrace is ready on {settings.url(settings.port)}")
    sys.stdout.flush()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
