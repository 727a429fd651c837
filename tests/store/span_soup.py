"""Seeded spans with every type of value in every place, and random queries about them."""

from random import Random

from hypothesis import strategies as st

from webapp.model.spans import Attributes, Event, Resource, Span, Value
from webapp.query import write_term

WORDS = [
    "ok",
    "failed",
    "Card declined",
    "50%",
    "a_b",
    'say "hi"',
    "back\\slash",
    "504",
    "7.5",
    "",
    "µ·ß",
    "true",
    "x'y",
]
KEYS = ["status", "http.code", "amount", "retry", "odd key", "a/b~c", "mixed", "both"]
SERVICES = ["payment-service", "order-service", "db", "pay"]
NAMES = ["GET /pay", "charge", "SELECT 1", "", "check*"]
_SECOND = 1_000_000_000


def _value(random: Random) -> Value:
    scalars: list[Value] = [
        random.choice(WORDS), random.choice(WORDS), random.randrange(-3, 600), 504, 7.5, random.randrange(8) / 4,
        random.random() < 0.5, 2**70,
    ]  # fmt: skip
    nested: list[Value] = [[random.choice(WORDS), 504], {"inner": random.choice(WORDS)}, b"bytes", None, []]
    return random.choice(scalars * 4 + nested)


def _attributes(random: Random) -> Attributes:
    return {key: _value(random) for key in random.sample(KEYS, random.randrange(5))}


def _tier(random: Random) -> Attributes:
    """Of one type and few values, as facets like it."""
    return {"tier": random.choice(["gold", "silver", "none at all"])} if random.random() < 0.7 else {}


def make_spans(seed: int, count: int, traces: int) -> list[Span]:
    """Spans of `traces` traces, each with one root; some without start, end or duration."""
    random = Random(seed)
    resources = [Resource(_attributes(random) | {"region": f"eu-{number % 2}"}) for number in range(4)]
    return [_span(random, number, number % traces, number < traces, resources) for number in range(count)]


def _span(random: Random, number: int, trace: int, root: bool, resources: list[Resource]) -> Span:
    start = (1_000 + trace * 10) * _SECOND + random.randrange(10**10)
    end = random.choice([start + random.randrange(1, 5 * 10**9)] * 6 + [0, start, start - 5])
    events = [
        Event(random.choice(WORDS), start, {"message": random.choice(WORDS), "list": [random.choice(WORDS)]})
    ]
    return Span(
        trace_id=f"{trace + 1:032x}",
        span_id=f"{number + 1:016x}",
        parent_span_id="" if root else f"{trace + 1:016x}",
        name=random.choice(NAMES),
        service=random.choice(SERVICES),
        start_ns=start,
        end_ns=end,
        kind=random.randrange(6),
        status=random.choice([0, 0, 1, 2]),
        status_message=random.choice(["", "", *WORDS]),
        attributes=_attributes(random) | _tier(random),
        events=events if random.random() < 0.3 else [],
        resource=random.choice(resources),
    )


def _term(key: str, op: str, value: str) -> str:
    return write_term(key, op, value)


_OPS = st.sampled_from(["=", "!=", ">", ">=", "<", "<="])
_EQUALITY = st.sampled_from(["=", "!="])
_NUMBERS = st.sampled_from(["0", "504", "7.5", "-1", "503.5", "1e2", str(2**70), "1e300"])
_KEYS = st.builds(
    lambda scope, key: f'{scope}"{key}"',
    st.sampled_from(["", "span.", "resource."]),
    st.sampled_from([*KEYS, "absent"]),
)
_ATTRIBUTE_TERMS = st.one_of(
    st.builds(_term, _KEYS, _EQUALITY, st.sampled_from(WORDS) | _NUMBERS),
    st.builds(_term, _KEYS, _OPS, _NUMBERS),
    st.builds(
        lambda key, op, value: key + op + value,
        _KEYS,
        _EQUALITY,
        st.sampled_from(["f*", "*0*", "*", "5*4", "*_b", "*e"]),
    ),
    st.builds(
        lambda key, value: key + "~" + value,
        _KEYS,
        st.sampled_from(["^5", "a.l", "e$", "(ok|failed)", "\\d\\d"]),
    ),
    st.builds(lambda key: key + "?", _KEYS),
)
_OWN_TERMS = st.one_of(
    st.builds(_term, st.just("service"), _EQUALITY, st.sampled_from(SERVICES)),
    st.builds(_term, st.just("name"), _EQUALITY, st.sampled_from(NAMES)),
    st.builds(str.__add__, st.sampled_from(["service", "name", "status_message"]), st.sampled_from(["=*a*", "!=p*", "=*d"])),
    st.builds(lambda op, value: "duration" + op + value, _OPS, st.sampled_from(["0", "1s", "2500ms", "4000000us"])),
    st.sampled_from(
        ["error", "root", "error=false", "kind=server", "kind!=client", "status=ok", "status!=error", "status_message?",
         "id=5", "parent!=1", "parent=0", "name?", "service~^p.*e$", "name~\\d", 'status_message=""',
         "start>1970-01-01T00:20:00Z"]
    ),
)  # fmt: skip
_FREE_TEXT = st.builds(
    lambda word: f'"{word}"',
    st.sampled_from(["fail", "CARD", "504", "7.5", "pay", "50%", "a_b", "·ß", "inner", 'hi\\"', "\\\\"]),
) | st.sampled_from(["f*d", "s*1", "SAY*hi"])
TRACE_TERMS = st.sampled_from(
    ["trace.duration>4s", "trace.spans>=4", "trace.errors=0", "trace.failed", "trace.failed=false", "trace.service=db",
     "trace.service!=pay", "trace.services<3", "trace.root~pay", "trace.root=charge", "trace.bottleneck=pay",
     'trace.root="db · charge"', "trace.bottleneck!=db", "trace.id=3", "trace.start<1970-01-01T00:18:00Z",
     "trace.root?", "trace.depth>3", "trace.root.service=pay", "trace.root.name~^c", "trace.root.name?",
     "trace.incomplete", "trace.warnings>0"]
)  # fmt: skip
SPAN_TERMS = st.one_of(_ATTRIBUTE_TERMS, _OWN_TERMS, _FREE_TEXT)


def combined(terms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Queries of several terms under every connective."""
    return st.recursive(
        terms,
        lambda inner: st.one_of(
            st.builds(lambda a, b: f"{a} {b}", inner, inner),
            st.builds(lambda a, b: f"({a} OR {b})", inner, inner),
            st.builds(lambda a: f"-({a})", inner),
        ),
        max_leaves=4,
    )
