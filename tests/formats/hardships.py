"""What a reader must survive: files cut at each byte, changed bytes. All of them at once: `test_fuzz.py`."""

import random
from collections.abc import Callable

from tests.formats.damage import damaged
from webapp.model.spans import Span

Read = Callable[[bytes], list[Span]]


def cut_anywhere_keeps_what_comes_before(read: Read, content: bytes, step: int = 1) -> None:
    """Of a file that is read record by record: the spans before the cut, no fewer the later it is cut."""
    whole, most = read(content), 0
    for end in range(0, len(content) + 1, step):
        found = read(content[:end])
        assert found[:-1] == whole[: max(0, len(found) - 1)], end  # the last may be known in part
        assert len(found) >= most, end
        most = len(found)
    assert most == len(whole)


def damage_is_survived(read: Read, content: bytes, tries: int = 60) -> None:
    for seed in range(tries):
        read(damaged(content, random.Random(seed)))
