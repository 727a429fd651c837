"""OTLP over gRPC: the Export of TraceService. Needs grpcio, which is an extra; nothing else here imports it.

A call's message is read when there is room for it, so that many large ones cannot fill the memory, and a client that
stalls holds no thread.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from webapp.formats.otlp import answers
from webapp.loading import protocols, reception
from webapp.loading.live import Live
from webapp.loading.reception import Reason, Received, Refused
from webapp.loading.telling import ONLY_TRACES

AT_ONCE = 64  # messages that are read or wait to be stored
STALLED_SECONDS = 10.0  # for a message to come when its call has begun
_THREADS = 32
_MOST_CALLS = 1_000
_RETRY_SECONDS = 1
_NO_LONGER_HEARD_MS = 20_000  # of a client, before it is asked whether it is still there
_SERVICES = "/opentelemetry.proto.collector."
_EXPORT = f"{_SERVICES}trace.v1.TraceService/Export"
_CODES = {
    Reason.DAMAGED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.UNSUPPORTED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.FAILED: grpc.StatusCode.UNAVAILABLE,
}
_LOADING = "Files are still being loaded; send it again later."

Context = Any  # grpc.aio.ServicerContext, of a library without types


class OtlpGrpc(grpc.GenericRpcHandler):  # type: ignore[misc]  # of no type
    """A server with a thread and an event loop of its own. `is_ready`: whether spans can be kept yet."""

    def __init__(self, live: Live, most_bytes: int, is_ready: Callable[[], bool] = lambda: True) -> None:
        self._live = live
        self._most_bytes = most_bytes
        self._is_ready = is_ready
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="grpc")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="grpc", daemon=True)

    def start(self, address: str) -> int:
        """Listen there and return the port. Raises OSError when that cannot be."""
        self._thread.start()
        try:
            return int(self._run(self._listen(address)))
        except RuntimeError as error:
            self._stop_loop()
            raise OSError(str(error)) from error

    def close(self) -> None:
        """Calls that have begun are answered first."""
        self._run(self._server.stop(grace=1))
        self._stop_loop()
        self._threads.shutdown()

    async def _listen(self, address: str) -> int:
        options = [
            ("grpc.so_reuseport", 0),  # else two programs share a port without a word
            ("grpc.max_receive_message_length", self._most_bytes),
            ("grpc.keepalive_time_ms", _NO_LONGER_HEARD_MS),
        ]
        self._reading = asyncio.Semaphore(AT_ONCE)
        self._server = grpc.aio.server(options=options, maximum_concurrent_rpcs=_MOST_CALLS)
        self._server.add_generic_rpc_handlers((self,))
        port: int = self._server.add_insecure_port(address)
        await self._server.start()
        return port

    def service(self, handler_call_details: Any) -> Any:  # noqa: ANN401  as grpc has it
        method: str = handler_call_details.method
        if method == _EXPORT:
            return grpc.stream_unary_rpc_method_handler(self._export)
        if method.startswith(_SERVICES):
            return grpc.stream_unary_rpc_method_handler(_refuse_signal(method))
        return None  # which is UNIMPLEMENTED

    async def _export(self, _messages: object, context: Context) -> bytes:
        """One message, which is read here since a server that is given it would have read it before there was room."""
        async with self._reading:
            try:
                found = await self._take(context)
            except TimeoutError:
                await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "No message came.")
            except Refused as refusal:
                await context.abort(_CODES[refusal.reason], refusal.message, _again(refusal))
            return answers.response(found.rejected, found.why)

    async def _take(self, context: Context) -> Received:
        """Raises TimeoutError and Refused."""
        if not self._is_ready():
            raise Refused(Reason.FAILED, _LOADING)
        message = await asyncio.wait_for(context.read(), STALLED_SECONDS)
        return await self._loop.run_in_executor(self._threads, self._receive, message)

    def _receive(self, message: bytes) -> Received:
        if not isinstance(message, bytes):
            raise Refused(Reason.DAMAGED, "The call holds no message.")
        return reception.receive(self._live, protocols.OTLP_GRPC, lambda: message, size=len(message))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401  what it gives
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _again(refusal: Refused) -> tuple[tuple[str, bytes], ...]:
    """When to try again, as the protocol has it and as Python's exporter reads it; nothing if that is of no use."""
    if refusal.reason not in (Reason.FULL, Reason.FAILED):
        return ()
    code = _CODES[refusal.reason].value[0]
    return (
        ("grpc-status-details-bin", answers.status(code, refusal.message, _RETRY_SECONDS)),
        ("google.rpc.retryinfo-bin", answers.retry_info(_RETRY_SECONDS)),
    )


def _refuse_signal(method: str) -> Callable[[object, Context], Coroutine[Any, Any, bytes]]:
    signal = method.removeprefix(_SERVICES).split(".")[0]

    async def refuse(_messages: object, context: Context) -> bytes:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, ONLY_TRACES.format(signal=signal))
        return b""

    return refuse
