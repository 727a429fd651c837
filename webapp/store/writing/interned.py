"""Numbers for what repeats, in order of first sight. What they are stored as is in `names.py`."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)
Ids = NDArray[np.uint32]


class Interned(Generic[Key]):
    """Ids 0, 1, 2… in the order of first sight, after those that are `known`."""

    def __init__(self, known: Mapping[Key, int] | None = None, next_id: int = 0) -> None:
        self._ids = dict(known or {})
        self._behind = next_id - len(self._ids)  # ids that are known to nobody any more

    @property
    def next_id(self) -> int:
        return len(self._ids) + self._behind

    def __len__(self) -> int:
        return len(self._ids)

    def id_of(self, key: Key) -> int:
        return self._ids.setdefault(key, len(self._ids) + self._behind)

    def ids_of(self, keys: Sequence[Key]) -> Ids:
        try:
            return np.fromiter(map(self._ids.__getitem__, keys), np.uint32, len(keys))
        except KeyError:
            return np.fromiter(map(self.id_of, keys), np.uint32, len(keys))

    def since(self, number: int) -> list[Key]:
        """Keys from id `number` on, none of which was `known`."""
        return list(islice(self._ids, number - self._behind, None))
