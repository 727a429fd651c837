"""The one sentence that says where the time went (analysis.md 4.2, wording by decisions.md). Sums are made elsewhere."""

from webapp.analysis.attribution import MISSING, Evidence, Row, called
from webapp.analysis.verdict_beyond import Gain, Usually
from webapp.model import display
from webapp.model.facts import Verdict

_MANY_CALLS = 3
_MOST_HOSTS = 3
_LEAST_USUAL = 20  # spans elsewhere that say what is usual


def verdict(evidence: Evidence) -> Verdict:
    """About the response: what its caller waited for."""
    return _judge(evidence, "")


def completion_verdict(evidence: Evidence) -> Verdict:
    """About everything until the last span ended, waits in queues included."""
    return _judge(evidence, " until the last span ended")


def qualified(evidence: Evidence, gain: Gain | None = None, usually: Usually | None = None) -> list[str]:
    """What is said of the cause beside the sentence, with what is known beyond the path; and what all of it rests on."""
    if not evidence.rows or _level(evidence) == "spread":
        return _incompleteness(evidence)
    return _qualifiers(evidence.rows[0], evidence.total_ns, gain, usually) + _incompleteness(evidence)


def _level(evidence: Evidence) -> str:
    part_ns = evidence.rows[0].critical_ns
    if 2 * part_ns >= evidence.total_ns:
        return "dominant"
    return "main" if 10 * part_ns >= 3 * evidence.total_ns else "spread"


def _judge(evidence: Evidence, until: str) -> Verdict:
    if not evidence.rows:
        return _unexplained(evidence, until)
    top, level = evidence.rows[0], _level(evidence)
    return Verdict(
        level=level,
        service=top.service,
        name=top.name,
        critical_ns=top.critical_ns,
        share=top.critical_ns / evidence.total_ns,
        sentence=_sentence(evidence, level, until),
        qualifiers=qualified(evidence),
        confidence=_confidence(evidence),
        calls=top.calls,
    )


def _sentence(evidence: Evidence, level: str, until: str) -> str:
    total = display.duration(evidence.total_ns)
    top = evidence.rows[0]
    if evidence.spans == 1 and not evidence.missing_spans:
        return f"The whole {total} is one span, {called(top.service, top.name)}, with no child spans to explain it"
    if level == "spread" and 2 * evidence.missing_ns >= evidence.total_ns:
        received = display.duration(evidence.total_ns - evidence.missing_ns)
        return f"All but {received} of the {total}{until} is in spans that were not received"
    if level == "spread":
        parts = ", ".join(f"{_entity(row)} {_share(row, evidence)}" for row in evidence.rows[:3])
        return f"No single cause{until and f' of the {total}{until}'}: {parts}"
    subject = _entity(top)
    return f"{subject[0].upper() + subject[1:] if top.wait else subject} is {_share(top, evidence)} of the {total}{until}"


def _entity(row: Row) -> str:
    """A wait is no work of the span that was waited for: it is named as what it is."""
    waiting = {"": "", "queue": "waiting in the queue for ", "handover": "waiting for the start of "}
    return waiting[row.wait] + called(row.service, row.name)


def _share(row: Row, evidence: Evidence) -> str:
    return display.share(row.critical_ns / evidence.total_ns)


def _unexplained(evidence: Evidence, until: str) -> Verdict:
    """The path has no length, or all of it lies in spans that were not received."""
    service, name = evidence.root
    if evidence.total_ns:
        sentence = (
            f"All of the {display.duration(evidence.total_ns)}{until} is in spans that were not received"
        )
    else:
        who = "The trace" if service == MISSING else called(service, name)
        sentence = f"{who} {'has not finished' if evidence.unfinished else 'took no measurable time'}"
    return Verdict(
        level="spread",
        service=service,
        name=name,
        critical_ns=0,
        share=0.0,
        sentence=sentence,
        qualifiers=_incompleteness(evidence),
        confidence=_confidence(evidence),
        calls=0,
    )


def _qualifiers(top: Row, total_ns: int, gain: Gain | None, usually: Usually | None) -> list[str]:
    told = []
    if top.calls >= _MANY_CALLS and not top.wait:
        told.append(f"In {display.count(top.calls)} calls one after the other.")
    if gain and 2 * gain.gain_ns < top.critical_ns:
        because = f", because {gain.beside} runs at the same time" if gain.beside else ""
        told.append(f"Speeding it up alone saves at most {display.duration(gain.gain_ns)}{because}.")
    if 2 * top.network_ns >= top.critical_ns:
        told.append(
            f"{display.duration(top.network_ns)} of it is network and queueing between client and server."
        )
    elif 2 * top.gap_ns >= top.critical_ns:
        part = (
            "None of it is"
            if top.gap_ns == top.critical_ns
            else f"{display.duration(top.gap_ns)} of it is not"
        )
        told.append(f"{part} covered by child spans.")
    if usually and not top.wait:
        told += _unusual(top, total_ns, usually)
    if top.errors:
        told.append("It failed." if top.calls == 1 else f"{top.errors:,} of its {top.calls:,} calls failed.")
    return told


def may_be_unusual(span_ns: int, evidence: Evidence) -> bool:
    """Whether it is worth asking what is usual for a span: one that takes so little is not said to be unusual."""
    return 20 * span_ns >= evidence.total_ns


def _unusual(top: Row, total_ns: int, usually: Usually) -> list[str]:
    """Twice of what is usual, and a twentieth of the whole more than that."""
    enough = usually.spans >= _LEAST_USUAL and usually.p50_ns > 0
    longer_ns = usually.span_ns - usually.p50_ns
    if not enough or usually.span_ns < 2 * usually.p50_ns or 20 * longer_ns < total_ns:
        return []
    longest = "" if top.calls == 1 else "Its longest call takes "
    if usually.span_ns >= 2 * usually.p95_ns:
        times = usually.span_ns / usually.p95_ns
        many = f"{times:.1f}" if times < 9.95 else display.count(round(times))
        return [f"{longest}{many}× its usual p95 of {display.duration(usually.p95_ns)}."]
    took = f"{longest}{display.duration(usually.span_ns)}, usually" if longest else "Usually it takes"
    return [f"{took} {display.duration(usually.p50_ns)}."]


def _incompleteness(evidence: Evidence) -> list[str]:
    told = []
    if evidence.unfinished and evidence.total_ns:
        told.append("The root span has not finished: what is here goes up to the last end that is known.")
    if evidence.missing_spans:
        told.append(
            f"Based on an incomplete trace: {display.plural(evidence.missing_spans, 'span')} missing."
        )
    if hosts := evidence.shifted_hosts:
        more = len(hosts) - _MOST_HOSTS
        names = ", ".join(hosts[:_MOST_HOSTS]) + (f" and {more} more" if more > 0 else "")
        told.append(f"After shifting clocks of {names}.")
    return told


def _confidence(evidence: Evidence) -> str:
    if 5 * evidence.missing_ns > evidence.total_ns:
        return "low"
    return "medium" if evidence.through_missing or evidence.shifted else "high"
