"""What readers have to say: merged by code, first places kept, everything counted."""

from webapp.formats.notes import PLACES_KEPT, Notes
from webapp.model.warnings import CODES


def test_a_warning_without_words_speaks_those_of_its_code() -> None:
    notes = Notes()
    notes.warn("truncated", where="byte 7")
    assert [(w.code, w.message, w.where) for w in notes.warnings] == [
        ("truncated", CODES["truncated"], "byte 7")
    ]


def test_rejecting_counts_a_record_and_warns() -> None:
    notes = Notes()
    notes.reject("bad_id", where="line 1", span_id="aa")
    assert notes.rejected == 1
    assert notes.warnings[0].span_id == "aa"


def test_places_beyond_the_first_are_only_counted() -> None:
    notes = Notes()
    for line in range(1_000):
        notes.warn("bad_record", where=f"line {line}")
    assert len(notes.warnings) == PLACES_KEPT
    assert notes.warnings[0].where == "line 0"
    assert sum(warning.count for warning in notes.warnings) == 1_000


def test_one_warning_may_stand_for_many() -> None:
    notes = Notes()
    notes.warn("bad_attribute", count=5)
    assert [warning.count for warning in notes.warnings] == [5]
