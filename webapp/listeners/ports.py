"""All that listens beside the port of the pages, opened and closed together: which ports, and what if one is taken."""

import errno
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from webapp.errors import BadSetting
from webapp.listeners.udp import Datagrams
from webapp.listeners.xray import Gathering
from webapp.loading import protocols
from webapp.loading.live import Live
from webapp.loading.protocols import Protocol
from webapp.settings import Settings

_STANDARD = {"otlp_grpc_port": 4317, "otlp_port": 4318, "zipkin_port": 9411, "jaeger_port": 14268}
_STANDARD |= {"datadog_port": 8126}
_OVER_HTTP = {
    "otlp_port": protocols.OTLP_PROTOBUF,
    "zipkin_port": protocols.ZIPKIN,
    "jaeger_port": protocols.JAEGER,
    "datadog_port": protocols.DATADOG,
}
_JAEGER_UDP = (6831, 6832)
_XRAY_UDP = 2000
_NO_GRPC = "OTLP over gRPC needs grpcio, which is not installed."
_GET_GRPC = "pip install 'tailrace[grpc]'"


@dataclass(frozen=True, slots=True)
class _Port:
    """One to listen at. `is_asked`: by its own setting, so that it must be there."""

    setting: str
    number: int
    is_asked: bool


class Listeners:
    """Of one server. Ports that were asked for one by one must be there; of `--receive` those that are free are."""

    def __init__(self, live: Live, settings: Settings, is_ready: Callable[[], bool]) -> None:
        """`is_ready`: whether spans can be kept yet.

        Raises:
            BadSetting: a port is taken, or a library is missing that it needs.
        """
        self._live = live
        self._settings = settings
        self._is_ready = is_ready
        self._datagrams: list[Datagrams] = []
        self.http: list[socket.socket] = []  # bound, for the server of the pages to listen at
        self.open: list[str] = []  # ports and what comes there, for the user
        self.problems: list[str] = []  # of ports that do not listen, for the user
        with ExitStack() as opened:
            self._opened = opened
            self._open()
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def start(self) -> None:
        """Read datagrams; what came before waited."""
        for each in self._datagrams:
            each.start()

    def _open(self) -> None:
        settings = self._settings
        own = {
            "otlp_grpc_port": settings.otlp_grpc_port,
            "otlp_port": settings.otlp_port,
            "zipkin_port": settings.zipkin_port,
            "jaeger_port": settings.jaeger_port,
            "datadog_port": settings.datadog_port,
        }
        for setting, number in own.items():
            if number or settings.receive:
                self._open_port(_Port(setting, number or _STANDARD[setting], is_asked=bool(number)))
        if settings.jaeger_udp:
            for number in _JAEGER_UDP:
                self._open_udp("jaeger_udp", number, protocols.JAEGER_UDP)
        if settings.xray_udp:
            self._open_udp("xray_udp", _XRAY_UDP, protocols.XRAY_UDP, Gathering())

    def _open_port(self, port: _Port) -> None:
        protocol = _OVER_HTTP.get(port.setting, protocols.OTLP_GRPC)
        try:
            address = self._open_http(port) if port.setting in _OVER_HTTP else self._open_grpc(port)
        except BadSetting as problem:
            if port.is_asked:
                raise
            self._live.listening.cannot(protocol.receiver, str(problem))
            self.problems.append(str(problem))
        else:
            for path in protocol.paths:
                self._live.listening.at(protocol.receiver, address + path)
            self.open.append(f"{port.number} ({protocol.receiver.name})")

    def _open_http(self, port: _Port) -> str:
        found = self._bound(port)
        self._opened.callback(found.close)
        self.http.append(found)
        return self._settings.url(port.number)

    def _bound(self, port: _Port) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        found = socket.socket(family, socket.SOCK_STREAM)
        try:
            if sys.platform != "win32":  # where it would let two programs share a port
                found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((self._settings.host, port.number))
            found.listen()  # two sockets may be bound to a port at which neither listens
        except OSError as error:
            found.close()
            raise self._cannot_listen(port, error) from error
        return found

    def _open_grpc(self, port: _Port) -> str:
        try:
            from webapp.listeners.grpc import OtlpGrpc
        except ImportError as error:
            raise BadSetting(_NO_GRPC, where=port.setting, hint=_GET_GRPC) from error
        self._bound(port).close()  # grpc would tell the terminal of a port that is taken
        server = OtlpGrpc(self._live, self._settings.max_body_bytes, self._is_ready)
        address = self._settings.url(port.number)
        try:
            server.start(address.removeprefix("http://"))
        except OSError as error:
            raise self._cannot_listen(port, error) from error
        self._opened.callback(server.close)
        return address

    def _open_udp(
        self, setting: str, number: int, protocol: Protocol, gathering: Gathering | None = None
    ) -> None:
        try:
            found = Datagrams(self._live, protocol, (self._settings.host, number), gathering)
        except OSError as error:
            raise self._cannot_listen(_Port(setting, number, is_asked=True), error) from error
        self._opened.callback(found.close)
        self._datagrams.append(found)
        self.open.append(f"{number} ({protocol.receiver.name})")
        self._live.listening.at(protocol.receiver, self._settings.url(number).replace("http:", "udp:"))

    def _cannot_listen(self, port: _Port, error: OSError) -> BadSetting:
        flag = f"--{port.setting.replace('_', '-')}"
        taken = error.errno in (errno.EADDRINUSE, None)  # grpc does not say
        return BadSetting(
            f"Cannot listen on {self._settings.host}:{port.number}: "
            f"{'another program does' if taken else error.strerror}.",
            where=port.setting,
            hint=f"Choose another port with {flag}."
            if port.setting in _STANDARD
            else f"End it, or leave out {flag}.",
        )
