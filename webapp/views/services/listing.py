"""The rows of `/services`: services and the operations of the one that is unfolded, sorted, with where numbers lead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from webapp.model import display
from webapp.model.red import Measured, Overview, Period, Presence
from webapp.views.services import queries, words
from webapp.views.services.state import COLUMNS, ServicesState

PER_PAGE = 100
_NEAR = 3


@dataclass(frozen=True, slots=True)
class Row:
    measured: Measured
    rate: str
    calls: str
    sample: str
    errors: str
    percentiles: list[tuple[int | None, str]]  # ns, and where it leads
    slower: words.Change
    worse: words.Change
    trend: words.Trend
    calls_url: str
    errors_url: str
    critical_url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """To "is my service here?". `found`: yes; `links`: services to go to, with what is said of them."""

    found: bool
    sentence: str
    links: list[Presence]


def rows(
    overview: Overview, measured: Sequence[Measured], state: ServicesState, *, rated: bool = True
) -> list[Row]:
    """`rated` is false where the kept traces do not tell how often there were any."""
    return [_row(each, overview.period, state, rated=rated) for each in ordered(measured, state)]


def _row(measured: Measured, period: Period, state: ServicesState, *, rated: bool) -> Row:
    red = measured.red
    query = queries.spans(measured.service, measured.operation, entry=state.entry)
    inside = queries.spans(measured.service, measured.operation, entry=False)
    percentiles = []
    for name in ("p50", "p95", "p99"):
        found = words.percentile(red, name)
        slow = queries.at_least(query, found) if found else query
        percentiles.append((found, state.search(period, slow, "slowest").url("/traces")))
    return Row(
        measured=measured,
        rate=words.rate_of(red, period, rated=rated),
        calls=words.counted(red),
        sample=words.sample(red),
        errors=words.calls(red.errors),
        percentiles=percentiles,
        slower=words.p95_change(red, measured.before),
        worse=words.error_change(red, measured.before),
        trend=words.trend(measured.trend),
        calls_url=state.search(period, query).url("/traces"),
        errors_url=state.search(period, f"{query} error").url("/traces"),
        critical_url=state.search(period, inside, "slowest").url("/traces"),
    )


def ordered(measured: Sequence[Measured], state: ServicesState) -> list[Measured]:
    """By the column of the state. What has no value there comes last, either way."""
    key = _KEYS[state.sort]
    descending = COLUMNS[state.sort][1] != bool(state.order)
    known = sorted((each for each in measured if key(each) is not None), key=_name)
    known.sort(key=key, reverse=descending)  # type: ignore[arg-type]
    return known + sorted((each for each in measured if key(each) is None), key=_name)


def _name(measured: Measured) -> tuple[str, str]:
    return measured.service, measured.operation


def _percentile(name: str) -> Callable[[Measured], int | None]:
    return lambda measured: words.percentile(measured.red, name)


_KEYS: dict[str, Callable[[Measured], object]] = {
    "name": _name,
    "rate": lambda measured: measured.red.calls,
    "calls": lambda measured: measured.red.calls,
    "errors": lambda measured: measured.red.error_share if measured.red.spans else None,
    "p50": _percentile("p50"),
    "p95": _percentile("p95"),
    "p99": _percentile("p99"),
    "critical": lambda measured: measured.critical_ns,
    "slower": lambda measured: words.p95_change(measured.red, measured.before).ratio,
    "worse": lambda measured: words.error_change(measured.red, measured.before).ratio,
    "first": lambda measured: measured.first_ns or None,
    "last": lambda measured: measured.last_ns or None,
}


def answer(text: str, here: Sequence[Presence], shown: Sequence[Measured]) -> Answer | None:
    """Whether a service of that name is here: exactly, as a part of names, or nothing but near ones."""
    if not text:
        return None
    sought, in_window = text.casefold(), {each.service for each in shown}
    exact = [each for each in here if each.service.casefold() == sought]
    if exact:
        silent = not exact[0].sends
        later = "" if silent or exact[0].service in in_window else ", but not in this time"
        sentence = f"{exact[0].service} is here{later}"
        if silent:
            sentence = f"{exact[0].service} sends no spans itself; others call it"
        return Answer(True, sentence, exact)
    holding = [each for each in here if sought in each.service.casefold()]
    if holding:
        verb = "name contains" if len(holding) == 1 else "names contain"
        return Answer(True, f"No service is called “{text}”, but {len(holding)} {verb} it", holding[:_NEAR])
    by_name = {each.service.casefold(): each for each in here}
    near = [by_name[name] for name in get_close_matches(sought, by_name, n=_NEAR, cutoff=0.6)]
    return Answer(False, f"No service is called “{text}”" + ("; the nearest:" if near else "."), near)


def sentence(overview: Overview) -> str:
    """The answer before the data: who makes requests wait, who fails most."""
    if not overview.rows:
        return ""
    slowest = max(overview.rows, key=lambda row: row.critical_ns)
    failing = max(overview.rows, key=lambda row: words.surely_failing(row.red))
    usual = sum(row.red.failed for row in overview.rows) / max(1, sum(row.red.spans for row in overview.rows))
    grown = max(overview.rows, key=lambda row: words.p95_change(row.red, row.before).ratio or 0)
    change = words.p95_change(grown.red, grown.before)
    parts = [f"{slowest.service} is {display.share(slowest.share)} of all the time that requests waited for"]
    if words.surely_failing(failing.red) > usual:
        share = display.share(failing.red.error_share)
        parts.append(f"{failing.service} fails most often, in {share} of its calls")
    if change.worse:
        parts.append(f"the p95 of {grown.service} changed most: {change.words} against before")
    return "; ".join(parts) + "."
