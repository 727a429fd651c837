"""The examples of the syntax page: queries made of names and values of the data that is loaded, with what each finds."""

import time
from dataclasses import dataclass, replace
from typing import TypeVar

from webapp.errors import TailraceError
from webapp.model.completions import Words
from webapp.query import Window, parse, write_key, write_term
from webapp.query.spelling import quote
from webapp.store import Store

T = TypeVar("T")
PATIENCE_S = 0.5  # for all counts of a page; what comes after is counted when it is asked for again
# In place of what the data does not have, so that the page says all in an empty store, too.
_ELSEWHERE = Words(
    services=["payment-service", "web"],
    blamed=["fraud-service"],
    operations=["charge"],
    attributes=[("payment.status", "failed")],
    numbers=[("http.response.status_code", 499)],
    resources=[("service.version", "2.14.0")],
    calls=[("web", "payment-service")],
    events=["exception"],
)


@dataclass(frozen=True, slots=True)
class Example:
    """`found`: how many traces, "" while not counted."""

    query: str
    meaning: str
    found: str = ""


Sections = dict[str, list[Example]]


def examples(words: Words) -> Sections:
    service, operation = (
        _first(words.services, _ELSEWHERE.services),
        _first(words.operations, _ELSEWHERE.operations),
    )
    caller, callee = _first(words.calls, _ELSEWHERE.calls)
    key, value = _first(words.attributes, _ELSEWHERE.attributes)
    number_key, number = _first(words.numbers, _ELSEWHERE.numbers)
    process_key, process = _first(words.resources, _ELSEWHERE.resources)
    blamed, event = _first(words.blamed, _ELSEWHERE.blamed), _first(words.events, _ELSEWHERE.events)
    is_service, attribute = write_term("service", "=", service), write_key(key)
    word = service.split("-")[0]
    sections = {
        "Terms": [
            (word if word.isalnum() else quote(word), "any name or value that holds the word"),
            (quote(operation), "the phrase, in any name or value"),
            (is_service, "spans of that service"),
            (f"service={word}*" if word.isalnum() else "service=*", "a * stands for anything"),
            (write_term("operation", "=", operation) + " duration>1ms", "both hold on one span"),
            (write_term(attribute, "=", value), "an attribute of the span or of its resource"),
            (write_term(attribute, "!=", value), "it is there and says something else"),
            (f"{attribute}?", "the attribute is there at all"),
            (f'{attribute}~"^{value[0]}"' if value[0].isalnum() else f'{attribute}~"."', "a regular expression"),
            (f"{attribute}~preset:email", "values that look like e-mail addresses; also card, token, password, private_key"),
            (f"{write_key(number_key)}>{number}", "numbers compare as numbers"),
            (f"{write_term('resource.' + process_key, '=', process)}", "only the resource; span. for only the span"),
            (write_term("event.name", "=", event), "an event of the span; event. link. scope. with an attribute, too"),
        ],
        "Together": [
            (f"error -{is_service}", "- or NOT: must not hold"),
            ("error OR duration>1s", "one of the two"),
            (f"{is_service} (error OR duration>100ms)", "parentheses group"),
        ],
        "The whole trace": [
            ("trace.duration>1s trace.failed=false", "trace. speaks of the whole trace"),
            (write_term("trace.bottleneck", "=", blamed), "most of its time went there"),
            ("trace.services>3 trace.depth>4", "over how many services, and how many levels of spans"),
        ],
        "Several spans": [
            (f"{{{is_service}}} {{error}}", "each of the braces holds on some span, maybe another one"),
            (f"{{{write_term('service', '=', caller)}}} >> {{{write_term('service', '=', callee)}}}",
             "the second below the first, however deep; the second is what is found"),
            ("{kind=server} > {kind=client error}", "a child of the first"),
            ("{error} << {root}", "above the first; < for its parent"),
            ("{error} ~ {error}", "beside each other, under one parent"),
            ("{root} !>> {error}", "with ! the second is below none of the first: also !> !<< !< !~"),
            (f"{{{is_service}}} -({{error}} << {{{is_service}}})", "braces and relations under AND, OR, NOT"),
        ],
        "Measures": [
            ("count({error})>1", "how many spans; with nothing in the parentheses, of all"),
            ("max(duration {kind=client})>100ms", "also min avg sum, of the duration or an attribute"),
            (f"sum(duration {{{is_service}}})>10ms", "of the spans in braces, or of a relation"),
            ("{error} | count() > 1", "the same as the first, as TraceQL writes it"),
        ],
    }  # fmt: skip
    return {title: [Example(*pair) for pair in pairs] for title, pairs in sections.items()}


def counted(sections: Sections, store: Store) -> Sections:
    """With how many traces each finds, as far as that goes quickly."""
    deadline = time.monotonic() + PATIENCE_S
    return {
        title: [_counted(example, store) if time.monotonic() < deadline else example for example in listed]
        for title, listed in sections.items()
    }


def _counted(example: Example, store: Store) -> Example:
    try:
        total, exact = store.total(parse(example.query), Window())
    except TailraceError:
        return example
    return replace(example, found=f"{total:,}" if exact else f"more than {total:,}")


def _first(found: list[T], otherwise: list[T]) -> T:
    return found[0] if found else otherwise[0]
