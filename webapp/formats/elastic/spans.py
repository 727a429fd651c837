"""Facts of one trace made into spans: times, kinds, failures as events. Where facts come from is elsewhere."""

from collections.abc import Iterator
from typing import Any

from webapp.formats import moments, units
from webapp.formats.elastic.facts import Failure, Work
from webapp.formats.ids import Ids
from webapp.formats.notes import Notes
from webapp.formats.resources import Resources
from webapp.model.spans import Attributes, Event, Kind, Link, Span, Status, Value

_CALLS = ("external", "db", "storage", "cache", "http", "rpc")
_SENDS = ("send", "publish", "produce")
_ASKED = ("request", "lambda", "http")
_SYSTEMS = {"db": "db.system.name", "messaging": "messaging.system"}


class Spans:
    """Makes the spans of one source."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._ids = Ids(notes)
        self._resources = Resources()

    def of_trace(self, facts: list[Work | Failure]) -> Iterator[Span]:
        works = [fact for fact in facts if isinstance(fact, Work)]
        known = {str(work.id) for work in works}
        failures: dict[str, list[Failure]] = {}
        for fact in facts:
            if isinstance(fact, Failure):
                owner = next(
                    (str(one) for one in (fact.parent_id, fact.transaction_id) if str(one) in known), ""
                )
                if owner:
                    failures.setdefault(owner, []).append(fact)
                else:
                    self._notes.warn("no_owner", where=fact.where)
        starts = self._starts(works)
        for work, start_ns in zip(works, starts, strict=True):
            found = self._span(work, start_ns, failures.pop(str(work.id), []))
            if found is not None:
                yield found

    def _starts(self, works: list[Work]) -> list[int | None]:
        """Without a time of its own a span begins so long after its transaction; with none at all, all count from 0."""
        written = [None if work.time is None else self._time(work.time, work.where) for work in works]
        if not any(written):
            return [_offset_ns(work) for work in works]
        begun = {
            str(work.id): start_ns
            for work, start_ns in zip(works, written, strict=True)
            if work.is_transaction and start_ns
        }
        return [
            begun[str(work.transaction_id)] + _offset_ns(work)
            if start_ns is None and work.offset_ms is not None and str(work.transaction_id) in begun
            else start_ns
            for work, start_ns in zip(works, written, strict=True)
        ]

    def _span(self, work: Work, start_ns: int | None, failures: list[Failure]) -> Span | None:
        trace_id, span_id = self._ids.trace(work.trace_id, work.where), self._ids.span(work.id, work.where)
        if not trace_id or not span_id:
            self._notes.reject("bad_id", where=work.where)
            return None
        parent = work.parent_id if work.parent_id is not None or work.is_transaction else work.transaction_id
        resource, service = self._resources.named(work.process)
        attributes = _typed(work) | work.attributes
        if start_ns is None and work.duration_ms is not None:
            attributes["elastic.duration_ms"] = work.duration_ms  # of a span whose start nobody knows
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=self._ids.span(parent, work.where),
            name=work.name,
            service=service,
            start_ns=start_ns or 0,
            end_ns=0 if start_ns is None else self._end(start_ns, work),
            kind=_kind(work),
            status=int(Status.ERROR if work.outcome == "failure" else Status.UNSET),
            attributes=attributes,
            events=[self._event(one) for one in failures],
            links=list(self._links(work)),
            resource=resource,
            written_trace_id=units.written_form(work.trace_id, trace_id),
            written_span_id=units.written_form(work.id, span_id),
            weight=work.weight,
        )

    def _time(self, written: Value, where: str) -> int:
        """Agents send microseconds."""
        return moments.checked(units.time_ns(written, "us"), self._notes, where)

    def _end(self, start_ns: int, work: Work) -> int:
        length_ns = 0 if work.duration_ms is None else units.scaled_ns(work.duration_ms, "ms")
        if work.duration_ms is None:
            return 0
        return moments.checked(None if length_ns is None else start_ns + length_ns, self._notes, work.where)

    def _event(self, failure: Failure) -> Event:
        time_ns = 0 if failure.time is None else self._time(failure.time, failure.where)
        return Event("exception", time_ns, failure.attributes)

    def _links(self, work: Work) -> Iterator[Link]:
        for link in work.links if isinstance(work.links, list) else ():
            trace, span = _link_ids(link)
            trace_id, span_id = self._ids.trace(trace, work.where), self._ids.span(span, work.where)
            if trace_id or span_id:
                yield Link(trace_id, span_id)
            else:
                self._notes.warn("bad_attribute", where=work.where)


def _offset_ns(work: Work) -> int:
    offset_ns = units.scaled_ns(work.offset_ms, "ms") or 0
    return offset_ns if units.is_clock_time(offset_ns) else 0


def _link_ids(link: Any) -> tuple[Value, Value]:  # noqa: ANN401  JSON can be anything
    """As agents send it, or as Elasticsearch keeps it."""
    told = link if isinstance(link, dict) else {}
    ids = []
    for kind in ("trace", "span"):
        inner = told.get(kind)
        ids.append(
            inner.get("id") if isinstance(inner, dict) else told.get(f"{kind}_id", told.get(f"{kind}.id"))
        )
    return ids[0], ids[1]


def _words(work: Work) -> tuple[str, str, str]:
    """Type, subtype and action; agents before 7.0 wrote `db.postgresql.query`."""
    if work.subtype or work.action or "." not in work.type:
        return work.type, work.subtype, work.action
    first, second, *rest = work.type.split(".")
    return first, second, ".".join(rest)


def _typed(work: Work) -> Attributes:
    kind, subtype, action = _words(work)
    of = "transaction" if work.is_transaction else "span"
    found: Attributes = {f"{of}.type": kind, f"{of}.subtype": subtype, f"{of}.action": action}
    if subtype and kind in _SYSTEMS and not work.is_transaction:
        found[_SYSTEMS[kind]] = subtype
    return {key: value for key, value in found.items() if value}


def _kind(work: Work) -> int:
    """As OpenTelemetry's bridge says it, else by what the work is."""
    if kind := units.kind_number(work.kind):
        return kind
    first, _, action = _words(work)
    if work.is_transaction:
        if first == "messaging":
            return int(Kind.CONSUMER)
        return int(Kind.SERVER if first in _ASKED else Kind.INTERNAL)
    if first == "messaging":
        return int(Kind.PRODUCER if action in _SENDS else Kind.CONSUMER)
    return int(Kind.CLIENT if first in _CALLS else Kind.INTERNAL)
