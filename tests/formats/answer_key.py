"""The shared collection of real trace files with what is known to be in them; absent on other people's machines."""

import csv
from pathlib import Path
from typing import NamedTuple

import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "traces"


class Known(NamedTuple):
    path: Path
    traces: int
    spans: int


def files(kind: str) -> list[Known]:
    """Call it in a test: that is skipped where the collection is not."""
    index = FOLDER / "INDEX.tsv"
    if not index.is_file():
        pytest.skip("the shared collection of trace files is not on this machine")
    with index.open(encoding="utf-8", newline="") as lines:
        found = [row for row in csv.DictReader(lines, delimiter="\t") if row["format"] == kind]
    return [Known(FOLDER / row["path"], int(row["traces"]), int(row["spans"])) for row in found]
