"""Exceptions, as events or in the attributes of a span: type, message, and the stack trace with its own code ahead."""

from webapp.model.semconv import text_of
from webapp.model.spans import Attributes, Event
from webapp.views.meaning.shape import Meaning, facts, pieces
from webapp.views.text.stack import stack_block
from webapp.views.trace.values import plain

_STACKS = ("exception.stacktrace", "error.stack", "error.stacktrace", "stack", "stacktrace")
_TYPE = ("exception.type", "error.kind", "error.type")
_MESSAGE = ("exception.message", "error.message", "error.msg", "error.object", "message")
_NAMES = ("exception", "error")
_LONGEST_TOLD = 600  # characters of a message that the line holds


def failure_of(event: Event) -> Meaning | None:
    """Of an event that tells of a failure."""
    attributes = event.attributes
    is_failure = event.name in _NAMES or any(key in attributes for key in (*_STACKS[:3], "exception.type"))
    return _meaning(attributes) if is_failure else None


def failure_in(attributes: Attributes) -> Meaning | None:
    """Of a span that carries a stack trace itself."""
    return _meaning(attributes) if any(attributes.get(key) for key in _STACKS[:3]) else None


def _meaning(attributes: Attributes) -> Meaning | None:
    stack_key = next((key for key in _STACKS if attributes.get(key)), "")
    stack = plain(attributes[stack_key]) if stack_key else ""
    kind, message = text_of(attributes, _TYPE), text_of(attributes, _MESSAGE)
    if not (stack or kind or message):
        return None
    escaped = attributes.get("exception.escaped") in (True, "true", "True")
    block = stack_block(stack) if stack else None
    told = {key for key in (*_TYPE, *_MESSAGE) if len(plain(attributes.get(key, ""))) <= _LONGEST_TOLD}
    if block and not block.cut:
        told.add(stack_key)
    return Meaning(
        "Exception",
        pieces((kind, "bad"), (message, "")),
        facts(("Left the span", "yes" if escaped else "")),
        block=block,
        told=frozenset((told | {"exception.escaped"}) & attributes.keys()),
    )
