"""All detectors together: the worked cases, their rules, and what none of them may promise."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.analysis.cases import CASES, by_name, name_of, spans_of
from tests.analysis.detecting import codes, findings_of
from tests.analysis.drawing import MS
from tests.analysis.strategies import broken_traces, traces
from webapp.analysis.detectors import failing, repeats, serial, slow, waiting
from webapp.analysis.detectors.rules import RULES
from webapp.model.facts import Finding, Forest
from webapp.model.spans import Span
from webapp.model.thresholds import DEFAULTS

MODULES = (failing, repeats, serial, slow, waiting)
CODES = (
    "n_plus_one",
    "repeated_identical",
    "serial_calls",
    "retry",
    "error_root",
    "gap",
    "queue_wait",
    "straggler",
)


def written(forest: Forest, finding: Finding) -> str:
    """As cases.json writes it: code, where, and the numbers that matter in milliseconds."""
    parent = name_of(forest, finding.parent) if finding.parent >= 0 else ""
    first, last = name_of(forest, finding.nodes[0]), name_of(forest, finding.nodes[-1])
    in_ms = {name: round(value / MS) for name, value in finding.numbers.items()}
    numbers = finding.numbers
    texts = {
        "n_plus_one": lambda: f"{parent}:{numbers['count']}:{in_ms['total_ns']}",
        "serial_calls": lambda: f"{parent}:{numbers['count']}:{in_ms['saving_ns']}",
        "retry": lambda: f"{parent}:{numbers['count']}:{in_ms['wasted_ns']}",
        "error_root": lambda: f"{first}:{numbers['chain']}",
        "gap": lambda: f"{first}:{in_ms['start_ns']}:{in_ms['end_ns']}",
        "queue_wait": lambda: f"{first}>{last}:{in_ms['wait_ns']}",
        "straggler": lambda: f"{parent}:{first}:{in_ms['late_ns']}",
    }
    return f"{finding.code}:{texts[finding.code]() if finding.code in texts else parent}"


@pytest.mark.parametrize("case", [case for case in CASES if "findings" in case["expect"]], ids=by_name)
def test_worked_out_on_paper(case: dict[str, Any]) -> None:
    facts, found = findings_of(spans_of(case))
    texts = [written(facts.forest, finding) for finding in found]
    assert set(case["expect"]["findings"]) <= set(texts)
    if case["expect"].get("findings_exact"):
        assert texts == case["expect"]["findings"]


@pytest.mark.parametrize("name", ["doc_A_checkout_fraud_80pct"])
def test_the_checkout_trace_has_no_calls_to_run_together(name: str) -> None:
    [case] = [case for case in CASES if case["name"] == name]
    assert "serial_calls" not in codes(spans_of(case))


def test_each_finding_has_a_rule_that_says_how_it_is_known() -> None:
    source = "".join(Path(module.__file__ or "").read_text() for module in MODULES)
    named = set(re.findall(r'(?:finding|Finding)\(\s*"(\w+)"', source)) | {"n_plus_one", "n_plus_one_calls"}
    assert named == set(RULES) == set(DEFAULTS)


@settings(max_examples=100, deadline=None)
@given(traces() | broken_traces())
def test_no_finding_promises_more_than_the_whole(spans: list[Span]) -> None:
    facts, found = findings_of(spans)
    path = facts.completion or facts.path
    until_last_ns = int((path.end_ns - path.start_ns).sum())
    for finding in found:
        whole_ns = until_last_ns if finding.code == "queue_wait" else facts.response_ns
        assert 0 <= finding.gain_ns <= whole_ns
    assert all(0 <= node < len(facts.forest) for finding in found for node in finding.nodes)
