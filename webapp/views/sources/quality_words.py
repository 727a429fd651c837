"""What the data-quality report says: for each code a label, a sentence that begins with a count, and how to mend it."""

from dataclasses import dataclass

from webapp.model import display
from webapp.model.quality import Line


@dataclass(frozen=True, slots=True)
class Words:
    """`told` goes on after the count, as in “3 traces …”, with the line's facts filled in; `fix`: two sentences at most."""

    label: str
    told: str
    fix: str


_CLOCKS = "Let all hosts set their clocks by the same source (NTP or chrony), and name them with host.name or host.id."
_UNITS = "See which unit the exporter writes: OTLP takes nanoseconds, Zipkin and Jaeger microseconds."
_REMOVE = (
    "Take them out where they are recorded, or in the Collector with the redaction or attributes processor. "
)
_ROTATE = "Who can read traces has read it: change it."
WORDS = {
    "rejected": Words(
        "Records that could not be read",
        "could not be read and had to be left out.",
        "The page of the source names the first of them, with the reason. Export them again, or mend the file.",
    ),
    "missing_parents": Words(
        "Missing parents",
        "are not whole: the parents of {spans} were not received.",
        "See that all services export to the same place, and that queues of exporters and the Collector do not overflow. "
        "With sampling, decide once for a whole trace: by its parent, or at its tail.",
    ),
    "duplicate_ids": Words(
        "Duplicate ids",
        "hold different spans under one id: {spans} in all.",
        "Let the SDK make span ids; do not copy them into child processes or batches, and seed random numbers in forks.",
    ),
    "repeated_spans": Words(
        "Repeated spans",
        "came more than once, equal in every field; one of each is kept.",
        "Two exporters or pipelines send the same spans, or a file was loaded twice. Remove one of the ways.",
    ),
    "cycles": Words(
        "Cycles",
        "have spans that are their own parents or ancestors.",
        "Context is written by hand somewhere: take the parent from the SDK's current context instead.",
    ),
    "clock_skew": Words(
        "Clock skew",
        "show clocks that disagree{clocks}. Their times were shifted to fit.",
        _CLOCKS,
    ),
    "skew_conflict": Words(
        "Clocks that contradict", "show clocks that disagree in a way that no single shift explains.", _CLOCKS
    ),
    "skew_too_large": Words(
        "Clocks far apart",
        "show clocks that disagree by more than a minute{clocks}. Their times were left as they are.",
        _CLOCKS,
    ),
    "negative_duration": Words(
        "Negative durations",
        "have spans that end before they start: {spans}.",
        "Measure durations with a monotonic clock, and end a span in the process that began it.",
    ),
    "zero_duration": Words(
        "Zero durations",
        "last 0 ns.",
        "Record moments as events of a span. If these are work, the clock is too coarse for them.",
    ),
    "unfinished": Words(
        "Spans without end",
        "have spans without an end: {spans}.",
        "End spans also when an exception leaves the block. Flush the exporter before a process stops.",
    ),
    "unknown_start": Words(
        "Spans without start",
        "have spans without a start: {spans}.",
        "See that the exporter writes both times.",
    ),
    "bad_time": Words(
        "Times that cannot be", "had times that cannot be times; they are unknown here.", _UNITS
    ),
    "from_zero": Words(
        "Times counted from 0",
        "have times that count from 0 and name no date.",
        "Durations and order are right; when it was cannot be told. Chrome's trace events and some tests are so.",
    ),
    "early_times": Words(
        "Times before 2000",
        "start before the year 2000: by a wrong clock, or in another unit than the format has.",
        _UNITS,
    ),
    "future_times": Words(
        "Times in the future",
        "start more than a day from now: by a wrong clock, or in another unit than the format has.",
        _UNITS,
    ),
    "day_long": Words(
        "Longer than a day",
        "last longer than a day.",
        "Either they were never ended, or their unit is not that of the format. "
        "For work that never ends, record a span for each of its rounds.",
    ),
    "longer_than_call": Words(
        "Longer than their calls",
        "are of services whose spans usually last {times} times as long as the calls that they answer, or longer{among}.",
        _UNITS,
    ),
    "shorter_than_call": Words(
        "Shorter than their calls",
        "are of services whose spans usually last 1/{times} of the calls that they answer, or less{among}: "
        "perhaps in another unit.",
        _UNITS,
    ),
    "unit_guessed": Words(
        "Units that were guessed",
        "do not say the unit of times; it was decided by how large they are.",
        "Compare a duration that you know. If it is wrong, name the columns and their unit with --map.",
    ),
    "whole_seconds": Words(
        "Whole seconds",
        "have times in whole seconds: all spans of {services}.",
        "What is faster cannot be told apart there. Use a clock with nanoseconds, and write what it says.",
    ),
    "whole_ms": Words(
        "Whole milliseconds",
        "have times in whole milliseconds: all spans of {services}.",
        "What is faster cannot be told apart there. Use a clock with nanoseconds, and write what it says.",
    ),
    "whole_us": Words(
        "Whole microseconds",
        "have times in whole microseconds: all spans of {services}.",
        "That is enough for most; it is what the clock, the SDK or the format gives.",
    ),
    "no_service": Words(
        "No service name",
        "do not name a service.",
        "Set OTEL_SERVICE_NAME, or service.name of the resource, for each process.",
    ),
    "short_ids": Words(
        "Ids of mixed width",
        "have ids of 64 bits beside others of 128: where both kinds meet, a trace falls apart.",
        "Let all services make ids of 128 bits "
        "(Zipkin: traceId128Bit, Datadog: DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED).",
    ),
    "changed_ids": Words(
        "Ids of other forms",
        "have ids of unusual length or form; they were padded, cut or hashed to OpenTelemetry's.",
        "The ids as written can be searched, too. Let the exporter write 32 hexadecimal digits for a trace, 16 for a span.",
    ),
    "context_lost": Words(
        "Context lost between services",
        "of {service} begin traces of their own; {pairs} lie within a call of {caller} that nobody answered.",
        "Let {caller} send traceparent with its calls and {service} read it: the same propagators on both sides "
        "(OTEL_PROPAGATORS). See that no proxy between them drops the header.",
    ),
    "several_roots": Words(
        "Several roots",
        "have more than one root.",
        "Where work starts beside a request, give it the request's context, or a trace of its own with a link.",
    ),
    "silent_errors": Words(
        "Errors that say nothing",
        "failed and do not say why: neither message nor exception, error attribute or status of HTTP or gRPC.",
        "Give the status a description, and record the exception (record_exception) where it is caught.",
    ),
    "vague_queries": Words(
        "Queries that are not told",
        "ask a database and name neither statement nor table.",
        "Let the instrumentation record db.query.text, with ? for values, or at least db.collection.name.",
    ),
    "unnamed_calls": Words(
        "Calls to nobody",
        "hold calls that nobody answered and that do not say whom they are for.",
        "Set server.address, or peer.service, on client spans.",
    ),
    "many_spans": Words(
        "Very large traces",
        "have more than {least}, the largest {most}.",
        "Record loops as one span with a count, and start a new trace, with a link, for each part of a batch.",
    ),
    "private_key": Words("Private keys", "hold private keys", _REMOVE + _ROTATE),
    "secret": Words("Secrets by their key", "hold what is a secret by its key", _REMOVE + _ROTATE),
    "password": Words("Passwords", "hold what looks like passwords", _REMOVE + _ROTATE),
    "token": Words("Tokens", "hold what looks like tokens", _REMOVE + _ROTATE),
    "card": Words(
        "Card numbers", "hold what looks like card numbers", _REMOVE + "Keep the last four digits at most."
    ),
    "email": Words(
        "E-mail addresses",
        "hold what looks like e-mail addresses",
        _REMOVE + "To tell users apart, record an id or a hash.",
    ),
}
_OF_ONE = {  # how a sentence about one goes on
    "have": "has", "hold": "holds", "show": "shows", "are": "is", "last": "lasts", "start": "starts", "do": "does",
    "ask": "asks", "begin": "begins",
}  # fmt: skip
_NOUNS = {"spans": "span", "services": "service", "pairs": "pair", "least": "span", "most": "span"}
GROUPS = {
    "faults": ("What was recorded wrongly", "times, ids and parents; what could not be read"),
    "practice": ("Tracing practice", "what would make traces say more"),
    "sensitive": ("Sensitive values", "what should not be in traces; it is never shown here"),
}
SEVERITIES = {"high": "serious", "medium": "to mend", "info": "to know"}
STEPS = {  # what is looked at, in this order
    "repairs": "what repair found",
    "spans": "spans",
    "calls": "calls between services",
    "values": "values of attributes",
}
_PAIRS = "clocks, caller → callee"
PLACES = {
    "clock_skew": _PAIRS,
    "skew_too_large": _PAIRS,
    "many_spans": "operations",
    "short_ids": "services of roots",
}


def counted(line: Line) -> str:
    """The count that its sentence begins with."""
    text = display.plural(line.count, line.unit.removesuffix("s"))
    if line.code == "context_lost":
        text = display.plural(line.count, "root span")
    return text if line.exact else f"more than {text}"


def told(line: Line) -> str:
    """The rest of the sentence, but for the key of values and their example."""
    text = WORDS[line.code].told.format(**_facts(line))
    verb, _, rest = text.partition(" ")
    return f"{_OF_ONE.get(verb, verb)} {rest}" if line.count == 1 and line.code != "context_lost" else text


def sentence(line: Line) -> str:
    """The whole of it, with the key of sensitive values and one of them, masked."""
    within = (
        f" in {display.plural(line.traces, 'trace')}"
        if line.unit == "spans" and line.group != "practice"
        else ""
    )
    if line.group == "sensitive":
        return f"{counted(line)}{within} {told(line)}, under {line.subject}: such as {line.facts['example']}."
    return f"{counted(line)} {told(line)}"


def fix(line: Line) -> str:
    text = WORDS[line.code].fix
    return text.format(**_facts(line)) if line.code == "context_lost" else text


def share_of(line: Line) -> str:
    """`9.3% of 1,325 traces`."""
    if line.code == "silent_errors":
        noun = "spans that failed"
    elif line.code == "vague_queries":
        noun = "calls of databases"
    elif line.code == "context_lost":
        return f"{display.share(line.share)} of those of {line.facts['service']}"
    else:
        noun = line.unit if line.total != 1 else line.unit.removesuffix("s")
    return f"{display.share(line.share)} of {display.count(line.total)} {noun}"


def _facts(line: Line) -> dict[str, str]:
    facts = {name: _fact(name, value) for name, value in line.facts.items()}
    if line.code == "context_lost":
        facts["pairs"] = display.count(int(line.facts["pairs"]))
    if line.code in ("clock_skew", "skew_too_large"):
        pairs, largest_ns = (int(line.facts[name]) for name in ("pairs", "largest_ns"))
        largest = display.duration(abs(largest_ns))
        # none: of traces that were analysed before shifts were kept
        facts["clocks"] = f": {display.plural(pairs, 'pair')} of clocks, by up to {largest}" if pairs else ""
    facts["among"] = f", among the newest {facts['newest']} spans" if "newest" in facts else ""
    if line.facts.get("more"):
        facts["services"] += f" (and of {display.count(int(line.facts['more']))} more)"
    return facts


def _fact(name: str, value: int | str) -> str:
    if isinstance(value, str):
        return value
    return display.plural(value, _NOUNS[name]) if name in _NOUNS else display.count(value)
