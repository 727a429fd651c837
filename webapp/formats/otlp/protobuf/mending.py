"""OTLP's protobuf schema with text as bytes, so that text which is not UTF-8 costs itself and not its message."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

_FIELD = descriptor_pb2.FieldDescriptorProto
_STRICT = descriptor_pool.Default()


def mended(raw: bytes, kind: type[Any]) -> Any:  # noqa: ANN401  a message of `kind`
    """The message, its text made UTF-8; None if something else is wrong with it."""
    loose = message_factory.GetMessageClass(_LOOSE.FindMessageTypeByName(kind.DESCRIPTOR.full_name))
    try:
        message = loose.FromString(raw)
        _mend(message)
        return kind.FromString(message.SerializeToString())
    except DecodeError:
        return None


def _mend(message: Any) -> None:  # noqa: ANN401  a message of the loose schema
    for field, value in message.ListFields():
        if field.message_type:
            for one in value if field.is_repeated else [value]:
                _mend(one)
        elif _STRICT.FindFieldByName(field.full_name).type == _FIELD.TYPE_STRING:
            setattr(message, field.name, value.decode("utf-8", "replace").encode())


def _loose_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in (common_pb2, resource_pb2, trace_pb2):
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            _loosen(message)
        pool.Add(file)
    return pool


def _loosen(message: descriptor_pb2.DescriptorProto) -> None:
    for field in message.field:
        if field.type == _FIELD.TYPE_STRING and field.label != _FIELD.LABEL_REPEATED:
            field.type = _FIELD.TYPE_BYTES
    for inner in message.nested_type:
        _loosen(inner)


_LOOSE = _loose_pool()
