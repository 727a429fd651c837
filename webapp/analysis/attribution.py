"""Whose time a path is: its segments summed by the span's own service and name, many traces at once. No words here."""

from dataclasses import dataclass, field

import numpy as np

from webapp.analysis.runs import gathered_from_above, positions, run_starts
from webapp.model.columns import I32, I64, U8, Bool
from webapp.model.facts import Forest, Path, Where
from webapp.model.spans import Kind, Status

MISSING = "(missing)"  # what stands for the service and the name of a span that was not received

_WORK, _HANDOVER, _QUEUE = 0, 1, 2
_WAITS = ("", "handover", "queue")


@dataclass(frozen=True, slots=True)
class Row:
    """What the spans of one service and name own of a path, or what was waited for them (`wait`)."""

    service: str
    name: str
    critical_ns: int
    calls: int = 1  # spans with a segment of their own
    errors: int = 0  # how many of those failed
    gap_ns: int = 0  # beside children on the path: not covered by any of them
    network_ns: int = 0  # the part of it in which a call was under way to or from its server
    wait: str = ""  # "queue": a message lay there; "handover": anything else that began late


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a path rests on. `rows` are its largest, largest first; spans that were not received have none."""

    total_ns: int
    spans: int
    root: tuple[str, str]
    rows: list[Row]
    missing_spans: int = 0
    missing_ns: int = 0
    through_missing: bool = False  # the path runs through a span that was not received
    shifted: bool = False  # it runs through a span whose times were moved
    shifted_hosts: list[str] = field(default_factory=list)
    unfinished: bool = False  # the root has no end


def evidence(forest: Forest, path: Path, most_rows: int = 3) -> list[Evidence]:
    """One a trace. The segments of `path` may belong to many traces and stand in any order."""
    traces = len(forest.columns.trace_ids)
    owner = forest.trace[path.node]
    length = path.end_ns - path.start_ns
    placeholder = forest.source < 0
    lost = placeholder[path.node]
    total_ns = _sums(owner, length, traces)
    missing_ns = _sums(owner[lost], length[lost], traces)
    spans = np.bincount(forest.trace[~placeholder], minlength=traces).tolist()
    missing = np.bincount(forest.trace[placeholder], minlength=traces).tolist()
    shifted = np.bincount(owner[forest.offset_ns[path.node] != 0], minlength=traces) > 0
    through_missing = np.bincount(owner[_at_or_below(forest, placeholder)[path.node]], minlength=traces) > 0
    hosts = _shifted_hosts(forest)
    rows = _rows(forest, path, most_rows)
    return [
        Evidence(
            total_ns=total_ns[trace],
            spans=spans[trace],
            root=label(forest, root),
            rows=rows[trace],
            missing_spans=missing[trace],
            missing_ns=missing_ns[trace],
            through_missing=bool(through_missing[trace]),
            shifted=bool(shifted[trace]),
            shifted_hosts=hosts.get(trace, []),
            unfinished=bool(forest.unfinished[root]),
        )
        for trace, root in enumerate(forest.root.tolist())
    ]


def label(forest: Forest, node: int) -> tuple[str, str]:
    """Service and name of a node."""
    if forest.source[node] < 0:
        return MISSING, MISSING
    return forest.columns.services[forest.service[node]], forest.columns.names[forest.name[node]]


def called(service: str, name: str) -> str:
    """How sentences name an operation; some spans come without a name."""
    return f"{service} · {name}" if name else service


def _sums(index: I32, values: I64, count: int) -> list[int]:
    sums = np.zeros(count, np.int64)
    np.add.at(sums, index, values)
    return [int(value) for value in sums]


def _at_or_below(forest: Forest, marked: Bool) -> Bool:
    return gathered_from_above(forest.parent, marked, np.logical_or) if marked.any() else marked


def _shifted_hosts(forest: Forest) -> dict[int, list[str]]:
    found: dict[int, set[str]] = {}
    for node in np.flatnonzero(forest.offset_ns).tolist():
        host = int(forest.columns.host[forest.source[node]]) if forest.source[node] >= 0 else -1
        place = forest.columns.hosts[host] if host >= 0 else label(forest, node)[0]
        found.setdefault(int(forest.trace[node]), set()).add(place)
    return {trace: sorted(places) for trace, places in found.items()}


def _rows(forest: Forest, path: Path, most: int) -> list[list[Row]]:
    segments = np.flatnonzero(forest.source[path.node] >= 0)
    node = path.node[segments]
    wait = _waits(forest, path.where[segments], node)
    order = np.lexsort((node, wait, forest.name[node], forest.service[node], forest.trace[node]))
    segments, node, wait = segments[order], node[order], wait[order]
    starts = run_starts(forest.trace[node], forest.service[node], forest.name[node], wait)
    rows: list[list[Row]] = [[] for _ in forest.columns.trace_ids]
    if not len(starts):
        return rows
    sums = _row_sums(forest, path, segments, starts)
    first_ns = np.minimum.reduceat(path.start_ns[segments], starts)
    trace = forest.trace[node[starts]]
    rank = np.lexsort((first_ns, -sums[0], trace))
    rank = rank[positions(run_starts(trace[rank]), len(rank)) < most]
    values = np.stack(sums, axis=1)[rank].tolist()
    for run, (critical_ns, calls, errors, gap_ns, network_ns) in zip(rank.tolist(), values, strict=True):
        service, name = label(forest, int(node[starts[run]]))
        kind = _WAITS[wait[starts[run]]]
        rows[trace[run]].append(Row(service, name, critical_ns, calls, errors, gap_ns, network_ns, kind))
    return rows


def _row_sums(forest: Forest, path: Path, segments: I64, starts: I64) -> tuple[I64, ...]:
    """critical_ns, calls, errors, gap_ns, network_ns of each run of segments, which are by node within a run."""
    node = path.node[segments]
    length = path.end_ns[segments] - path.start_ns[segments]
    first_of_span = np.zeros(len(node), np.int64)
    first_of_span[run_starts(node)] = 1
    first_of_span[starts] = 1
    failed = first_of_span * (forest.status[node] == Status.ERROR)
    where = path.where[segments]
    gap_ns = length * ((where != Where.LEAF) & (where != Where.WAIT))
    network_ns = gap_ns * _has_server(forest)[node]
    return tuple(
        np.add.reduceat(values, starts) for values in (length, first_of_span, failed, gap_ns, network_ns)
    )


def _has_server(forest: Forest) -> Bool:
    """CLIENT spans whose SERVER was received: what the server does not cover is the way there and back."""
    has_server = np.zeros(len(forest), np.bool_)
    server = np.flatnonzero((forest.kind == Kind.SERVER) & (forest.parent >= 0))
    has_server[forest.parent[server]] = True
    is_client: Bool = forest.kind == Kind.CLIENT
    return has_server & is_client


def _waits(forest: Forest, where: U8, node: I32) -> U8:
    above = forest.parent[node]
    is_message = (forest.kind[node] == Kind.CONSUMER) & (
        (forest.kind[above] == Kind.PRODUCER) | (forest.service[above] != forest.service[node])
    )
    kind = np.where(is_message & (above >= 0), _QUEUE, _HANDOVER)
    return np.where(where == Where.WAIT, kind, _WORK).astype(np.uint8)
