"""What a row of `/insights` shows: the sentence, its numbers, its links, its trend. No questions to the store."""

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.analysis.detectors.rules import rule_of
from webapp.model import display
from webapp.model.insights import Exemplar, Insight
from webapp.model.thresholds import PARTS, Thresholds, part_of, parts_of
from webapp.views.insights.sentences import LABELS, Sentence, sentence_of
from webapp.views.insights.state import InsightsState
from webapp.views.present import clock, day
from webapp.views.state import SearchState
from webapp.views.trend import bars_path

TREND = (120, 22)  # pixels
_BEGINS = 0.1  # of the time shown that must have passed before one says since when
_DAY_NS = 86_400_000_000_000
_FEW = 5  # traces of which one does not say since when


@dataclass(frozen=True, slots=True)
class Row:
    """`section`: lost, failing or seen. `since_ns`: 0 where it was there from the beginning, or seen too seldom."""

    of: Insight
    section: str
    label: str
    sentence: Sentence
    services: list[str]
    lost: str
    share: float  # of what the first of its section lost
    traces_url: str
    exemplars: list[tuple[str, str]]  # address and words: the trace with the most of it, and a median one
    only_url: str
    hide_url: str
    rule: str
    fired: str
    bars: str  # SVG path
    since_ns: int
    since: str


def rows_of(
    insights: Iterable[Insight],
    state: InsightsState,
    thresholds: Thresholds,
    known_services: Iterable[str],
    span: tuple[int, int],
) -> list[Row]:
    services = set(known_services)
    listed = list(insights)
    most_ns = max((insight.lost_ns for insight in listed), default=0)
    return [_row(insight, state, thresholds, services, span, most_ns) for insight in listed]


def _row(
    insight: Insight,
    state: InsightsState,
    thresholds: Thresholds,
    services: set[str],
    span: tuple[int, int],
    most_ns: int,
) -> Row:
    kind = insight.kind
    search = state.search("trace.finding", kind.fingerprint)
    return Row(
        of=insight,
        section=_section(insight),
        label=LABELS[kind.code],
        sentence=sentence_of(insight),
        services=[name for name in (kind.service, kind.subject) if name in services],
        lost=display.duration(insight.lost_ns) if insight.lost_ns else "",
        share=insight.lost_ns / most_ns if most_ns else 0.0,
        traces_url=search.url(),
        exemplars=_exemplars(insight, search),
        only_url=state.url(kind=kind.fingerprint),
        hide_url=state.hiding(kind.code),
        rule=rule_of(kind.code, thresholds),
        fired=_fired(insight, thresholds),
        bars=bars_path(insight.trend, *TREND),
        since_ns=(since_ns := _since(insight, span)),
        since=moment_text(since_ns, span),
    )


def _section(insight: Insight) -> str:
    if insight.lost_ns:
        return "lost"
    return "failing" if insight.kind.code in ("error_root", "timeout", "retry") else "seen"


def _exemplars(insight: Insight, search: SearchState) -> list[tuple[str, str]]:
    both = {
        each.trace_id: (name, each) for name, each in (("median", insight.middle), ("most", insight.largest))
    }
    return [
        (search.trace_url(each.trace_id) + "#why", f"{name}, {_size(each)}")
        for name, each in reversed(both.values())
    ]


def _size(of: Exemplar) -> str:
    """What made it the one: what it lost, else how long it took, of how long a trace."""
    whole = display.duration(of.duration_ns)
    if of.gain_ns:
        return f"{display.duration(of.gain_ns)} lost of {whole}"
    return f"{display.duration(of.time_ns)} of {whole}" if of.time_ns else whole


def _fired(insight: Insight, thresholds: Thresholds) -> str:
    """The medians over traces beside those that they had to reach."""
    code = insight.kind.code
    least = thresholds.get(code)
    if least is None:
        return ""
    shown = {"count": display.count(insight.count), "time": display.duration(insight.time_ns)}
    words = {"count": "{} or more", "time": "{} or more", "share": "{} of the response"}
    said = []
    for part in parts_of(code):
        number = part_of(least, part)
        wanted = words[part].format(amount_text(part, number))
        said.append(f"{shown[part]} (from {wanted})" if part in shown else wanted)
    return "; ".join(said)


def amount_text(part: str, amount: float) -> str:
    """As people read it; `amount_of` reads it back."""
    if part == "count":
        return display.count(int(amount))
    return display.share(amount) if part == "share" else display.duration(int(amount))


def _since(insight: Insight, span: tuple[int, int]) -> int:
    first_ns, last_ns = span
    late = insight.first_ns - first_ns > _BEGINS * (last_ns - first_ns)
    return insight.first_ns if late and insight.traces >= _FEW else 0


def moment_text(ns: int, span: tuple[int, int]) -> str:
    """As short as the time that is shown allows."""
    shown = clock(ns)[:5]
    return shown if span[1] - span[0] < _DAY_NS else f"{day(ns)} {shown}"


@dataclass(frozen=True, slots=True)
class ThresholdLine:
    """A code with the fields of its thresholds: part, name in the address, value there, what is in force."""

    code: str
    label: str
    fields: list[tuple[str, str, str, str]]


def threshold_lines(state: InsightsState, thresholds: Thresholds) -> list[ThresholdLine]:
    return [
        ThresholdLine(
            code,
            LABELS[code],
            [
                (
                    part,
                    f"{code}.{part}",
                    state.least.get(f"{code}.{part}", ""),
                    amount_text(part, part_of(least, part)),
                )
                for part in PARTS
                if part in parts_of(code)
            ],
        )
        for code, least in thresholds.items()
        if parts_of(code)
    ]
