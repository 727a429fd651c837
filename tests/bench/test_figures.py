import json
from pathlib import Path

from tests.bench.figures import Figure, save, table, timed


def test_a_figure_is_held_to_its_target_from_the_right_side() -> None:
    assert Figure("load", "rate", 60_000, "spans/s", target=50_000, at_least=True).held
    assert not Figure("load", "rate", 40_000, "spans/s", target=50_000, at_least=True).held
    assert Figure("search", "any", 4.0, "ms", target=5).held
    assert Figure("search", "any", 4.0, "ms").held is None


def test_the_first_call_only_warms_up() -> None:
    calls: list[int] = []
    figure = timed("search", "any", [lambda: calls.append(1)] * 4)
    assert len(calls) == 4
    assert figure.p95 is not None
    assert 0 <= figure.value <= figure.p95


def test_a_call_that_fails_ends_its_row_with_the_reason() -> None:
    def broken() -> None:
        raise KeyError("c0001")

    figure = timed("search", "rare", [broken] * 3, target=5)
    assert figure.remark == "KeyError: 'c0001'"
    assert figure.held is False


def test_the_table_marks_what_misses_its_target() -> None:
    text = table(
        [Figure("search", "any", 7.0, "ms", p95=9.0, target=5), Figure("search", "rare", 3.0, "ms", target=5)]
    )
    missed, held = text.splitlines()[-2:]
    assert missed.startswith("! any")
    assert held.startswith("  rare")


def test_the_report_names_the_machine_and_writes_missing_numbers_as_null(tmp_path: Path) -> None:
    path = save([Figure("search", "rare", float("nan"), "ms", remark="KeyError")], tmp_path, spans=1_000)
    report = json.loads(path.read_text())
    assert report["machine"]["cores"]
    assert report["figures"][0]["value"] is None
