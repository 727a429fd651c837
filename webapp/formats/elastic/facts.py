"""What Elastic tells of one piece of work or one failure, whether sent or stored. No spans yet."""

from typing import NamedTuple

from webapp.model.spans import Attributes, Value


class Work(NamedTuple):
    """A transaction (work that a service was asked for) or a span (a step of one).

    `time`: as written, None if only `offset_ms` after the transaction's is known. `type` may hold subtype and action
    behind dots. `attributes` and `process` have OpenTelemetry's names where there are such.
    """

    trace_id: str
    id: Value
    parent_id: Value
    transaction_id: Value
    is_transaction: bool
    name: str
    type: str
    subtype: str
    action: str
    time: Value
    offset_ms: Value
    duration_ms: Value
    kind: Value
    outcome: str
    links: Value
    attributes: Attributes
    process: Attributes
    weight: float
    where: str


class Failure(NamedTuple):
    """An error that was caught or logged in the span `parent_id`, or else in the transaction."""

    trace_id: str
    parent_id: Value
    transaction_id: Value
    time: Value
    attributes: Attributes
    where: str
