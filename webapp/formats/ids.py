"""Ids of one source in any spelling, made ours and remembered; what was made of unusual ones is warned about. No records."""

from webapp.formats import units
from webapp.formats.notes import Notes

_REMEMBERED = 50_000  # of what repeats from span to span; then all of it is forgotten at once


class Ids:
    """Both return "" for an id that is absent or all zeros. What is not hexadecimal is hashed: spans stay together."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._known: dict[tuple[object, int], str] = {}

    def trace(self, written: object, where: str) -> str:
        return self._id(written, 32, where)

    def span(self, written: object, where: str) -> str:
        return self._id(written, 16, where)

    def _id(self, written: object, digits: int, where: str) -> str:
        if not isinstance(written, (str, int)) or isinstance(written, bool):
            return ""
        found = self._known.get((written, digits))
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[written, digits] = self._new(written, digits, where)
        return found

    def _new(self, written: str | int, digits: int, where: str) -> str:
        found = units.read_id(written, digits)
        if found:
            if found.unusual:
                self._notes.warn("id_padded", where=where, span_id=found.hex if digits == 16 else "")
            return found.hex
        text = str(written).strip()
        if not text.removeprefix("0x").strip("0-"):
            return ""
        self._notes.warn("id_hashed", where=units.id_place(where, digits, text))
        return units.hashed_id(text, digits)
