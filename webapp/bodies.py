"""How large the body of a request may be: files that a page sends may be larger than all else. A part of `server.py`.

What is somewhat too large is received all the same: the application then says so in the words of its protocol, to a
sender that listens. One that is cut off while it sends sees a broken connection, and sends the same again.
"""

from copy import copy
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer

from webapp.settings import Settings
from webapp.views.sources.sending import ADDRESS

HEARD_OUT = 4  # times the largest body


def let_files_be_larger(servers: dict[int, Any], settings: Settings) -> None:
    """`servers` as waitress keeps them. Bodies lie on disk before the application sees them, whatever their size."""

    class Request(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
        adj: Any

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            if self.path == ADDRESS and self.command == "POST":
                self.adj = copy(self.adj)
                self.adj.max_request_body_size = settings.max_upload_mb * 1_000_000

    class Channel(HTTPChannel):  # type: ignore[misc]
        parser_class = Request

    for server in servers.values():
        if isinstance(server, BaseWSGIServer):
            server.channel_class = Channel
