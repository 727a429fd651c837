"""Findings of many traces as sentences: what usually happens, where, and how long it takes. Numbers are medians."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from webapp.model import display
from webapp.model.insights import FindingKind, Insight

LABELS = {
    "n_plus_one": "N+1 queries",
    "n_plus_one_calls": "N+1 calls",
    "repeated_identical": "Repeated questions",
    "serial_calls": "Calls one after another",
    "serial_db": "Queries one after another",
    "retry": "Retries",
    "timeout": "Timeouts",
    "error_root": "Where errors began",
    "gap": "Unexplained gaps",
    "queue_wait": "Waits in queues",
    "lock_or_pool_wait": "Waits for locks and pools",
    "straggler": "Stragglers",
    "slow_query": "Slow queries",
    "large_transport": "Time between client and server",
    "connection_overhead": "New connections",
    "chatty": "Many calls for one request",
    "wide_fanout": "Wide fan-out",
    "missing_spans": "Missing spans",
    "duplicate_span": "Ids that came twice",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """`quoted` is text of the traces: a statement, a route, the words of an error; "" if there is none."""

    before: str
    quoted: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        return self.before + (f" “{self.quoted}”" if self.quoted else "") + self.after


@dataclass(frozen=True, slots=True)
class _Said:
    """The words of which sentences are made."""

    of: Insight

    @property
    def kind(self) -> FindingKind:
        return self.of.kind

    @property
    def who(self) -> str:
        if self.kind.service == "(missing)":
            return "A span that was not received"
        return " · ".join(filter(None, (self.kind.service, self.kind.name)))

    @property
    def times(self) -> str:
        more = f" (up to {display.count(self.of.most)})" if self.of.most > self.of.count else ""
        return display.count(self.of.count) + more

    @property
    def time(self) -> str:
        return display.duration(self.of.time_ns)

    @property
    def to(self) -> str:
        return self.kind.subject or "another party"


def sentence_of(insight: Insight) -> Sentence:
    """What is lost in a trace is lost in all its places, so it is said if there are several."""
    sentence = _SENTENCES[insight.kind.code](_Said(insight))
    places = round(insight.times / insight.traces)
    if places < 2 or not insight.gain_ns:
        return sentence
    more = f", {display.count(places)} times a trace"
    return (
        replace(sentence, after=sentence.after + more)
        if sentence.quoted
        else replace(sentence, before=sentence.before + more)
    )


def _n_plus_one(said: _Said) -> Sentence:
    return Sentence(
        f"{said.who} asks", said.kind.subject or "the same", f" {said.times} times in a row: {said.time}"
    )


def _repeated(said: _Said) -> Sentence:
    after = f" {said.times} times with the same values: {said.time} after the first"
    return Sentence(f"{said.who} asks", said.kind.subject or "the same", after)


def _serial_calls(said: _Said) -> Sentence:
    return Sentence(
        f"{said.who} makes {said.times} calls one after another; if independent, together they would take "
        f"{said.time} less"
    )


def _serial_db(said: _Said) -> Sentence:
    return Sentence(f"{said.who} waits for {said.times} queries one after another: {said.time}")


def _retry(said: _Said) -> Sentence:
    whom = f" of {said.kind.subject}" if said.kind.subject else ""
    return Sentence(
        f"{said.who}{whom} fails and is called again, {said.times} times in all: {said.time} before the last call began"
    )


def _timeout(said: _Said) -> Sentence:
    whom = f" waiting for {said.kind.subject}" if said.kind.subject else ""
    if said.of.severity == "info":
        return Sentence(f"{said.who} fails after {said.time}{whom}: a round time, so a timeout it seems")
    return Sentence(f"{said.who} gives up{whom} after {said.time}")


def _error_root(said: _Said) -> Sentence:
    handled = "" if said.of.severity == "high" else "; the responses did not fail by it"
    if not said.kind.subject:
        return Sentence(f"Errors begin in {said.who}, which says no more{handled}")
    return Sentence(f"Errors begin in {said.who}:", said.kind.subject, handled)


def _gap(said: _Said) -> Sentence:
    return Sentence(f"No span explains {said.time} of {said.who}")


def _queue_wait(said: _Said) -> Sentence:
    place = f" in {said.kind.subject}" if said.kind.subject else ""
    return Sentence(f"Messages for {said.who} wait {said.time}{place}")


def _waits(said: _Said) -> Sentence:
    if said.kind.subject:
        return Sentence(f"{said.who} has {said.times} queries open at the same time")
    return Sentence(f"{said.who} takes {said.time}: by its name it waits")


def _straggler(said: _Said) -> Sentence:
    return Sentence(f"One of {said.times} {said.who} ends {said.time} after the others")


def _slow_query(said: _Said) -> Sentence:
    return Sentence(f"{said.who} waits {said.time} for", said.kind.subject or "a query")


def _transport(said: _Said) -> Sentence:
    return Sentence(f"{said.time} of {said.who} lie between it and {said.to}")


def _connections(said: _Said) -> Sentence:
    return Sentence(f"{said.who} connects to {said.to} anew for {said.times} calls: {said.time}")


def _chatty(said: _Said) -> Sentence:
    if not said.who or not said.kind.subject:
        return Sentence(f"{said.who or 'Services'} make {said.times} remote calls for one request")
    return Sentence(f"{said.who} calls {said.kind.subject} {said.times} times for one request")


def _fanout(said: _Said) -> Sentence:
    return Sentence(f"{said.who} makes {said.times} calls itself")


def _missing(said: _Said) -> Sentence:
    what = "A span" if said.of.count == said.of.most == 1 else f"{said.times} spans"
    return Sentence(f"{what} above {said.who} {'was' if what == 'A span' else 'were'} not received")


def _duplicate(said: _Said) -> Sentence:
    return Sentence(f"Spans{' of ' + said.who if said.who else ''} came under an id that another span has")


_SENTENCES: dict[str, Callable[[_Said], Sentence]] = {
    "n_plus_one": _n_plus_one,
    "n_plus_one_calls": _n_plus_one,
    "repeated_identical": _repeated,
    "serial_calls": _serial_calls,
    "serial_db": _serial_db,
    "retry": _retry,
    "timeout": _timeout,
    "error_root": _error_root,
    "gap": _gap,
    "queue_wait": _queue_wait,
    "lock_or_pool_wait": _waits,
    "straggler": _straggler,
    "slow_query": _slow_query,
    "large_transport": _transport,
    "connection_overhead": _connections,
    "chatty": _chatty,
    "wide_fanout": _fanout,
    "missing_spans": _missing,
    "duplicate_span": _duplicate,
}
