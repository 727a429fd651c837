"""Seeded spans whose parents are as odd as they come, and queries with braces, relations and measures about them."""

from random import Random

import msgspec
from hypothesis import strategies as st

from tests.store.soup_store import by_trace
from tests.store.span_soup import KEYS, SPAN_TERMS, TRACE_TERMS, WORDS, combined, make_spans
from webapp.model.spans import Event, Kind, Link, Scope, Span

SCOPES = [Scope(), Scope("http", "1.2", {"status": "ok", "amount": 7.5}), Scope("db", "", {"odd key": True})]


def make_forest(seed: int, count: int, traces: int) -> list[Span]:
    """Deep and flat trees with missing parents, circles, several roots, and calls whose two halves share an id."""
    random = Random(seed)
    spans = []
    for own in by_trace(make_spans(seed, count, traces)).values():
        ids = [span.span_id for span in own]
        deep = random.random() < 0.5
        for number, span in enumerate(own):
            near = ids[max(0, number - 2) : number] if deep else ids[:number]
            parent = random.choice([*near * 3, "", "f" * 16, random.choice(ids), ids[0]]) if number else ""
            spans.append(_odd(random, span, parent))
            if random.random() < 0.15:
                spans += _halves(random, span, parent)
    return spans


def _odd(random: Random, span: Span, parent: str) -> Span:
    text, number = random.choice(WORDS), random.choice([504, 7.5, -1, 2**70])
    links = [
        Link(
            f"{random.randrange(1, 4):032x}",
            f"{random.randrange(1, 9):016x}",
            {"status": text, "amount": number},
        )
    ]
    events = [
        Event(text, 5, {"status": text, "odd key": number, "retry": random.random() < 0.5, "mixed": [text]})
    ]
    return msgspec.structs.replace(
        span,
        parent_span_id=parent,
        scope=random.choice(SCOPES),
        links=links if random.random() < 0.3 else [],
        events=[*span.events, *events] if random.random() < 0.3 else span.events,
    )  # fmt: skip


def _halves(random: Random, span: Span, parent: str) -> list[Span]:
    """Of one call, under one id."""
    shared = f"{int(span.span_id, 16) + 0x1000:016x}"
    half = msgspec.structs.replace(span, span_id=shared, parent_span_id=parent)
    called = msgspec.structs.replace(half, kind=Kind.CLIENT, service="pay")
    answer = msgspec.structs.replace(half, kind=Kind.SERVER, service="db", shared=random.random() < 0.5)
    below = msgspec.structs.replace(half, span_id=f"{int(shared, 16) + 0x1000:016x}", parent_span_id=shared)
    return random.choice([[called, answer, below], [answer, called], [answer, below]])


_WITHIN = SPAN_TERMS | TRACE_TERMS | st.deferred(lambda: NESTED_TERMS)
_FEW_TERMS = st.sampled_from(
    ["error", "service=db", "service=pay", "kind=server", "root", "name=charge", "duration>1s", '"status"?']
)
GROUPS = st.one_of(
    st.builds("{{{}}}".format, _FEW_TERMS),
    st.builds("{{{}}}".format, combined(_WITHIN)),
    st.just("{}"),
)
RELATIONS = st.sampled_from([">>", ">", "<<", "<", "~", "!>>", "!>", "!<<", "!<", "!~"])
CHAINS = st.recursive(
    GROUPS,
    lambda inner: st.builds(
        lambda left, relation, right, nested: (
            f"{left} {relation} ({right})" if nested else f"{left} {relation} {right}"
        ),
        inner,
        RELATIONS,
        inner,
        st.booleans(),
    ),
    max_leaves=3,
)
_COMPARED = st.sampled_from([">", ">=", "<", "<=", "=", "!="])
MEASURES = st.one_of(
    st.builds("count({}){}{}".format, CHAINS, _COMPARED, st.integers(0, 4)),
    st.builds("{} | count() {} {}".format, CHAINS, _COMPARED, st.integers(0, 4)),
    st.builds("{}(duration {}){}{}".format, st.sampled_from(["min", "max", "sum", "avg"]), CHAINS, _COMPARED,
              st.sampled_from(["0s", "1s", "2500ms"])),
    st.builds('{}("{}" {}){}{}'.format, st.sampled_from(["min", "max", "sum", "avg"]), st.sampled_from(KEYS), CHAINS,
              st.sampled_from([">", "<"]), st.sampled_from(["0", "500", "7.25", "3.3"])),
)  # fmt: skip
NESTED_TERMS = st.one_of(
    st.builds('{}."{}"{}'.format, st.sampled_from(["event", "link", "scope"]), st.sampled_from([*KEYS, "absent"]),
              st.sampled_from(["=ok", "!=ok", "?", ">7", "=504", "=7.5", "=true", "~a.l", "=*a*"])),
    st.sampled_from(["event.name=failed", "event.name!=ok", "event.name?", "scope.name=http", "scope.name!=http",
                     "scope.version?", 'scope.version=""', "link.trace_id=*2", "link.span_id?", "event.message=ok"]),
)  # fmt: skip
PARTS = CHAINS | MEASURES
QUERIES = combined(PARTS | st.builds("({})".format, PARTS) | SPAN_TERMS | TRACE_TERMS | NESTED_TERMS)
