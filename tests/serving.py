"""An application behind a real server, for tests that speak HTTP."""

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from flask import Flask
from waitress.server import BaseWSGIServer

from webapp.server import serving
from webapp.settings import Settings


def start(app: Flask, for_spans: Sequence[socket.socket] = ()) -> tuple[BaseWSGIServer, Callable[[], None]]:
    """On a free port of the loopback; the second one stops it."""
    settings: Settings = app.config["settings"]
    server = serving(app, replace(settings, port=0, threads=8), for_spans)

    def run() -> None:
        with suppress(OSError):  # its sockets are closed while it waits for them
            server.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def stop() -> None:
        server.task_dispatcher.shutdown()
        server.asyncore.close_all(server._map, ignore_all=True)
        thread.join(timeout=5)

    return server, stop
