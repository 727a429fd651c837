"""Beside which span a log line stands, in a trace that has spans: by its span id, else by service and time."""

from collections import defaultdict
from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np

from webapp.model.columns import I64
from webapp.model.facts import Forest
from webapp.model.logs import LogLine


def places_of(forest: Forest, lines: Sequence[LogLine]) -> I64:
    """Of each line the node of `forest` (of one trace) that it belongs to.

    A line of no span that is here goes to the shortest span of its service that ran then, else to the nearest;
    one of a service without spans to the shortest of all that ran then, else to the root.
    """
    node_of = {span_id: node for node, span_id in reversed(list(enumerate(forest.span_id.tolist())))}
    places = np.full(len(lines), -1, np.int64)
    placeless: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        node = node_of.get(int(line.span_id, 16)) if line.span_id else None
        if node is None:
            placeless[line.service].append(number)
        else:
            places[number] = node
    for service, numbers in placeless.items():
        own = _spans_of(forest, service)
        everywhere = own if len(own) else np.flatnonzero(forest.source >= 0)
        time_ns = np.array([lines[number].time_ns for number in numbers], np.int64)
        places[numbers] = _running(
            forest, everywhere, time_ns, otherwise=-1 if len(own) else int(forest.root[0])
        )
    return places


def _spans_of(forest: Forest, service: str) -> I64:
    names = forest.columns.services
    if not service or service not in names:
        return np.empty(0, np.int64)
    return np.flatnonzero((forest.source >= 0) & (forest.service == names.index(service)))


def _running(forest: Forest, nodes: I64, time_ns: I64, *, otherwise: int) -> I64:
    """The shortest of `nodes` that ran at each time; where none did `otherwise`, if that is -1 the nearest."""
    offset_ns = forest.offset_ns[nodes]  # lines go by the clock that the spans were recorded with
    start_ns, end_ns = forest.start_ns[nodes] - offset_ns, forest.end_ns[nodes] - offset_ns
    by_start = np.argsort(start_ns, kind="stable").tolist()
    found = np.empty(len(time_ns), np.int64)
    running: list[tuple[int, int]] = []  # (length, place in nodes); the shortest first, some of them over
    begun = 0
    for number in np.argsort(time_ns, kind="stable").tolist():
        now_ns = int(time_ns[number])
        while begun < len(by_start) and start_ns[by_start[begun]] <= now_ns:
            place = by_start[begun]
            heappush(running, (int(end_ns[place] - start_ns[place]), place))
            begun += 1
        while running and end_ns[running[0][1]] < now_ns:
            heappop(running)
        if running:
            found[number] = nodes[running[0][1]]
        elif otherwise >= 0:
            found[number] = otherwise
        else:
            away_ns = np.maximum(start_ns - now_ns, now_ns - end_ns)
            found[number] = nodes[int(away_ns.argmin())]
    return found
