"""Serving: waitress in front of the application, loading beside it. What is served is `app.py`."""

import signal
import sys
import threading
from types import FrameType

import click
import waitress

from webapp.app import create_app
from webapp.errors import BadSetting, TailraceError
from webapp.formats.tables.mapping import Mapping
from webapp.loading import load
from webapp.progress import Progress
from webapp.settings import Settings
from webapp.store import Store
from webapp.terminal import ProgressLine, print_loaded, progress_words


def run(store: Store, settings: Settings, paths: list[str]) -> None:
    """Answer from the first moment (503 with progress), load `paths`, then say the URL. Returns on SIGTERM or Ctrl-C.

    Raises:
        BadSetting: the address cannot be listened on.
    """
    progress = Progress(done=not paths)
    app = create_app(store, settings, progress)
    try:
        server = waitress.create_server(
            app,
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            ident=None,
            channel_request_lookahead=1,
            asyncore_use_poll=True,
            connection_limit=1000,  # the default of 100 lets 150 idle half-open sockets block everyone
            max_request_body_size=settings.max_body_bytes,
        )
    except OSError as error:
        raise BadSetting(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.",
            where="port",
            hint="Another program may be there; choose one with --port.",
        ) from error
    signal.signal(signal.SIGTERM, _leave)

    def load_and_start() -> None:
        _load_and_tell(store, settings, paths, progress)
        if not progress.cancelled:
            app.config["live"].start()

    loader = threading.Thread(target=load_and_start, daemon=True)
    loader.start()
    try:
        server.run()
    finally:
        server.close()
        progress.cancelled = True
        loader.join(timeout=10)


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
