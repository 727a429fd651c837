"""What was said to a model and by it, as turns: from attributes or events, in the conventions' forms of several years."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from webapp.model.spans import Attributes, Event, Span, Value
from webapp.views.meaning.shape import Turn
from webapp.views.trace.values import plain, shown, to_json

_LINES = 8  # of what was said, until it is unfolded
MOST_TURNS = 60  # that a page carries; all are in the attributes
_MOST_JSON = 400_000  # characters of JSON that are looked into
_MOST_PARTS = 40
_TONES = {"assistant": "theirs", "model": "theirs", "ai": "theirs", "output": "theirs", "tool": "tool"}
_WHOLE = {  # one attribute that holds messages, or the text of one, and who says it unless the messages do
    "gen_ai.system_instructions": "system",
    "gen_ai.input.messages": "user",
    "gen_ai.prompt": "user",
    "gen_ai.tool.call.arguments": "tool call",
    "gen_ai.tool.input": "tool call",
    "gen_ai.tool.call.result": "tool result",
    "gen_ai.tool.output": "tool result",
    "gen_ai.output.messages": "assistant",
    "gen_ai.completion": "assistant",
}
_PLAIN = {"input.value": "input", "output.value": "output"}  # where nothing else is said
_NUMBERED = re.compile(
    r"(gen_ai\.prompt|gen_ai\.completion|llm\.input_messages|llm\.output_messages)\.(\d{1,6})\.(?:message\.)?(role|content)"
)
_EVENT = re.compile(r"gen_ai\.(?:(system|user|assistant|tool)\.message|(choice))")
_Said = tuple[str, Value]  # role, text


def conversation_of(span: Span) -> tuple[list[Turn], int, frozenset[str]]:
    """Turns, how many more there are, and the keys whose whole value they tell."""
    said: list[_Said] = []
    told = []
    for key, role in _WHOLE.items():
        if span.attributes.get(key):
            said += _messages(span.attributes[key], role)
            told.append(key)
    said += _numbered(span.attributes)
    for event in span.events:
        said += _of_event(event)
    if not said:
        present = [key for key in _PLAIN if span.attributes.get(key)]
        said = [(_PLAIN[key], span.attributes[key]) for key in present]
        told = present
    turns = [_turn(role, text) for role, text in said[:MOST_TURNS] if plain(text).strip()]
    more = max(0, len(said) - MOST_TURNS)
    return turns, more, frozenset() if more else frozenset(told)


def _turn(role: str, text: Value) -> Turn:
    word = role.lower()[:60]
    tone = "tool" if word.startswith("tool") else _TONES.get(word, "ours")
    return Turn(word, tone, shown("", text, _LINES))


def _messages(value: Value, role: str) -> Iterator[_Said]:
    """Of a list of messages, as values or as JSON text; of anything else it is what was said."""
    found = _decoded(value)
    if not isinstance(found, list) or role.startswith("tool"):
        yield from (
            _message(found, role) if isinstance(found, dict) and "tool" not in role else [(role, value)]
        )
        return
    for message in found:
        yield from _message(message, role)


def _message(message: Any, role: str) -> Iterator[_Said]:  # noqa: ANN401  decoded JSON
    """`{role, content}` or `{role, parts: [{type, content}, …]}`; a part alone, or a text, is said by `role`."""
    if not isinstance(message, dict):
        yield role, message
        return
    own = message.get("role")
    role = own if isinstance(own, str) and own else role
    parts = next(
        (message[key] for key in ("parts", "content", "message") if isinstance(message.get(key), list)), None
    )
    if parts is None:
        yield _part(message, role)
    else:
        yield from (_part(part, role) for part in parts[:_MOST_PARTS])
        if len(parts) > _MOST_PARTS:
            yield role, f"… and {len(parts) - _MOST_PARTS:,} more parts"
    calls = message.get("tool_calls")
    for call in calls[:_MOST_PARTS] if isinstance(calls, list) else ():
        yield _part({"type": "tool_call"} | call if isinstance(call, dict) else call, role)


def _part(part: Any, role: str) -> _Said:  # noqa: ANN401  decoded JSON
    """Text as text; the call of a tool with its name; anything else as JSON."""
    if not isinstance(part, dict):
        return role, part
    kind = part.get("type")
    if kind in ("tool_call", "function", "tool_use"):
        function = part.get("function")
        call: Mapping[str, Any] = function if isinstance(function, dict) else part
        return f"tool call {_word(call.get('name'))}".rstrip(), call.get("arguments", call.get("input", ""))
    if kind in ("tool_call_response", "tool_result"):
        name = _word(part.get("name") or part.get("id"))
        return f"tool result {name}".rstrip(), part.get(
            "response", part.get("result", part.get("content", ""))
        )
    for key in ("content", "text", "message"):
        if part.get(key) is not None:
            return (f"{role}, {kind}" if kind in ("reasoning", "thinking") else role), part[key]
    return role, to_json(part).decode()


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _numbered(attributes: Attributes) -> Iterator[_Said]:
    """`gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`, …: a message in attributes of its own."""
    found: dict[tuple[str, int], dict[str, Value]] = {}
    for key, value in attributes.items():
        if match := _NUMBERED.fullmatch(key):
            found.setdefault((match[1], int(match[2])), {})[match[3]] = value
    order = {"gen_ai.prompt": 0, "llm.input_messages": 0}
    for place in sorted(found, key=lambda place: (order.get(place[0], 1), place[1])):
        message, who = found[place], "user" if place[0] in order else "assistant"
        yield str(message.get("role") or who), message.get("content", "")


def _of_event(event: Event) -> Iterator[_Said]:
    if match := _EVENT.fullmatch(event.name):
        body = _decoded(event.attributes.get("gen_ai.event.content", ""))
        message = body if isinstance(body, dict) else dict(event.attributes)
        inner = _decoded(message.get("message", ""))
        yield from _message(inner if isinstance(inner, dict) else message, match[1] or "assistant")
        return
    if event.name.startswith("gen_ai."):
        for key, role in _WHOLE.items():
            if event.attributes.get(key):
                yield from _messages(event.attributes[key], role)


def _decoded(value: Value) -> Any:  # noqa: ANN401  JSON can be anything
    """The JSON in a text that begins like some; else the value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{") and len(value) <= _MOST_JSON:
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value
