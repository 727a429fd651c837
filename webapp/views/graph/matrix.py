"""The service graph as a matrix: callers down, callees across. For graphs too dense to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from webapp.model.results import Graph, GraphEdge, GraphNode

MOST = 40  # rows and columns
_LEVELS = 5  # of shade, by the logarithm of calls
RED_FROM = 0.02


@dataclass(frozen=True, slots=True)
class Cell:
    """Calls of one pair, by whatever ways. `level` 1 to 5 is the shade."""

    edges: list[GraphEdge]
    calls: str
    level: int
    red: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """Busiest first. `cells` by caller and callee; `hidden`: nodes that are left to the table."""

    callers: list[GraphNode]
    callees: list[GraphNode]
    cells: dict[tuple[str, str], Cell]
    hidden: int


def matrix_of(graph: Graph, shown: set[str]) -> Matrix:
    """Of the nodes `shown`."""
    edges = [edge for edge in graph.edges if edge.caller in shown and edge.callee in shown]
    callers, callees = {edge.caller for edge in edges}, {edge.callee for edge in edges}
    by_pair: dict[tuple[str, str], list[GraphEdge]] = {}
    for edge in edges:
        by_pair.setdefault((edge.caller, edge.callee), []).append(edge)
    most = max((sum(edge.calls for edge in pair) for pair in by_pair.values()), default=1)
    return Matrix(
        [node for node in graph.nodes if node.name in callers],
        [node for node in graph.nodes if node.name in callees],
        {pair: _cell(found, most) for pair, found in by_pair.items()},
        len(graph.nodes) - len(shown),
    )


def _cell(edges: Sequence[GraphEdge], most: float) -> Cell:
    calls = sum(edge.calls for edge in edges)
    errors = sum(edge.errors for edge in edges)
    part = log10(max(1, calls)) / max(1.0, log10(max(10, most)))
    return Cell(
        list(edges), short(calls), max(1, min(_LEVELS, round(part * _LEVELS))), errors > RED_FROM * calls
    )


def short(number: float) -> str:
    """In four characters: `812`, `1.2k`, `44k`, `3.1M`."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            value = number / size
            return f"{value:.1f}{unit}" if value < 9.95 else f"{value:.0f}{unit}"
    return str(round(number))
