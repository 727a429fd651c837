"""A log line that names a trace. Not here: what is made of it (`analysis/inferred.py`, `analysis/log_places.py`)."""

import msgspec

from webapp.model.spans import Attributes


class LogLine(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One line, as written but for its ids and its time, which are ours (see `Span`); `time_ns` 0 is unknown.

    `level`: trace, debug, info, warn, error or fatal, else as written; "" unknown. `service` "" when it does not say.
    `span_id`, `parent_span_id`: 16 hex digits or "".
    """

    trace_id: str
    time_ns: int
    message: str
    level: str = ""
    service: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    attributes: Attributes = {}
    written_trace_id: str = ""
    written_span_id: str = ""


FAILED_LEVELS = frozenset({"error", "fatal"})
