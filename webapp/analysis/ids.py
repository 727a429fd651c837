"""Who is whose parent, by id: exact duplicates, several spans under one id, references to ids. No times are changed."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from webapp.analysis.draft import Draft
from webapp.analysis.runs import first_at_least, run_lengths, run_starts
from webapp.model.columns import I32, I64, U64, Bool, SpanColumns
from webapp.model.spans import Kind

_ANSWERED_BY: dict[int, int] = {Kind.CLIENT: Kind.SERVER, Kind.PRODUCER: Kind.CONSUMER}


@dataclass(frozen=True, slots=True)
class Distinct:
    """Rows to keep and rows that repeat an earlier one in every stored field; `order` sorts the kept by (trace, id)."""

    kept: I64
    repeated: I64
    order: I64


def distinct(columns: SpanColumns) -> Distinct:
    count = len(columns)
    one = len(columns.trace_ids) == 1
    order = np.argsort(columns.span_id) if one else np.lexsort((columns.span_id, columns.trace))
    trace, span_id = columns.trace[order], columns.span_id[order]
    same_id = (trace[1:] == trace[:-1]) & (span_id[1:] == span_id[:-1])
    if not same_id.any():
        return Distinct(np.arange(count), np.empty(0, np.int64), order)
    order = np.lexsort((columns.content, columns.span_id, columns.trace))
    trace, span_id, content = columns.trace[order], columns.span_id[order], columns.content[order]
    repeats = np.zeros(count, np.bool_)
    repeats[order[1:]] = (
        (trace[1:] == trace[:-1]) & (span_id[1:] == span_id[:-1]) & (content[1:] == content[:-1])
    )
    place = np.cumsum(~repeats) - 1
    return Distinct(np.flatnonzero(~repeats), np.flatnonzero(repeats), place[order[~repeats[order]]])


@dataclass(frozen=True, slots=True)
class Index:
    """Nodes by (trace, span id). `order` holds the nodes sorted so; `bounds` where each trace begins in it.

    Nodes of one id stand in the order of their suffixes once those are given.
    """

    order: I64
    span_id: U64
    bounds: I64

    def find(self, trace: I32, span_id: U64) -> I32:
        """The first node of that id in that trace, -1 if there is none."""
        if len(self.order) == 0:
            return np.full(len(trace), -1, np.int32)
        high = self.bounds[trace + 1]
        if len(self.bounds) == 2:  # one trace; asked in order, each search begins where memory was just read
            by_id = np.argsort(span_id)
            place = np.empty(len(span_id), np.int64)
            place[by_id] = np.searchsorted(self.span_id, span_id[by_id])
        else:
            place = first_at_least(self.span_id, self.bounds[trace], high, span_id)
        within = np.minimum(place, len(self.order) - 1)
        found = (place < high) & (self.span_id[within] == span_id)
        return np.where(found, self.order[within], -1).astype(np.int32)


def index_of(draft: Draft, order: I64) -> Index:
    return Index(order, draft.span_id[order], draft.spans_by_trace())


def resolve_parents(draft: Draft, index: Index) -> None:
    """Sets `parent`, `missing` and `suffix` of every node."""
    named = draft.parent_id != 0
    itself = named & (draft.parent_id == draft.span_id)
    draft.parent = np.where(named, index.find(draft.trace, draft.parent_id), -1).astype(np.int32)
    draft.missing = named & (draft.parent < 0)
    draft.parent[itself] = -1
    itself &= ~_tell_namesakes_apart(draft, index)
    draft.note_all("self_parent", itself)


def _tell_namesakes_apart(draft: Draft, index: Index) -> Bool:
    """Gives spans of one id their suffixes, and each of their children the one it belongs to.

    Returns which nodes are the answering half of a shared span: those hang under the calling half.
    """
    answering = np.zeros(len(draft), np.bool_)
    starts = run_starts(draft.trace[index.order], index.span_id)
    lengths = run_lengths(starts, len(index.order))
    families: dict[int, _Namesakes] = {}
    for start, length in zip(starts[lengths > 1].tolist(), lengths[lengths > 1].tolist(), strict=True):
        place = slice(start, start + length)
        family = _Namesakes(draft, index.order[place].tolist())
        families[int(index.order[start])] = family
        index.order[place] = family.members
        draft.suffix[family.members] = np.arange(length)
        answering[family.answering] = True
    if families:
        children = np.flatnonzero(np.isin(draft.parent, list(families)))
        for child in children.tolist():
            draft.parent[child] = families[int(draft.parent[child])].parent_of(child)
        for family in families.values():
            draft.parent[family.answering] = family.members[0]
    return answering


class _Namesakes:
    """Different spans under one id, `members` in the order of their suffixes.

    If exactly one calls and all others answer it, this is one call seen from both sides (Zipkin's shared span).
    """

    def __init__(self, draft: Draft, nodes: list[int]) -> None:
        self.draft = draft
        services, names = draft.columns.services, draft.columns.names
        self.members = sorted(
            nodes,
            key=lambda node: (
                draft.kind[node] not in _ANSWERED_BY,
                draft.start_ns[node],
                draft.end_ns[node],
                services[draft.service[node]],
                names[draft.name[node]],
                draft.columns.content[draft.source[node]],
            ),
        )
        self.answering = self.members[1:] if self._is_shared() else []
        grouped: dict[int, list[int]] = defaultdict(list)
        for node in self.answering or self.members:
            grouped[int(draft.service[node])].append(node)
        if (
            self.answering
        ):  # a child of the caller's service belongs to the caller, unless the answer is of it too
            grouped.setdefault(int(draft.service[self.members[0]]), [self.members[0]])
        self._by_service = {service: _Shelf(draft, shelved) for service, shelved in grouped.items()}
        self._others = _Shelf(draft, self.answering or self.members)
        for node in self.members[1:]:
            draft.note("shared_id_split" if self.answering else "duplicate_id", node)

    def _is_shared(self) -> bool:
        kinds = self.draft.kind[self.members].tolist()
        flags = self.draft.columns.shared[self.draft.source[self.members]].tolist()
        answer = _ANSWERED_BY.get(kinds[0])
        return answer is not None and all(
            kind == answer or flag for kind, flag in zip(kinds[1:], flags[1:], strict=True)
        )

    def parent_of(self, child: int) -> int:
        shelf = self._by_service.get(int(self.draft.service[child]), self._others)
        return shelf.containing(int(self.draft.start_ns[child]), int(self.draft.end_ns[child]))


class _Shelf:
    """Nodes by start, to find the first that contains an interval without asking each."""

    def __init__(self, draft: Draft, nodes: list[int]) -> None:
        self.nodes = sorted(nodes, key=lambda node: int(draft.start_ns[node]))
        self.starts = draft.start_ns[self.nodes].tolist()
        self.latest_ends = list(accumulate(draft.end_ns[self.nodes].tolist(), max))

    def containing(self, start_ns: int, end_ns: int) -> int:
        """The earliest node if none contains the interval."""
        place = bisect_left(self.latest_ends, end_ns)
        return self.nodes[place if place < bisect_right(self.starts, start_ns) else 0]
