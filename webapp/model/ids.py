"""Ids for text that is none, such as `abc-123`: made by readers, looked up again by the store."""

from hashlib import blake2b


def hashed_id(text: str, digits: int) -> str:
    """An id of 32 (trace) or 16 (span) digits for text that is none; the same for the same text."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=digits // 2).hexdigest()
