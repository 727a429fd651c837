"""How the numbers of services are written, and their pictures of one line: rates, changes, trends."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Protocol

from webapp.model import display
from webapp.model.red import Moment, Period, Red
from webapp.model.results import GraphEdge, GraphNode, Summary
from webapp.model.weights import LEAST
from webapp.views.trend import bars_path

TREND_WIDTH, TREND_HEIGHT = 108, 22


@dataclass(frozen=True, slots=True)
class Change:
    """`words` of a change against the period before; `worse` when it is one for the worse that is worth a colour."""

    words: str
    title: str
    ratio: float | None  # for sorting
    worse: bool = False


@dataclass(frozen=True, slots=True)
class Trend:
    """Outlines of calls and of failed calls, as SVG paths of TREND_WIDTH by TREND_HEIGHT."""

    calls: str
    errors: str
    words: str


def rate(calls: float, seconds: float) -> str:
    """Calls a second, or a minute when they are few; less than a second of calls says nothing of how often."""
    if calls and seconds < 1:
        return "–"
    per_second = calls / seconds
    if per_second >= 0.995:
        return f"{_digits(per_second)}/s"
    return f"{_digits(per_second * 60)}/min" if calls else "0/min"


def rate_of(red: Red, period: Period, *, rated: bool) -> str:
    """`rated` is false where the kept traces do not tell how often there were any."""
    return f"{'≈' if red.weighted else ''}{rate(red.calls, period.seconds)}" if rated else "–"


def _digits(number: float) -> str:
    if number < 0.01:
        return "<0.01"
    if number < 9.995:
        return f"{number:.2f}" if number < 0.995 else f"{number:.1f}"
    return f"{number:,.0f}"


def length(period: Period) -> str:
    """How long it is, to the eye: `30 m`, not `30 m 00 s`."""
    return display.duration(period.to_ns - period.from_ns).removesuffix(" 00 s").removesuffix(" 00 m")


def stretch(moments: Sequence[Moment]) -> str:
    """How long one of them is."""
    return length(Period(moments[0].from_ns, moments[0].to_ns, exact=True)) if moments else ""


def calls(number: float) -> str:
    """A sum of weights: whole for the eye."""
    return display.count(round(number))


def percentile(red: Red, name: str) -> int | None:
    """In ns; None when there are too few spans for it to say something of more than themselves."""
    found: int | None = getattr(red, f"{name}_ns")
    return found if red.worth >= LEAST[name] else None


def told(of: Summary) -> list[tuple[str, int]]:
    """The percentiles that so many traces are enough for, with their names."""
    found = [("p50", of.p50_ns), ("p95", of.p95_ns), ("p99", of.p99_ns)]
    return [(name, ns) for (name, ns), least in zip(found, LEAST.values(), strict=True) if of.worth >= least]


def surely_failing(red: Red) -> float:
    """The least share of failures that these spans are evidence of (Wilson), though it is the worst of many services."""
    if not red.spans:
        return 0.0
    z2, share = 3.3**2, red.failed / red.spans
    spread = sqrt(z2 * (share * (1 - share) + z2 / (4 * red.spans)) / red.spans)
    return max(0.0, (share + z2 / (2 * red.spans) - spread) / (1 + z2 / red.spans))


def p95_change(now: Red, before: Red | None) -> Change:
    if before is None or not before.spans:
        return Change("new" if now.spans else "–", "nothing of it in the period before", None)
    now_ns, earlier = percentile(now, "p95"), percentile(before, "p95")
    if now_ns is None or not earlier:
        return Change("–", f"fewer than {LEAST['p95']} calls in one of the periods", None)
    ratio = now_ns / earlier
    title = f"p95 {display.duration(earlier)} before, {display.duration(now_ns)} now"
    return Change(_ratio(ratio), title, ratio, worse=ratio >= 1.5)


def _ratio(ratio: float) -> str:
    if ratio >= 2:
        return f"{ratio:.1f}×" if ratio < 99.5 else f"{ratio:,.0f}×"
    percent = round(100 * (ratio - 1))
    return f"+{percent}%" if percent > 0 else f"−{-percent}%" if percent else "±0%"


def error_change(now: Red, before: Red | None) -> Change:
    """In points of a percent."""
    if before is None or not before.spans or not now.spans:
        return Change("–", "nothing of it in one of the periods", None)
    points = 100 * (now.error_share - before.error_share)
    title = f"{display.share(before.error_share)} before, {display.share(now.error_share)} now"
    if abs(points) < 0.05:
        return Change("±0", title, points)
    worse = points >= 1 and now.failed > before.failed
    return Change(f"{'+' if points > 0 else '−'}{abs(points):.1f} pts", title, points, worse=worse)


def trend(moments: Sequence[Moment]) -> Trend:
    most = max((moment.red.calls for moment in moments), default=0.0)
    if not most:
        return Trend("", "", "no calls")
    called = bars_path([moment.red.calls for moment in moments], TREND_WIDTH, TREND_HEIGHT, most)
    failed = bars_path([moment.red.errors for moment in moments], TREND_WIDTH, TREND_HEIGHT, most)
    width = display.duration(moments[0].to_ns - moments[0].from_ns)
    return Trend(called, failed, f"calls over time, at most {calls(most)} in {width}")


class Counted(Protocol):
    """`spans` that stand for `calls`."""

    @property
    def spans(self) -> int: ...
    @property
    def weighted(self) -> int: ...
    @property
    def calls(self) -> float: ...


def counted(of: Counted) -> str:
    """`≈1,200` where the calls were not all recorded."""
    return f"{'≈' if of.weighted else ''}{calls(of.calls)}"


def sample(of: Counted, noun: str = "call") -> str:
    """What such a number comes from."""
    return f"n = {display.plural(of.spans, f'recorded {noun}')}" if of.weighted else ""


def p95(of: GraphNode | GraphEdge) -> int | None:
    """None when there are too few calls for it."""
    return of.p95_ns if of.worth >= LEAST["p95"] else None


def weights_note(reds: Sequence[Counted]) -> str:
    """What to say of sampling: how many of the counted spans stand for more than themselves."""
    spans, weighted = sum(red.spans for red in reds), sum(red.weighted for red in reds)
    return sampling_note("Counts are", "span", spans, weighted, sum(red.calls for red in reds))


def sampling_note(what: str, noun: str, recorded: int, weighted: int, stand_for: float) -> str:
    """Of `recorded`, `weighted` say how many they stand for, and all together that many; "" when none says so."""
    if not weighted:
        return ""
    told = stand_for - (recorded - weighted)  # what is unknown is never multiplied
    of = display.plural(recorded, f"recorded {noun}")
    if weighted == recorded:
        return f"{what} weighted by sampling: {of} stand for ≈{calls(told)}."
    return (
        f"Sampling rates are mixed: {display.count(weighted)} of {of} say how many they stand for, together"
        f" ≈{calls(told)}; the other {display.count(recorded - weighted)} say nothing and count as one each."
    )
