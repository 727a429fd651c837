"""Hypothesis strategies for the parts of spans, and spans as rows to compare with expected ones."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from webapp.model.spans import Span, Value

trace_ids = st.integers(1, 2**128 - 1).map("{:032x}".format)
span_ids = st.integers(1, 2**64 - 1).map("{:016x}".format)
texts = st.text(max_size=12)
some_text = st.text(min_size=1, max_size=12)
whole_numbers = st.integers(-(2**63), 2**63 - 1)
scalars = st.one_of(texts, whole_numbers, st.floats(allow_nan=False), st.booleans(), st.binary(max_size=8))
values: st.SearchStrategy[Value] = st.recursive(
    scalars | st.none() | st.integers(2**63, 2**80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.just("$bytes"), inner, max_size=3),
    max_leaves=6,
)
# no key that some format gives a meaning of its own
keys = st.text("abcé.", min_size=1, max_size=6).map("x.{}".format)


def rows(spans: list[Span]) -> list[dict[str, Any]]:
    """As JSON would show them, without what has its default value."""
    return [_spoken(span) for span in spans]


def _spoken(one: msgspec.Struct) -> dict[str, Any]:
    said = {}
    for field in msgspec.structs.fields(one):
        value = getattr(one, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if field.required or value != default:
            said[field.name] = msgspec.to_builtins(value) if not _is_struct(value) else _shown(value)
    return said


def _is_struct(value: object) -> bool:
    members = value if isinstance(value, list) else [value]
    return any(isinstance(one, msgspec.Struct) for one in members)


def _shown(value: Any) -> Any:
    return [_spoken(one) for one in value] if isinstance(value, list) else _spoken(value)
