"""What a reader has to say besides spans: records it rejected, warnings merged by code. No reading here."""

from webapp.model.warnings import CODES, Warning

PLACES_KEPT = 20
CUT = "truncated"  # a file ends once, whoever notices


class Notes:
    """Collected while one source is read: of each code the first `PLACES_KEPT` places and how often."""

    def __init__(self) -> None:
        self.rejected = 0
        self._messages: dict[str, str] = {}
        self._places: dict[str, list[tuple[str, str]]] = {}
        self._counts: dict[str, int] = {}

    def warn(
        self, code: str, message: str = "", *, where: str = "", span_id: str = "", count: int = 1
    ) -> None:
        """Without a `message` the words of `CODES` are used; the first message given for a code stays."""
        if code == CUT and self.is_cut:
            return
        if code not in self._counts:
            self._messages[code] = message or CODES[code]
            self._places[code] = []
            self._counts[code] = 0
        self._counts[code] += count
        places = self._places[code]
        if len(places) < PLACES_KEPT:
            places.append((where, span_id))

    def reject(self, code: str, message: str = "", *, where: str = "", span_id: str = "") -> None:
        """A record that would have been a span is left out."""
        self.rejected += 1
        self.warn(code, message, where=where, span_id=span_id)

    @property
    def is_cut(self) -> bool:
        return CUT in self._counts

    @property
    def warnings(self) -> list[Warning]:
        """One a kept place; what happened at places that were not kept counts with the last of its code."""
        found: list[Warning] = []
        for code, places in self._places.items():
            message = self._messages[code]
            rest = self._counts[code] - len(places)
            for index, (where, span_id) in enumerate(places, start=1):
                count = 1 + (rest if index == len(places) else 0)
                found.append(Warning(code, message, where, span_id, count))
        return found
