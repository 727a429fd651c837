"""A trace as it is taken away: as it is here, or analysed anew without what the address asks to leave out (`redact=`)."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from flask import g, request

from webapp.analysis.preview import preview_of
from webapp.analysis.trace import analyse_trace
from webapp.errors import NotFound
from webapp.formats.redaction import Redaction, patterns_in
from webapp.model.spans import Span
from webapp.store import Store
from webapp.store.reading.origins import Origin
from webapp.views.present import store
from webapp.views.trace.cache import OpenTrace, open_trace

LOG_LINES = "log lines"
# Hashes are equal within a run of the server and of no use for guessing: there are only so many IP addresses.
_SALT = secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Taken:
    """`store` holds the spans as they are taken; `removed` says how many values were hashed, by key."""

    trace: OpenTrace
    store: Store
    removed: Mapping[str, int]


def asked_patterns() -> list[str]:
    """Raises BadSetting, as `Redaction` does."""
    return patterns_in(request.args.getlist("redact"))


def taken_spans(trace: OpenTrace) -> tuple[list[Span], Mapping[str, int]]:
    """The spans, in the order in which they are stored, and what was removed from them."""
    spans = store().spans(trace.trace_id)
    patterns = asked_patterns()
    if not patterns:
        return spans, {}
    redaction = Redaction(patterns, _SALT)
    spans = list(redaction.spans(spans))
    if trace.logs.total:
        redaction.removed[LOG_LINES] += (
            trace.logs.total
        )  # they are not spans, and never exported but with the page
    return spans, dict(redaction.removed.most_common())


@contextmanager
def taken(trace: OpenTrace) -> Iterator[Taken]:
    """Analysis quotes names, messages and attributes: what must not be seen in it must not be there when it is made."""
    if not asked_patterns():
        yield Taken(trace, store(), {})
        return
    spans, removed = taken_spans(trace)
    with Store.open(None) as hidden:
        hidden.append(spans, hidden.start_source("redacted", "otlp", ""))
        hidden.settle()
        whole = hidden.whole(trace.trace_id)
        if whole is None:
            raise NotFound(f"The trace {trace.trace_id} holds no spans.")
        slots = g.slots = hidden.service_slots() | store().service_slots()
        whole = replace(whole, origin=Origin())  # names files, and the id as they write it
        opened = open_trace(hidden, whole, (trace.trace_id, trace.version), analyse_trace(whole.columns))
        coloured = preview_of(opened.rows, opened.facts.critical_ns > 0, slots)
        yield Taken(replace(opened, preview=coloured), hidden, removed)
