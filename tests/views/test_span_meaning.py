"""What is made of attributes, in old and new names; nothing of hostile values is more than text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.views.parsing import parse, text, with_class
from tests.views.traces import MS, Opened, get, span, words
from webapp.model.spans import Attributes, Event, Span
from webapp.views.meaning import meanings_of
from webapp.views.meaning.places import places_of
from webapp.views.meaning.shape import Meaning


def told(attributes: Attributes, *events: Event, waited: str = "") -> list[str]:
    return [
        in_words(meaning)
        for meaning in meanings_of(span(1, attributes=attributes, events=list(events)), waited)
    ]


def in_words(meaning: Meaning) -> str:
    line = " ".join([f"{meaning.kind}:", *(piece.text for piece in meaning.line)])
    return "; ".join([line, *(f"{fact.label} {fact.value}" for fact in meaning.facts)])


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"http.request.method": "GET", "url.full": "https://a.example/x?y=1", "http.response.status_code": 404,
          "http.response.body.size": 2048}, "HTTP: GET https://a.example/x?y=1 → 404 Not Found; Received 2.05 kB"),
        ({"http.method": "POST", "http.scheme": "http", "http.host": "b:8080", "http.target": "/p",
          "http.status_code": "200", "http.flavor": "1.1"}, "HTTP: POST http://b:8080/p → 200 OK; Protocol HTTP/1.1"),
        ({"http.request.method": "GET", "server.address": "a", "server.port": 81, "url.path": "/x", "url.query": "y"},
         "HTTP: GET a:81/x?y"),
        ({"http.request.method": "_OTHER", "http.request.method_original": "BREW", "http.route": "/{id}"},
         "HTTP: BREW /{id}"),
        ({"http.request.method": "GET", "url.path": "/x", "error.type": "timeout"}, "HTTP: GET /x → timeout"),
        ({"http.status_code": 799}, "HTTP: → 799"),
        ({"db.system.name": "postgresql", "db.namespace": "shop", "db.operation.name": "SELECT",
          "db.collection.name": "stock", "db.response.returned_rows": 1},
         "Database: PostgreSQL SELECT stock in shop → 1 row"),
        ({"db.system": "redis", "db.statement": "GET a", "net.peer.name": "cache", "net.peer.port": 6379},
         "Database: Redis; Server cache:6379"),
        ({"db.system": "mysql", "db.query.parameter.id": 7}, "Database: MySQL; $id 7"),
        ({"messaging.system": "kafka", "messaging.operation": "receive", "messaging.destination": "orders",
          "messaging.kafka.consumer.group": "w", "messaging.batch.message_count": 3},
         "Messaging: Kafka receive orders; Batch 3 messages; Consumer group w"),
        ({"rpc.system": "grpc", "rpc.service": "a.B", "rpc.method": "C", "rpc.grpc.status_code": 5},
         "RPC: gRPC a.B/C → 5 NOT_FOUND"),
        ({"rpc.system.name": "grpc", "rpc.method": "a.B/C", "rpc.response.status_code": "OK"}, "RPC: gRPC a.B/C → OK"),
        ({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.response.model": "m-2",
          "gen_ai.provider.name": "p", "gen_ai.usage.input_tokens": 1840, "gen_ai.usage.output_tokens": 260,
          "gen_ai.usage.cache_read.input_tokens": 920},
         "Model: chat m answered by m-2 by p; Tokens 1,840 in (920 cached), 260 out"),
        ({"llm.model_name": "m", "llm.token_count.total": 5}, "Model: m; Tokens 5"),
    ],
)  # fmt: skip
def test_attributes_are_told_in_a_line_and_facts(attributes: Attributes, said: str) -> None:
    assert told(attributes) == [said]


def test_a_query_over_http_is_first_of_all_a_query() -> None:
    both = told(
        {"db.system": "elasticsearch", "http.request.method": "GET", "http.response.status_code": 200}
    )
    assert [said.partition(":")[0] for said in both] == ["Database", "HTTP"]
    assert told({"plain": 1}) == []


def turns(attributes: Attributes, *events: Event) -> list[tuple[str, str, str]]:
    [meaning] = meanings_of(span(1, attributes={"gen_ai.system": "x"} | attributes, events=list(events)))
    return [(turn.role, turn.tone, turn.value.text) for turn in meaning.turns]


HELLO = [("system", "ours", "be kind"), ("user", "ours", "hello"), ("assistant", "theirs", "hi")]


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.system_instructions": '[{"type":"text","content":"be kind"}]',
         "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"hello"}]}]',
         "gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "hi"}]}]},
        {"gen_ai.prompt": '[{"role":"system","content":"be kind"},{"role":"user","content":"hello"}]',
         "gen_ai.completion": "hi"},
        {"gen_ai.prompt.1.content": "hello", "gen_ai.prompt.1.role": "user", "gen_ai.prompt.0.role": "system",
         "gen_ai.prompt.0.content": "be kind", "gen_ai.completion.0.content": "hi"},
        {"llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": "be kind",
         "llm.input_messages.1.message.role": "user", "llm.input_messages.1.message.content": "hello",
         "llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": "hi"},
    ],
    ids=["parts", "messages", "numbered", "openinference"],
)  # fmt: skip
def test_a_conversation_is_told_in_turns_however_it_is_written(attributes: Attributes) -> None:
    assert turns(attributes) == HELLO


def test_a_conversation_may_lie_in_events() -> None:
    events = [
        Event("gen_ai.system.message", 1, {"content": "be kind"}),
        Event("gen_ai.user.message", 2, {"gen_ai.event.content": '{"role":"user","content":"hello"}'}),
        Event("gen_ai.choice", 3, {"message": '{"role":"assistant","content":"hi"}'}),
    ]
    assert turns({}, *events) == HELLO


def test_calls_of_tools_are_turns_with_their_names() -> None:
    part = '{"type":"tool_call","name":"look","arguments":{"x":1}}'
    answer = '{"type":"tool_call_response","id":"c1","response":"none"}'
    assert turns(
        {"gen_ai.output.messages": f'[{{"role":"assistant","parts":[{part}]}},{{"role":"tool","parts":[{answer}]}}]'}
    ) == [("tool call look", "tool", '{"x":1}'), ("tool result c1", "tool", "none")]  # fmt: skip


def test_long_conversations_are_cut_and_counted() -> None:
    messages = [{"role": "user", "content": f"word {number}"} for number in range(100)]
    [meaning] = meanings_of(span(1, attributes={"gen_ai.input.messages": messages}))  # type: ignore[dict-item]
    assert (len(meaning.turns), meaning.more_turns) == (60, 40)
    assert not meaning.told


ANY = st.recursive(
    st.text(max_size=9) | st.integers() | st.floats() | st.booleans() | st.none() | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "parts", "type", "tool_calls", "function", "name"]), inner
        )
    ),
    max_leaves=8,
)
KEYS = [
    "http.method", "http.status_code", "url.full", "url.path", "server.port", "db.system", "db.statement", "db.query.text",
    "messaging.system", "messaging.destination", "rpc.system", "rpc.grpc.status_code", "gen_ai.system", "gen_ai.prompt",
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.prompt.0.content", "exception.stacktrace", "error.stack",
    "faas.name", "faas.coldstart", "db.query.parameter.x", "gen_ai.tool.output", "gen_ai.response.finish_reasons",
]  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(KEYS), ANY),
    st.sampled_from(["exception", "gen_ai.choice", "gen_ai.x", "e"]),
)
def test_values_of_any_type_are_told_or_left_out(attributes: Attributes, name: str) -> None:
    meanings_of(span(1, attributes=attributes, events=[Event(name, 1, attributes)]))
    places_of(attributes, attributes)


def test_places_are_named_once_each() -> None:
    resource: Attributes = {
        "service.version": "2",
        "cloud.region": "eu",
        "k8s.namespace.name": "eu",
        "host.name": "h" * 99,
    }
    assert [said for _, said in places_of({"faas.trigger": "http", "faas.coldstart": True}, resource)] == [
        "version 2", "eu", "trigger http", "host " + "h" * 30 + "…", "cold start",
    ]  # fmt: skip


HOSTILE = "<img src=x onerror=alert(1)>'\"&amp;</script><b>\u202e"


def test_hostile_values_are_text_in_every_meaning(opened: Opened) -> None:
    keys = [key for key in KEYS if key != "faas.coldstart"]
    attributes: Attributes = dict.fromkeys(keys, HOSTILE)
    attributes |= {"db.query.text": f"SELECT '{HOSTILE}' FROM a WHERE {HOSTILE}", "http.status_code": 500}
    stack = f"{HOSTILE}\n    at {HOSTILE} (a.js:1)\n" * 20
    event = Event("exception", 1_000_001 * MS, {"exception.type": HOSTILE, "exception.stacktrace": stack})
    response = get(
        opened(span(1, attributes=attributes, events=[event])), span=f"{1:016x}", attributes="tree"
    )
    page = parse(response)
    assert not list(page.iter("img"))
    detail = with_class(page, "detail")[0]
    assert not any("onerror" in name for element in detail.iter() for name in element)
    assert HOSTILE in text(with_class(detail, "meaning")[0])
    assert len(with_class(detail, "meaning")) >= 6


def test_the_first_screen_of_a_span_says_what_it_did(opened: Opened) -> None:
    sql = "SELECT a FROM stock WHERE b = 1 AND c = 'x  FROM  y' ORDER BY a LIMIT 10 OFFSET 20"
    client = opened(span(1, attributes={"db.system": "postgresql", "db.query.text": sql}))
    page = parse(get(client, span=f"{1:016x}"))
    [block] = with_class(page, "runs")
    assert "".join(block.itertext()).splitlines()[:3] == ["SELECT a", "FROM stock", "WHERE b = 1"]
    assert (
        " ".join(word.text or "" for word in block.iter("b")) == "SELECT FROM WHERE AND ORDER BY LIMIT OFFSET"
    )
    folded = list(with_class(page, "kv")[0].iter("summary"))
    assert "all 7 lines" in text(folded[0])


def spans_of_a_queue() -> tuple[Span, Span]:
    sent = span(1, 0, 0, 10, kind=4, attributes={"messaging.system": "kafka"})
    return sent, span(2, 1, 1210, 1300, kind=5, attributes={"messaging.system": "kafka"})


def test_a_message_says_how_long_it_lay_in_the_queue(opened: Opened) -> None:
    page = parse(get(opened(*spans_of_a_queue()), span=f"{2:016x}"))
    assert "Lay in the queue 1.20 s" in words(with_class(page, "meaning")[0])
