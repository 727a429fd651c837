"""States of pages under short ids: the same text the same id, only the last ones kept."""

from pathlib import Path

import pytest

from webapp.store import Store
from webapp.store.reading import view_states


def test_a_kept_text_is_found_under_its_id_and_once() -> None:
    with Store.open(None) as store:
        kept = store.keep_view_state("a.b")
        assert store.keep_view_state("a.b") == kept
        assert store.view_state(kept) == "a.b"
        assert store.keep_view_state("a.c") != kept
        assert store.view_state("f" * 12) is None


def test_the_oldest_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_states, "MOST_STATES", 3)
    with Store.open(None) as store:
        kept = [store.keep_view_state(str(number)) for number in range(5)]
        assert [store.view_state(one) for one in kept] == [None, None, "2", "3", "4"]
        store.keep_view_state("2")  # is here already: nothing goes for it
        assert store.view_state(kept[3]) == "3"


def test_they_outlive_the_process_in_a_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "spans.db") as store:
        kept = store.keep_view_state("a.b")
    with Store.open(tmp_path / "spans.db") as store:
        assert store.view_state(kept) == "a.b"
