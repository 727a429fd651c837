"""A trace in a few lines of Markdown, for a chat or ticket. Names and messages are hostile: nothing in them is markup."""

import re
from collections.abc import Mapping, Sequence

from webapp.analysis.attribution import Row, called, evidence
from webapp.model import display
from webapp.views.present import clock, day
from webapp.views.takeaway.trace import Taken
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.findings import finding_lines
from webapp.views.trace.head import head_of
from webapp.views.trace.rows import MISSING
from webapp.views.trace.state import TraceState
from webapp.views.trace.why import Shown, shown_path

MOST_LINES = 5
_LONGEST = 240  # characters of a name or message
# as little as will do: some chats show the backslash
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&]|:(?=//)|(?<=www)\.)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_WAITED = {"": "", "queue": "waiting in the queue for ", "handover": "waiting for the start of "}
_TICKS = re.compile(r"`+")
_NO_MENTION = "@\N{WORD JOINER}"


def summary_of(taken: Taken, url: str, zone: str) -> str:
    """Verdict, failure, the most critical time by operation, findings, services, and what was redacted."""
    trace, facts = taken.trace, taken.trace.facts
    head = head_of(trace, TraceState(trace.trace_id))
    failed = ", failed" if facts.failure else ""
    later = f", and {display.duration(head.waits_ns)} more until its last span ended" if head.waits_ns else ""
    counts = (
        (head.spans, "span"),
        (head.services, "service"),
        (head.errors, "error"),
    )
    facts_line = [
        f"[Open the trace]({url})",
        ", ".join(display.plural(number, noun) for number, noun in counts),
        f"{day(facts.start_ns)} {clock(facts.start_ns)} {escaped(zone)}",
        code(trace.trace_id),
    ]
    lines = [
        f"**{code(called(head.service, head.name))} took {display.duration(facts.response_ns)}{failed}**{later}",
        "",
        " · ".join(facts_line),
        "",
    ]
    if facts.failure:
        failure = facts.failure
        message = f": {code(failure.message)}" if failure.message else ""
        caller = f", called by {code(failure.caller)}" if failure.caller else ""
        where = code(called(failure.service, failure.name))
        lines += [f"**Failed** in {where}{message} ({display.duration(failure.duration_ns)}){caller}", ""]
    along = shown_path(trace, TraceState(trace.trace_id))
    top = busiest(trace, along)
    names = [called(one.service, one.name) for one in top]
    said = " ".join([along.verdict.sentence.removesuffix(".") + ".", *head.reasons])
    lines += [f"**{head.label}:** {_naming(said, names)}", ""]
    if head.missing:
        lines += [f"Incomplete: {display.plural(head.missing, 'span')} not received.", ""]
    lines.append(
        "Most critical time:" if along.which == "response" else "Most time until the last span ended:"
    )
    lines += [_busy_line(place, one, along.total_ns) for place, one in enumerate(top, 1)]
    lines += _findings(taken, names)
    services = ", ".join(f"{code(one.service)} {one.share}" for one in head.shares)
    more = f" and {display.count(head.more_shares)} more" if head.more_shares else ""
    if services:
        lines += [
            "",
            f"Services by {'critical time' if along.which == 'response' else 'that time'}: {services}{more}",
        ]
    if taken.removed:
        lines += ["", _redacted(taken.removed)]
    return "\n".join(lines) + "\n"


def _findings(taken: Taken, names: Sequence[str]) -> list[str]:
    found = finding_lines(taken.trace, TraceState(taken.trace.trace_id), taken.store)
    said = [f"- {_naming(one.message, names)}{f' ({one.gain})' if one.gain else ''}" for one in found.first]
    more = len(found.rest) + found.more
    return ["", "Findings:", *said, *([f"- and {display.count(more)} more"] if more else [])] if said else []


def busiest(trace: OpenTrace, along: Shown) -> list[Row]:
    """What has the most time on the path that the verdict speaks of; spans that were not received as one."""
    [found] = evidence(trace.facts.forest, along.path, MOST_LINES)
    lost = [Row(MISSING, "span not received", found.missing_ns, 0)] if found.missing_ns else []
    return sorted(found.rows + lost, key=lambda one: -one.critical_ns)[:MOST_LINES]


def _busy_line(place: int, one: Row, total_ns: int) -> str:
    share = display.share(min(1.0, one.critical_ns / max(1, total_ns)))
    calls = f" in {display.plural(one.calls, 'span')}" if one.calls > 1 else ""
    waited = _WAITED[one.wait]
    return f"{place}. {waited}{code(called(one.service, one.name))}: {display.duration(one.critical_ns)}, {share}{calls}"


def _naming(sentence: str, names: Sequence[str]) -> str:
    """The sentence escaped, the operations that it names as code."""
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    parts = re.split(f"({known})", sentence) if known else [sentence]
    return "".join(code(part) if part in names else escaped(part) for part in parts)


def _redacted(removed: Mapping[str, int]) -> str:
    shown = list(removed.items())[:20]
    more = f" and {display.count(len(removed) - len(shown))} more keys" if len(removed) > len(shown) else ""
    return "Redacted: " + ", ".join(f"{code(key)} × {display.count(number)}" for key, number in shown) + more


def code(text: str) -> str:
    """As a code span, in which nothing is markup, no link and no mention; one line."""
    text = " ".join(_short(text).split())
    if not text:
        return "` `"
    fence = "`" * (max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def escaped(text: str) -> str:
    """Within a sentence: shown as it is by whatever reads Markdown, and calls nobody."""
    return _MARKUP.sub(r"\\\1", _short(text, 1_000)).replace("@", _NO_MENTION)


def _short(text: str, longest: int = _LONGEST) -> str:
    text = _CONTROL.sub(" ", text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
