"""Bodies of requests as they were before their Content-Encoding, up to a size. Files are the matter of `unpack.py`."""

import io
import zlib
from collections.abc import Callable

import zstandard

_ZSTD_WINDOW = 2**23  # what HTTP allows (RFC 9659)
_MOST_ENCODINGS = 3


class UnknownEncoding(Exception):
    """The message names it."""


class BodyDamaged(Exception):
    """The message says what is wrong."""


class BodyTooLarge(Exception):
    """It grows beyond the limit."""


def decoded(body: bytes, encodings: str, most_bytes: int) -> bytes:
    """`encodings`: the header, in the order in which they were applied. Raises the three of this module."""
    names = [name.strip().lower() for name in encodings.split(",") if name.strip()]
    unknown = [name for name in names if name not in _DECODERS]
    if unknown or len(names) > _MOST_ENCODINGS:
        raise UnknownEncoding(unknown[0] if unknown else "too many at once")
    for name in reversed(names):
        try:
            body = _DECODERS[name](body, most_bytes)
        except (zlib.error, zstandard.ZstdError) as error:
            raise BodyDamaged(f"{name}: {error}") from error
        if len(body) > most_bytes:
            raise BodyTooLarge(name)
    return body


def _gunzip(body: bytes, most_bytes: int) -> bytes:
    """All members, one after the other."""
    found, rest = b"", body
    while rest and len(found) <= most_bytes:
        piece, rest = _inflate(rest, most_bytes - len(found), zlib.MAX_WBITS + 16)
        found += piece
    return found


def _undeflate(body: bytes, most_bytes: int) -> bytes:
    """With the frame that it must have, or without, as some send it."""
    try:
        return _inflate(body, most_bytes, zlib.MAX_WBITS)[0]
    except zlib.error:
        return _inflate(body, most_bytes, -zlib.MAX_WBITS)[0]


def _inflate(body: bytes, most_bytes: int, bits: int) -> tuple[bytes, bytes]:
    """One byte beyond the limit if there is more; and what comes after the end."""
    member = zlib.decompressobj(bits)
    found = member.decompress(body, most_bytes + 1)
    if not member.eof and len(found) <= most_bytes:
        raise zlib.error("cut off")
    return found, member.unused_data


def _unzstd(body: bytes, most_bytes: int) -> bytes:
    """The engine does not say that a frame is cut, only how long it should be, if its writer knew."""
    engine = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    with engine.stream_reader(io.BytesIO(body), read_across_frames=True) as reader:
        found = b""
        while len(found) <= most_bytes and (piece := reader.read(most_bytes + 1 - len(found))):
            found += piece
    length = max(zstandard.frame_content_size(body), 1 if body else 0)
    if len(found) < min(length, most_bytes):
        raise zstandard.ZstdError("cut off")
    return found


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "zstd": _unzstd,
    "identity": lambda body, _: body,
}
