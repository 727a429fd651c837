"""From spans as recorded to trees that can be measured (analysis.md section 1), many traces at once.

The order of the repairs matters and is all that this file holds; each repair lives in a room of its own.
"""

import numpy as np

from webapp.analysis import skew
from webapp.analysis.blocking import blocking_mask
from webapp.analysis.defects import break_cycles, follow_links, hang_up_orphans, primary_roots
from webapp.analysis.draft import Draft, draft_of
from webapp.analysis.ids import distinct, index_of, resolve_parents
from webapp.analysis.times import Filled, filled, straighten, unknown_starts
from webapp.model.columns import I32, I64, SpanColumns
from webapp.model.facts import Forest


def repair(columns: SpanColumns) -> Forest:
    """Never changes `columns`. Repairing what is repaired changes nothing."""
    rows = distinct(columns)
    draft = draft_of(columns, rows.kept)
    for row in rows.repeated.tolist():
        draft.notes.add("duplicate_dropped", int(columns.trace[row]), int(columns.span_id[row]))
    index = index_of(draft, rows.order)
    resolve_parents(draft, index)
    straighten(draft)
    break_cycles(draft)
    follow_links(draft, index)
    hang_up_orphans(draft)
    times = filled(draft)
    unknown = unknown_starts(draft.trace, draft.start_ns, draft.end_ns)
    draft.note_all("unknown_start", unknown & (draft.source >= 0))
    draft.note_all("unfinished", draft.unfinished)
    if columns.inferred:
        draft.note_all("inferred_from_logs", np.isin(draft.trace, columns.inferred) & (draft.source >= 0))
    offset_ns = skew.offsets(draft, times)
    draft.start_ns, draft.end_ns = times.start_ns + offset_ns, times.end_ns + offset_ns
    return _forest(draft, offset_ns, columns.row[rows.repeated])


def _roots(draft: Draft) -> I32:
    """The primary root of each trace; a placeholder only where no root was received."""
    times, received = Filled(draft.start_ns, draft.end_ns), draft.source >= 0
    real = primary_roots(draft, times, received)
    several = np.bincount(draft.trace[(draft.parent < 0) & received], minlength=len(real)) > 1
    for root in real[several].tolist():
        draft.note("multiple_roots", root)
    return np.where(real >= 0, real, primary_roots(draft, times, ~received)).astype(np.int32)


def _forest(draft: Draft, offset_ns: I64, dropped: I64) -> Forest:
    """Puts the placeholders, so far behind everything else, at the end of their traces."""
    order = np.argsort(draft.trace, kind="stable")
    place = np.empty(len(order) + 1, np.int32)
    place[order] = np.arange(len(order))
    place[-1] = -1  # what has no parent still has none
    draft.detached &= draft.parent >= 0
    blocking = blocking_mask(
        draft.parent,
        draft.start_ns,
        draft.end_ns,
        kind=draft.kind,
        service=draft.service,
        detached=draft.detached,
    )
    root = place[_roots(draft)]
    return Forest(
        columns=draft.columns,
        source=draft.source[order],
        trace=draft.trace[order],
        span_id=draft.span_id[order],
        suffix=draft.suffix[order],
        parent=place[draft.parent[order]],
        start_ns=draft.start_ns[order],
        end_ns=draft.end_ns[order],
        offset_ns=offset_ns[order],
        service=draft.service[order],
        name=draft.name[order],
        kind=draft.kind[order],
        status=draft.status[order],
        blocking=blocking[order],
        detached=draft.detached[order],
        unfinished=draft.unfinished[order],
        root=root,
        dropped=dropped,
        warnings=draft.notes.warnings(),
        too_far=[(int(place[node]), ns) for node, ns in draft.too_far],
    )
