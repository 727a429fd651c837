"""What the page of two sets says in words: the headline, its causes, what to know of both sets."""

from dataclasses import dataclass

from markupsafe import Markup

from webapp.analysis.cohorts.cohort import Cause, Comparison
from webapp.analysis.cohorts.split import ENOUGH
from webapp.model import display
from webapp.model.cohorts import CohortData, Membership
from webapp.views.cohorts.reading import Read
from webapp.views.present import TAIL_SAMPLED

BAND_WORDS = {  # of model.cohorts.BANDS
    "": "All", "fast": "Fastest half", "mid": "p50–p90", "high": "p90–p99", "top": "Slowest 1%",
}  # fmt: skip
_HOW = {"slower": "is slower", "faster": "is faster", "more": "more calls of", "fewer": "fewer calls of"}


@dataclass(frozen=True, slots=True)
class Headline:
    """`html` is the sentence; `note` says how sure it is."""

    html: Markup
    note: str
    claims: bool


def headline(read: Read) -> Headline:
    found, data = read.comparison, read.data
    if not data.selection.traces:
        return Headline(Markup("No trace is selected."), "", claims=False)
    if not found.enough:
        few = "the selection" if found.selection.worth < ENOUGH else "what it is measured by"
        text = f"Too few traces to compare: {few} has {_few(found, data)}, and {ENOUGH} are needed."
        mean = f"The selected ones take {display.duration(round(found.selection.mean_ns))} on average."
        return Headline(Markup("{} {}").format(text, mean), "", claims=False)
    return Headline(_sentence(found), _interval(found), claims=True)


def _few(found: Comparison, data: CohortData) -> str:
    small = found.selection.worth < ENOUGH
    membership, side = (data.selection, found.selection) if small else (data.baseline, found.baseline)
    if side.worth < side.sampled - 0.5:
        return f"{display.plural(side.sampled, 'trace')} that are worth {side.worth:.1f} by their weights"
    return display.plural(membership.sampled, "trace")


def _sentence(found: Comparison) -> Markup:
    after, before = (display.duration(round(side.mean_ns)) for side in (found.selection, found.baseline))
    difference = round(abs(found.difference_ns))
    if not found.sure:
        return Markup("Response times do not differ surely: <b>{}</b> against {} on average.").format(
            after, before
        )
    which = "slower" if found.difference_ns > 0 else "faster"
    start = Markup("Responses are <b>{} {}</b>").format(display.duration(difference), which)
    if not found.causes:
        return Markup("{}, {} against {} on average; no single call path explains it.").format(
            start, after, before
        )
    return Markup("{}: {}.").format(start, Markup(", ").join(_cause(cause) for cause in found.causes))


def _cause(cause: Cause) -> Markup:
    name = Markup("<bdi>{} · {}</bdi>").format(cause.service, cause.name)
    time = Markup("<b>{}</b> ({})").format(display.duration(round(abs(cause.ns))), display.share(cause.share))
    if cause.how in ("slower", "faster"):
        return Markup("{} {} {}").format(time, name, _HOW[cause.how])
    return Markup("{} {} {}").format(time, _HOW[cause.how], name)


def _interval(found: Comparison) -> str:
    low, high = (display.offset(round(ns)) for ns in (found.low_ns, found.high_ns))
    before, after = (display.duration(round(side.mean_ns)) for side in (found.baseline, found.selection))
    return f"mean {before} → {after}; 95% interval {low} to {high}"


def sample_words(membership: Membership) -> str:
    """Of a set that is not looked at as a whole."""
    words = []
    if membership.sampled < membership.traces:
        words.append(
            f"based on {display.count(membership.sampled)} of {display.plural(membership.traces, 'trace')}"
        )
    if membership.giants:
        words.append(f"{display.plural(membership.giants, 'trace')} of more than 10,000 spans left out")
    return ", ".join(words)


def caveats(read: Read) -> list[str]:
    """What keeps the figures from meaning what they seem to."""
    data, found = read.data, read.comparison
    notes = [note.message for note in read.notes]
    if read.problem:
        notes.append(read.problem)
    if data.tail_sampled:
        notes.append(TAIL_SAMPLED)
    side = found.selection
    if any(abs(one.stands_for - one.sampled) > 0.5 for one in (side, found.baseline)):
        notes.append(
            f"Traces count by their sampling weights: the {display.count(side.sampled)} selected stand for"
            f" {display.count(round(side.stands_for))}, and are as sure as {display.count(round(side.worth))} of one weight."
        )
    if found.untold_paths:
        notes.append(f"{display.plural(found.untold_paths, 'rare call path')} are summed up as one.")
    return notes
