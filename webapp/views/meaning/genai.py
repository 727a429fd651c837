"""Calls of language models, tools and agents: which model, how many tokens. What was said: `conversation.py`."""

from webapp.model import display
from webapp.model.semconv import text_of
from webapp.model.spans import Span
from webapp.views.meaning.conversation import conversation_of
from webapp.views.meaning.shape import Meaning, facts, number_of, pieces

_SYSTEM = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "llm.vendor")
_ASKED = ("gen_ai.request.model", "llm.model_name", "llm.request.model", "embedding.model_name")
_ANSWERED = ("gen_ai.response.model", "llm.response.model")
_INPUT = (
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens",
)  # fmt: skip
_OUTPUT = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
    "llm.usage.completion_tokens",
)  # fmt: skip
_CACHED = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
)  # fmt: skip
_REASONED = (
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)  # fmt: skip
_PREFIXES = ("gen_ai.", "llm.", "openinference.")


def genai_meaning(span: Span) -> Meaning | None:
    attributes = span.attributes
    if not any(key.startswith(_PREFIXES) for key in attributes):
        return None
    turns, more, told = conversation_of(span)
    operation = text_of(
        attributes, ("gen_ai.operation.name", "openinference.span.kind", "llm.request.type", "traceloop.span.kind")
    )  # fmt: skip
    asked, answered = text_of(attributes, _ASKED), text_of(attributes, _ANSWERED)
    tool, agent = (
        text_of(attributes, ("gen_ai.tool.name", "tool.name")),
        text_of(attributes, ("gen_ai.agent.name",)),
    )
    made = Meaning(
        "Tool" if tool and not asked else "Agent" if agent and not asked else "Model",
        pieces(
            (operation.lower().replace("_", " "), "strong"), (tool or agent, "code"), (asked or answered, "code"),
            (f"answered by {answered}" if answered and asked and answered != asked else "", "muted"),
            (_said(text_of(attributes, _SYSTEM)), "muted"),
        ),
        facts(
            ("Tokens", _tokens(span)),
            ("Finished", _finished(span)),
            ("Temperature", text_of(attributes, ("gen_ai.request.temperature", "llm.request.temperature"))),
            ("Top p", text_of(attributes, ("gen_ai.request.top_p",))),
            ("Most tokens", _count(number_of(attributes, ("gen_ai.request.max_tokens", "llm.request.max_tokens")))),
            ("Conversation", text_of(attributes, ("gen_ai.conversation.id", "session.id"))),
            ("Call", text_of(attributes, ("gen_ai.tool.call.id",))),
            ("Answer", text_of(attributes, ("gen_ai.response.id",))),
        ),
        turns=turns,
        more_turns=more,
        told=told,
    )  # fmt: skip
    return made if made.line or made.facts or made.turns else None


def _said(system: str) -> str:
    return f"by {system}" if system else ""


def _count(number: int | None) -> str:
    return "" if number is None else display.count(number)


def _tokens(span: Span) -> str:
    """`312 in (920 cached), 128 out`."""
    given = {
        name: number_of(span.attributes, keys)
        for name, keys in (("in", _INPUT), ("cached", _CACHED), ("out", _OUTPUT), ("reasoning", _REASONED))
    }
    parts = []
    for name, within in (("in", "cached"), ("out", "reasoning")):
        number, inner = given[name], given[within]
        if number is not None:
            parts.append(f"{_count(number)} {name}" + (f" ({_count(inner)} {within})" if inner else ""))
    if not parts:
        total = number_of(
            span.attributes, ("llm.token_count.total", "llm.usage.total_tokens", "gen_ai.usage.total_tokens")
        )
        return _count(total)
    return ", ".join(parts)


def _finished(span: Span) -> str:
    reasons = span.attributes.get("gen_ai.response.finish_reasons")
    if isinstance(reasons, list):
        return ", ".join(str(reason) for reason in reasons[:5])
    return text_of(span.attributes, ("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason"))
