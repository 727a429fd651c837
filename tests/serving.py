"""An application behind a real server, for tests that speak HTTP."""

import threading
from collections.abc import Callable
from contextlib import suppress

import waitress
from flask import Flask
from waitress.server import BaseWSGIServer


def start(app: Flask) -> tuple[BaseWSGIServer, Callable[[], None]]:
    """On a free port of the loopback; the second one stops it."""
    server = waitress.create_server(
        app, host="127.0.0.1", port=0, threads=8, ident=None, channel_request_lookahead=1
    )

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
