"""Spans in UDP datagrams: Jaeger's agent and X-Ray's daemon. Nobody is answered, so what is lost is counted."""

import logging
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable

from webapp.listeners.xray import Gathering
from webapp.loading import reception
from webapp.loading.live import Live
from webapp.loading.protocols import Protocol
from webapp.loading.reception import Refused

_LARGEST = 65_535  # bytes of a datagram
_WAITING_BYTES = 4_000_000  # for the system to keep while one is read; it may allow less
_LOOK_SECONDS = 0.25
_COUNT_OF_DROPPED = 40  # Linux' SO_RXQ_OVFL, which Python has no name for
_DROPPED = "Datagrams came faster than they could be read; the system dropped some."

_log = logging.getLogger(__name__)


class Datagrams:
    """One socket with a thread that reads it. `gathering`: for a protocol in which one datagram explains another."""

    def __init__(
        self, live: Live, protocol: Protocol, address: tuple[str, int], gathering: Gathering | None = None
    ) -> None:
        """Raises OSError if nobody can listen there. What comes before the start waits, up to a size."""
        self._live = live
        self._protocol = protocol
        self._gathering = gathering
        self._looked_at = 0.0
        self._dropped = 0
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WAITING_BYTES)
            if sys.platform == "linux":
                self._socket.setsockopt(socket.SOL_SOCKET, _COUNT_OF_DROPPED, 1)
            self._socket.settimeout(_LOOK_SECONDS)
            self._socket.bind(address)
        except OSError:
            self._socket.close()
            raise

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        self._thread = threading.Thread(target=self._read, name=f"udp-{self.port}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """What was gathered is kept."""
        self._closed.set()
        if self._thread:
            self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        while not self._closed.is_set():
            try:
                self._keep(self._next())
            except Exception:  # the next one may fare better
                _log.exception("reading a datagram for %s", self._protocol.receiver.name)
        if self._gathering:
            self._keep(self._gathering.rest())

    def _next(self) -> list[bytes]:
        """Bodies that can be read, when a datagram came or it is time to look."""
        try:
            datagram = self._receive()
        except (TimeoutError, ConnectionError):
            datagram = None
        if self._gathering is None:
            return [] if datagram is None else [datagram]
        now = time.monotonic()
        found = [] if datagram is None else list(self._gathering.add(datagram, now))
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            found += self._gathering.ready(now)
        return found

    def _receive(self) -> bytes:
        if sys.platform != "linux":
            return self._socket.recv(_LARGEST)
        datagram, told, _, _ = self._socket.recvmsg(_LARGEST, socket.CMSG_SPACE(4))
        for level, kind, value in told:
            if (level, kind) == (socket.SOL_SOCKET, _COUNT_OF_DROPPED):
                (dropped,) = struct.unpack("=I", value)
                if dropped != self._dropped:
                    lost = (dropped - self._dropped) % 2**32
                    self._live.listening.refuse(self._protocol.receiver, _DROPPED, lost)
                    self._dropped = dropped
        return datagram

    def _keep(self, bodies: Iterable[bytes]) -> None:
        for body in bodies:
            try:
                reception.receive(self._live, self._protocol, lambda body=body: body, wait=False)  # type: ignore[misc]
            except Refused:
                continue  # it was counted
