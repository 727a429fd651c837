"""Remote procedure calls: service, method and the status by its name."""

from webapp.model.semconv import text_of
from webapp.model.spans import Attributes
from webapp.views.meaning.shape import Meaning, arrow, facts, pieces, size_of

_SYSTEMS = {
    "grpc": "gRPC", "dubbo": "Dubbo", "apache_dubbo": "Dubbo", "connect_rpc": "Connect", "connectrpc": "Connect",
    "dotnet_wcf": "WCF", "java_rmi": "RMI", "jsonrpc": "JSON-RPC", "aws-api": "AWS", "twirp": "Twirp", "thrift": "Thrift",
}  # fmt: skip
_GRPC = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
_STATUS = (
    "rpc.response.status_code", "rpc.grpc.status_code", "grpc.status_code", "rpc.connect_rpc.error_code",
    "rpc.jsonrpc.error_code",
)  # fmt: skip
_FINE = ("OK", "0 OK")


def rpc_meaning(attributes: Attributes) -> Meaning | None:
    system = text_of(attributes, ("rpc.system.name", "rpc.system"))
    service, method = text_of(attributes, ("rpc.service",)), text_of(attributes, ("rpc.method",))
    if not (system or service or method):
        return None
    whole = method if not service or method.startswith(f"{service}/") else f"{service}/{method}".rstrip("/")
    status = _status(text_of(attributes, _STATUS), "jsonrpc" in system)
    return Meaning(
        "RPC",
        pieces(
            (_SYSTEMS.get(system.lower(), system), "strong"), (whole, "code"),
            (arrow(status), "ok" if status in _FINE else "bad"),
        ),
        facts(
            ("Server", text_of(attributes, ("server.address", "net.peer.name", "network.peer.address", "net.peer.ip"))),
            ("Message", text_of(attributes, ("rpc.jsonrpc.error_message",))),
            ("Request", size_of(attributes, ("rpc.request.size",))),
            ("Response", size_of(attributes, ("rpc.response.size",))),
        ),
    )  # fmt: skip


def _status(code: str, is_json: bool) -> str:
    """`14 UNAVAILABLE`; other codes as they are."""
    if is_json or not code.isascii() or not code.isdigit():
        return code
    return f"{code} {_GRPC[int(code)]}" if len(code) < 3 and int(code) < len(_GRPC) else code
