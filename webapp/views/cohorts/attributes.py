"""The ranked attributes as rows: paired shares, words, and the queries that select or leave out a value."""

from dataclasses import dataclass

from webapp import query as language
from webapp.analysis.cohorts.attributes import KeyScore
from webapp.analysis.cohorts.counts import Value
from webapp.model import display
from webapp.model.cohorts import ROOT
from webapp.views.cohorts.reading import MISSING, Read, Told
from webapp.views.state import SearchState


@dataclass(frozen=True, slots=True)
class ValueRow:
    """`x`, `width` of its two bars are the shares themselves, in percent."""

    word: str
    share_1: float
    share_0: float
    a: int
    b: int
    title: str
    url: str  # the selection narrowed to it
    more: bool  # more frequent among the selected


@dataclass(frozen=True, slots=True)
class KeyRow:
    key: str
    service: str
    scope: str
    points: int  # of the bound, in hundredths
    consequence: bool
    sentence: str
    also: list[str]
    values: list[ValueRow]
    distinct: int


def attribute_rows(read: Read) -> list[KeyRow]:
    return [_row(read, read.told, score) for score in read.told.ranking.keys] if read.told else []


def not_comparable(read: Read) -> list[str]:
    """Keys."""
    return list(dict.fromkeys(key for key, _ in read.told.ranking.not_comparable)) if read.told else []


def _row(read: Read, told: Told, score: KeyScore) -> KeyRow:
    best = score.values[0]
    return KeyRow(
        key="root operation" if score.key == ROOT and score.scope == "trace" else score.key,
        service=read.service(score.service),
        scope=score.scope,
        points=round(100 * score.score),
        consequence=score.consequence,
        sentence=_sentence(best, len(told.data.traces)),
        also=[_named(read, key, service, scope) for key, service, scope in score.also],
        values=[_value(read, score, value, told.word(score, value)) for value in score.values],
        distinct=score.distinct,
    )


def _named(read: Read, key: str, service: int, scope: str) -> str:
    if scope == "trace":
        return "root operation" if key == ROOT else f"{read.service(service)} takes part"
    return f"{key} of {read.service(service)}"


def _sentence(value: Value, traces: int) -> str:
    """`80% of the selected, 10% of the others, ×7.8`; with their numbers where the service is not in all of them."""
    times = f"×{value.lift:.1f}" if value.lift >= 1 else f"÷{1 / value.lift:.1f}"
    selected, others = "the selected", "the others"
    if value.of_1 + value.of_0 < traces:
        selected, others = (
            f"{display.count(value.of_1)} selected",
            f"{display.count(value.of_0)} others with it",
        )
    return (
        f"{display.share(value.share_1)} of {selected}, {display.share(value.share_0)} of {others}, {times}"
    )


def _value(read: Read, score: KeyScore, value: Value, word: str) -> ValueRow:
    bound = f"{100 * abs(value.score):.0f} points apart at least (95%), q {_chance(value.q)}, p {_chance(value.p)} (G-test)"
    counts = (
        f"{display.count(value.a)} of {display.count(value.of_1)} selected and {display.count(value.b)} of"
        f" {display.count(value.of_0)} other traces looked at; {bound}"
    )
    return ValueRow(
        word=word,
        share_1=round(100 * value.share_1, 2),
        share_0=round(100 * value.share_0, 2),
        a=value.a,
        b=value.b,
        title=counts,
        url=_search(read, _term(read, score, value, word)),
        more=value.share_1 >= value.share_0,
    )


def _chance(p: float) -> str:
    return "below 0.0001" if p < 1e-4 else f"{p:.4f}"


def _term(read: Read, score: KeyScore, value: Value, word: str) -> str:
    """The query for it; "" for what no term can ask."""
    if score.scope == "trace":
        if score.key == ROOT:
            return language.write_term("trace.root", "=", word)
        term = language.write_term("trace.service", "=", read.service(score.service))
        return term if value.trace >= 0 else f"-{term}"
    if word in (MISSING, "?"):
        return ""
    service = language.write_term("service", "=", read.service(score.service))
    key = language.write_key(score.key)
    if value.low is not None and value.high is not None and value.low != value.high:
        bounds = ((">=", value.low), ("<", value.high))
        terms = [f"{key}{op}{bound:.6g}" for op, bound in bounds if abs(bound) != float("inf")]
        return " ".join([service, *terms])
    return f"{service} {language.write_term(key, '=', word)}"


def _search(read: Read, term: str) -> str:
    """Traces of the value among all of the window: to see whether it is slow wherever it is."""
    state = read.state
    return SearchState(q=term, from_=state.from_, to=state.to, sort="slowest").url() if term else ""
