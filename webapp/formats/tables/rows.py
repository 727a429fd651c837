"""Rows of a table as spans, a batch of columns at a time. Which column is what: `layout.py`; single values: `cells.py`."""

from collections.abc import Iterator

from webapp.formats import units
from webapp.formats.notes import Notes
from webapp.formats.tables import cells
from webapp.formats.tables.batch import Batch, Columns, Place
from webapp.formats.tables.clocks import Clocks, Kin
from webapp.formats.tables.details import Details
from webapp.formats.tables.ids import ids, parents, span_ids, written
from webapp.formats.tables.layout import MOST_COLUMNS, Layout
from webapp.formats.tables.status import kinds, statuses
from webapp.model.spans import Scope, Span


class Rows:
    """Remembers between batches which unit the times have, and what spans share."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._clocks = Clocks(notes)
        self._details = Details(self._clocks, notes)
        self._scopes: dict[tuple[str, str], Scope] = {}
        self._told_width = False

    def spans(self, layout: Layout, columns: Columns, rows: int, place: Place) -> Iterator[Span]:
        """Rows without ids are rejected."""
        batch = Batch(layout, columns, rows, place)
        self._clocks.declare(layout.units)
        if layout.left_out and not self._told_width:
            self._told_width = True
            message = f"{layout.left_out:,} columns were left out; {MOST_COLUMNS:,} are kept as attributes."
            self._notes.warn("too_large", message)
        traces = ids(batch.of("trace_id"), 32, self._notes, place)
        starts = self._clocks.points("start", batch.of("start"), place)
        own_ids, parent_ids = span_ids(batch, traces, self._notes), parents(batch, self._notes)
        ends = self._ends(batch, starts, zip(traces, own_ids, parent_ids, strict=True))
        attributes = self._details.attributes(batch)
        status, messages = statuses(batch, attributes)
        fields = zip(
            traces, own_ids, parent_ids,
            batch.of("trace_id"), batch.of("span_id"), batch.texts("name"), kinds(batch, attributes),
            starts, ends, status, messages, attributes,
            self._details.events(batch), self._details.links(batch), self._details.resources(batch),
            self._scopes_of(batch), batch.texts("trace_state"), batch.of("flags"), batch.of("weight"),
            strict=True,
        )  # fmt: skip
        for row, (
            trace_id, span_id, parent, trace_written, span_written, name, kind, start_ns, end_ns, status_number,
            message, about, events, links, resource, scope, state, flags, weight,
        ) in enumerate(fields):  # fmt: skip
            if not trace_id or not span_id:
                self._notes.reject("bad_id", where=place(row))
                continue
            yield Span(
                trace_id=trace_id,
                span_id=span_id,
                parent_span_id=parent,
                name=name,
                service=cells.text(resource.attributes.get("service.name") or about.get("service.name"))
                or units.UNKNOWN_SERVICE,
                kind=kind,
                start_ns=start_ns,
                end_ns=end_ns,
                status=status_number,
                status_message=message,
                attributes=about,
                events=events,
                links=links,
                resource=resource,
                scope=scope,
                trace_state=state,
                flags=(units.whole_number(flags) or 0) if flags else 0,
                weight=_weight(weight) if weight else 1.0,
                written_trace_id="" if trace_written == trace_id else written(trace_written, trace_id),
                written_span_id="" if span_written == span_id else written(span_written, span_id),
            )

    def _ends(self, batch: Batch, starts: list[int], kin: Kin) -> list[int]:
        """From the end if there is one, else from the duration; 0 (unfinished) without both."""
        by_end = self._clocks.points("end", batch.of("end"), batch.place) if batch.has("end") else []
        if by_end and (all(by_end) or not batch.has("duration")):
            return by_end
        lasting = self._clocks.ends(starts, batch.of("duration"), batch.place, kin)
        return [end or other for end, other in zip(by_end, lasting, strict=True)] if by_end else lasting

    def _scopes_of(self, batch: Batch) -> list[Scope]:
        found = []
        for parts in zip(batch.texts("scope_name"), batch.texts("scope_version"), strict=True):
            if parts not in self._scopes:
                self._scopes[parts] = Scope(*parts)
            found.append(self._scopes[parts])
        return found


def _weight(written: object) -> float:
    """How many spans a sampled one stands for."""
    found = units.whole_number(written)
    return float(found) if found and 0 < found < 10**9 else 1.0
