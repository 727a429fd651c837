"""A forest while it is being repaired: arrays that may still change, and the notes taken on the way. No rules here."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from webapp.model.columns import I32, I64, U8, U64, Bool, SpanColumns
from webapp.model.warnings import CODES, Warning

_MOST_NAMED = 100  # spans named one by one for a code and trace; the others are only counted


@dataclass(slots=True)
class Notes:
    """Warnings by trace and code, gathered in any order and told in one that does not depend on it."""

    trace_ids: list[str]
    taken: dict[int, dict[str, list[tuple[str, str]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, code: str, trace: int, span_id: int, message: str = "") -> None:
        self.taken[trace][code].append((f"{span_id:016x}", message or CODES[code]))

    def warnings(self) -> list[list[Warning]]:
        """One list a trace."""
        return [
            self._of_trace(trace, trace_id) if trace in self.taken else []
            for trace, trace_id in enumerate(self.trace_ids)
        ]

    def _of_trace(self, trace: int, trace_id: str) -> list[Warning]:
        told = []
        for code in sorted(self.taken[trace], key=list(CODES).index):
            named = sorted(self.taken[trace][code])
            told += [Warning(code, message, trace_id, span_id) for span_id, message in named[:_MOST_NAMED]]
            if len(named) > _MOST_NAMED:
                told.append(Warning(code, CODES[code], trace_id, "", len(named) - _MOST_NAMED))
        return told


@dataclass(slots=True)
class Draft:
    """One entry a node, as in `Forest`. `parent_id` is as recorded, 0 = none; `missing`: it names a span not received.

    Placeholders are appended behind everything else, with source -1, until the forest is put in order.
    """

    columns: SpanColumns
    notes: Notes
    source: I32
    trace: I32
    span_id: U64
    parent_id: U64
    suffix: I32
    parent: I32
    start_ns: I64
    end_ns: I64
    kind: U8
    status: U8
    service: I32
    name: I32
    host: I32
    detached: Bool
    missing: Bool
    unfinished: Bool
    too_far: list[tuple[int, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.parent)

    def note(self, code: str, node: int, message: str = "") -> None:
        self.notes.add(code, int(self.trace[node]), int(self.span_id[node]), message)

    def note_all(self, code: str, mask: Bool) -> None:
        for node in np.flatnonzero(mask).tolist():
            self.note(code, node)

    def spans_by_trace(self) -> I64:
        """Where the spans of trace t begin; entry t + 1 is where they end. Valid until placeholders are appended."""
        return np.searchsorted(self.trace, np.arange(len(self.columns.trace_ids) + 1))


def draft_of(columns: SpanColumns, rows: I64) -> Draft:
    """The given rows, without parents yet."""
    end_ns = columns.end_ns[rows]
    count = len(rows)
    return Draft(
        columns=columns,
        notes=Notes(columns.trace_ids),
        source=rows.astype(np.int32),
        trace=columns.trace[rows],
        span_id=columns.span_id[rows],
        parent_id=columns.parent_id[rows],
        suffix=np.zeros(count, np.int32),
        parent=np.full(count, -1, np.int32),
        start_ns=columns.start_ns[rows],
        end_ns=end_ns,
        kind=columns.kind[rows],
        status=columns.status[rows],
        service=columns.service[rows],
        name=columns.name[rows],
        host=columns.host[rows],
        detached=columns.follows_from[rows],
        missing=np.zeros(count, np.bool_),
        unfinished=end_ns == 0,
    )


def append_placeholders(draft: Draft, trace: I32, span_id: U64, interval_ns: tuple[I64, I64]) -> None:
    """Nodes for spans that were named but not received: INTERNAL, of no known service."""
    count = len(trace)
    draft.source = np.append(draft.source, np.full(count, -1, np.int32))
    draft.trace = np.append(draft.trace, trace)
    draft.span_id = np.append(draft.span_id, span_id)
    draft.parent_id = np.append(draft.parent_id, np.zeros(count, np.uint64))
    draft.suffix = np.append(draft.suffix, np.zeros(count, np.int32))
    draft.parent = np.append(draft.parent, np.full(count, -1, np.int32))
    draft.start_ns = np.append(draft.start_ns, interval_ns[0])
    draft.end_ns = np.append(draft.end_ns, interval_ns[1])
    draft.kind = np.append(draft.kind, np.ones(count, np.uint8))
    draft.status = np.append(draft.status, np.zeros(count, np.uint8))
    for column in ("service", "name", "host"):
        setattr(draft, column, np.append(getattr(draft, column), np.full(count, -1, np.int32)))
    for flag in ("detached", "missing", "unfinished"):
        setattr(draft, flag, np.append(getattr(draft, flag), np.zeros(count, np.bool_)))
