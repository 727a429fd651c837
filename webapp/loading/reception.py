"""A body that some transport brought: decompressed, read, told from damage, handed to `live.py`.

How it came, and how its sender is answered, is for views and listeners.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from webapp.formats.content_encoding import BodyDamaged, BodyTooLarge, UnknownEncoding, decoded
from webapp.formats.notes import CUT
from webapp.loading.live import Live, Post, Taken
from webapp.loading.protocols import Protocol
from webapp.loading.worker import WorkerLost

_FULL = "More is being sent than can be stored; send it again later."
_NOT_STORED = "The spans could not be stored; send them again later."
# Bodies are read one at a time: several would not be read sooner, keep pages waiting, and each needs many times its size.
_reading = threading.Lock()


class Reason(Enum):
    """Why nothing of a body was kept."""

    DAMAGED = "not what it should be"
    TOO_LARGE = "too large"
    UNSUPPORTED = "of a type or encoding that is not known"
    FULL = "too much is waiting"
    FAILED = "not stored"


class Refused(Exception):
    """Nothing of a body was kept; the message is for its sender."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a body: how many of its records were left out, and why. None, but a reason: its end is missing."""

    rejected: int
    why: str


def receive(
    live: Live, protocol: Protocol, body: Callable[[], bytes], *, size: int = 0, wait: bool = True
) -> Received:
    """Read the body that `body` gives and keep its spans.

    `size`: its bytes as far as they are known before it is fetched. `wait`: until it is on disk, if that is promised.
    Raises Refused.
    """
    try:
        return _receive(live, protocol, body, size, wait)
    except Refused as refusal:
        live.listening.refuse(protocol.receiver, refusal.message)
        raise


def decompressed(body: bytes, encodings: str, most_bytes: int) -> bytes:
    """`encodings`: in the order in which they were applied. Raises Refused."""
    try:
        return decoded(body, encodings, most_bytes)
    except UnknownEncoding as unknown:
        message = f"Bodies come as gzip, deflate, zstd or plain, not as {unknown}."
        raise Refused(Reason.UNSUPPORTED, message) from unknown
    except BodyDamaged as damaged:
        raise Refused(Reason.DAMAGED, f"The body cannot be decompressed: {damaged}.") from damaged
    except BodyTooLarge as large:
        message = f"The body is larger than {most_bytes:,} bytes when decompressed."
        raise Refused(Reason.TOO_LARGE, message) from large


def _receive(live: Live, protocol: Protocol, body: Callable[[], bytes], size: int, wait: bool) -> Received:
    with _reading:
        if not live.has_room(size):
            raise Refused(Reason.FULL, _FULL)
        raw = body()
        try:
            read = live.decoding.read(protocol, raw)
        except WorkerLost as lost:
            raise Refused(Reason.FAILED, _NOT_STORED) from lost
    if read.damage:
        raise Refused(Reason.DAMAGED, read.damage)
    post = Post(protocol.receiver, read.encoded, read.rejected, read.warnings, len(raw))
    taken = live.take(post, wait=wait)
    if taken is Taken.FULL:
        raise Refused(Reason.FULL, _FULL)
    if taken is Taken.FAILED:
        raise Refused(Reason.FAILED, _NOT_STORED)
    reasons = dict.fromkeys(warning.message for warning in post.warnings)
    is_told = post.rejected or any(warning.code == CUT for warning in post.warnings)
    return Received(post.rejected, " ".join(reasons) if is_told else "")
