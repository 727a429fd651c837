"""A trace in a few lines of Markdown, for a chat or ticket. Names and messages are hostile: nothing in them is markup."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from webapp.model import display
from webapp.model.facts import TraceFacts
from webapp.views.present import clock, day
from webapp.views.takeaway.trace import Taken
from webapp.views.trace.findings import finding_lines
from webapp.views.trace.head import head_of
from webapp.views.trace.rows import MISSING
from webapp.views.trace.state import TraceState

MOST_LINES = 5
_LONGEST = 240  # characters of a name or message
# as little as will do: some chats show the backslash
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&]|:(?=//)|(?<=www)\.)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_TICKS = re.compile(r"`+")
_NO_MENTION = "@\N{WORD JOINER}"


@dataclass(frozen=True, slots=True)
class Busy:
    service: str
    name: str
    critical_ns: int
    calls: int


def summary_of(taken: Taken, url: str, zone: str) -> str:
    """Verdict, failure, the most critical time by operation, findings, services, and what was redacted."""
    trace, facts = taken.trace, taken.trace.facts
    head = head_of(trace, TraceState(trace.trace_id))
    failed = ", failed" if facts.failure else ""
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
        f"**{code(f'{head.service} · {head.name}')} took {display.duration(facts.response_ns)}{failed}**",
        "",
        " · ".join(facts_line),
        "",
    ]
    if facts.failure:
        failure = facts.failure
        message = f": {code(failure.message)}" if failure.message else ""
        caller = f", called by {code(failure.caller)}" if failure.caller else ""
        where = code(f"{failure.service} · {failure.name}")
        lines += [f"**Failed** in {where}{message} ({display.duration(failure.duration_ns)}){caller}", ""]
    top = busiest(facts)
    said = " ".join([facts.verdict.sentence.removesuffix(".") + ".", *head.reasons])
    lines += [f"**{head.label}:** {_naming(said, [f'{one.service} · {one.name}' for one in top])}", ""]
    if head.missing:
        lines += [f"Incomplete: {display.plural(head.missing, 'span')} not received.", ""]
    lines.append("Most critical time:")
    lines += [_busy_line(place, one, facts.response_ns) for place, one in enumerate(top, 1)]
    lines += _findings(taken, [f"{one.service} · {one.name}" for one in top])
    services = ", ".join(f"{code(one.service)} {one.share}" for one in head.shares)
    more = f" and {display.count(head.more_shares)} more" if head.more_shares else ""
    if services:
        lines += ["", f"Services by critical time: {services}{more}"]
    if taken.removed:
        lines += ["", _redacted(taken.removed)]
    return "\n".join(lines) + "\n"


def _findings(taken: Taken, names: Sequence[str]) -> list[str]:
    found = finding_lines(taken.trace, TraceState(taken.trace.trace_id), taken.store)
    said = [f"- {_naming(one.message, names)}{f' ({one.gain})' if one.gain else ''}" for one in found.first]
    more = len(found.rest) + found.more
    return ["", "Findings:", *said, *([f"- and {display.count(more)} more"] if more else [])] if said else []


def busiest(facts: TraceFacts) -> list[Busy]:
    """Operations with the most time on the critical path."""
    forest = facts.forest
    names = len(forest.columns.names) + 1
    operation = (
        (forest.service.astype(np.int64) + 1) * names + forest.name + 1
    )  # 0: spans that were not received
    total_ns = np.bincount(operation, facts.critical_ns)
    calls = np.bincount(operation[facts.critical_ns > 0], minlength=len(total_ns))
    found = []
    for one in np.argsort(-total_ns, kind="stable")[:MOST_LINES].tolist():
        service, name = one // names - 1, one % names - 1
        if total_ns[one] > 0:
            services, all_names = forest.columns.services, forest.columns.names
            found.append(
                Busy(
                    services[service] if service >= 0 else MISSING,
                    all_names[name] if name >= 0 else MISSING,
                    int(total_ns[one]),
                    int(calls[one]),
                )
            )
    return found


def _busy_line(place: int, one: Busy, response_ns: int) -> str:
    share = display.share(min(1.0, one.critical_ns / max(1, response_ns)))
    calls = f" in {display.plural(one.calls, 'span')}" if one.calls > 1 else ""
    return (
        f"{place}. {code(f'{one.service} · {one.name}')}: {display.duration(one.critical_ns)}, {share}{calls}"
    )


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
