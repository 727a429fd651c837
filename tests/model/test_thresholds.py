"""Thresholds as settings and addresses write them."""

import pytest

from tests.analysis.detecting import below, findings_of, in_turn
from webapp.analysis.detectors.rules import RULES, rule_of
from webapp.errors import BadSetting
from webapp.model.thresholds import DEFAULTS, Least, amount_of, parse_thresholds, parts_of


def test_each_number_can_be_changed_and_each_code_put_off() -> None:
    found = parse_thresholds(["n_plus_one.count=10", "gap.time=0.2s", "gap.share=30%", "chatty=off"])
    assert found["n_plus_one"] == Least(10, 50_000_000, 0.05)
    assert (found["gap"].ns, found["gap"].share) == (200_000_000, 0.3)
    assert set(DEFAULTS) - set(found) == {"chatty"}
    assert parse_thresholds([]) == DEFAULTS


@pytest.mark.parametrize(
    "text",
    [
        "gaps.time=1s",
        "gap",
        "gap.count=3",
        "gap.time=soon",
        "gap.share=0",
        "gap.share=200%",
        "gap=on",
        "gap.time=",
    ],
)
def test_what_is_no_threshold_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(BadSetting) as refused:
        parse_thresholds([text])
    assert refused.value.hint


@pytest.mark.parametrize(
    ("part", "text", "amount"),
    [
        ("count", "7", 7), ("count", "0", None), ("count", "1.5", None), ("time", "50", 50_000_000),
        ("time", "1.5 s", 1_500_000_000), ("share", "5%", 0.05), ("share", "0.05", 0.05), ("share", "-5%", None),
        ("count", "٣", None), ("time", "999999999m", None), ("color", "1", None),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(part: str, text: str, amount: float | None) -> None:
    assert amount_of(part, text) == amount


def test_rules_say_the_numbers_that_are_in_force() -> None:
    assert rule_of("gap", parse_thresholds(["gap.time=200ms"])).count("200 ms and 20%") == 1
    for code, rule in RULES.items():
        assert all("{" + part + "}" in rule for part in parts_of(code)), code


def test_detectors_keep_to_thresholds() -> None:
    asked = below(*in_turn(6, 20))

    def codes(*texts: str) -> list[str]:
        return [finding.code for finding in findings_of(asked, parse_thresholds(texts))[1]]

    assert "n_plus_one" in codes()
    assert "n_plus_one" in codes("n_plus_one.count=6")
    assert "n_plus_one" not in codes("n_plus_one.count=7") + codes("n_plus_one=off")
