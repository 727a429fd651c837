"""How the values of a numeric field lie, over time. Shapes only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ValueCell:
    """Spans in column `x` (time) and row `y` (value) of a Distribution."""

    x: int
    y: int
    spans: int
    errors: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """Edges have one more entry than cells; those of values logarithmic if `log`. `without`: spans without a number."""

    field: str
    time_edges_ns: list[int]
    value_edges: list[float]
    log: bool
    cells: list[ValueCell]
    without: int
    based_on: int | None
