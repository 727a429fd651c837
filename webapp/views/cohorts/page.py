"""`/compare?a=…&b=…` where `b` is a query: the selection, `a` what it is measured by. Two trace ids: `views/compare`."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from webapp import query as language
from webapp.analysis.cohorts.whatif import Prediction
from webapp.model import display
from webapp.store.cohorts.cohorts import STEPS
from webapp.store.cohorts.members import LEAST, MOSTLY
from webapp.views.cohorts.attributes import attribute_rows, not_comparable
from webapp.views.cohorts.json import cohort_json
from webapp.views.cohorts.paths import FEW_ROWS, MOST_ROWS, TONES, flame_of, path_rows
from webapp.views.cohorts.reading import Read, read, what_if
from webapp.views.cohorts.sentence import BAND_WORDS, caveats, headline, sample_words
from webapp.views.cohorts.state import FLAMES, CohortState
from webapp.views.fragments import page_or_part, two_faced, wants_part
from webapp.views.state import SearchState
from webapp.views.trace.values import to_json
from webapp.working import step

_PERCENTS = (10, 25, 50, 75, 90, 100)
_MOST_CHOICES = 30
FLAME_WORDS = {"diff": "Difference", "after": "Selection", "before": "Baseline"}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two sets, in words: what it is, how many, how long they take."""

    letter: str
    words: str
    traces: int
    sampled: str
    mean_ns: int
    quantiles: list[tuple[str, int]]
    url: str
    shows: str  # what is behind `url`


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    choices: list[Choice]
    chosen: str
    percent: int
    percents: tuple[int, ...]
    answer: Prediction | None
    words: str


def cohort_page(state: CohortState) -> Response:
    facts = read(state, state.attributes == "now")
    found = facts.comparison
    which = state.flame if found.enough or state.flame != "diff" else "after"
    moved = int(((found.split.before != 0) | (found.split.after != 0)).sum())
    return page_or_part(
        "cohorts/page.html",
        "cohorts/_cohorts.html",
        state=state,
        data=facts.data,
        found=found,
        head=headline(facts),
        caveats=caveats(facts),
        sides=_sides(facts),
        bands=BAND_WORDS,
        same_root=_same_root(facts),
        against=_against(facts),
        rows=path_rows(found, state) if found.enough else [],
        unlisted=max(0, moved - (MOST_ROWS if state.rows else FEW_ROWS)),
        flame=flame_of(found, state, which),
        which=which,
        flames={name: FLAME_WORDS[name] for name in FLAMES if found.enough or name == "after"},
        tones=TONES,
        **_attributes(facts),
        what=_what_if(facts),
        origin_url=_origin_url(state),
    )


def attributes_part(state: CohortState) -> BaseResponse:
    """What htmx asks for after the page; the page with it for all else."""
    if not wants_part():
        return redirect(state.url(attributes="now"))
    facts = read(state, attributes=True)
    return two_faced(make_response(render_template("cohorts/_told.html", state=state, **_attributes(facts))))


def _attributes(facts: Read) -> dict[str, object]:
    return {
        "told": facts.told if facts.state.attributes != "off" else None,
        "stopped": facts.stopped,
        "attributes": attribute_rows(facts) if facts.state.attributes != "off" else [],
        "not_comparable": not_comparable(facts),
    }


def cohort_json_response(state: CohortState) -> Response:
    facts = read(state, attributes=True)
    prediction = what_if(facts, state.faster, state.percent) if state.faster else None
    body = to_json(cohort_json(facts, prediction), "pretty" in request.args)
    return Response(body, mimetype="application/json")


def _sides(facts: Read) -> list[Side]:
    state, data, found = facts.state, facts.data, facts.comparison
    search = state.search
    band, band_terms = f", {BAND_WORDS[state.band].lower()}" if state.band else "", _band_terms(facts)
    after = Side(
        "B", f"Selection{band}", data.selection.traces, sample_words(data.selection),
        round(found.selection.mean_ns), _quantiles(found.selection.quantiles),
        search.url(sort="slowest", q=language.add_term(search.q, band_terms)),
        "show them" if band_terms or not state.band else "show all",
    )  # fmt: skip
    words, url, shows = _baseline(facts)
    before = Side(
        "A", words, data.baseline.traces, _left_out(facts),
        round(found.baseline.mean_ns), _quantiles(found.baseline.quantiles), url, shows,
    )  # fmt: skip
    return [after, before]


def _baseline(facts: Read) -> tuple[str, str, str]:
    """What it is, where its traces are listed, and whether only they are."""
    state, search = facts.state, facts.state.search
    if state.baseline.kind == "before":
        window = facts.asked.baseline_window
        from_, to = (display.exact_iso(max(0, ns or 0)) for ns in (window.from_ns, window.to_ns))
        url = SearchState(q=state.b, from_=from_, to=to).url()
        return "The period before", url, "show all" if state.band else "show them"
    if state.baseline.kind == "query":
        words, around, others = "Baseline", state.baseline.text, _others(facts) if facts.data.in_both else ""
        only = bool(others) or not facts.data.in_both
    else:
        words, around, others = "The rest of the traces", search.q if state.band else "", _others(facts)
        words, only = "The rest of the query" if state.band and state.b else words, bool(others)
    text = language.add_term(around, others)
    if facts.data.root:
        words = "The rest of that root"
        text = language.add_term(text, language.write_term("trace.root", "=", facts.data.root))
    return words, search.url(q=text), "show them" if only else "show them and the selected"


def _others(facts: Read) -> str:
    """Asks for traces that are not selected; "" where no query can."""
    if not facts.state.band:
        return language.without_traces(facts.state.b)
    band = _band_terms(facts)
    return f"-({band})" if band else ""


def _against(facts: Read) -> list[tuple[str, str]]:
    """What else the selection may be measured by."""
    state, root = facts.state, facts.data.root
    rest = [("rest", "the rest of that root"), ("all", "all the rest")]
    plain = [("rest", "the rest")]
    return [*(rest if root or state.a == "all" else plain), ("before", "the period before")]


def _band_terms(facts: Read) -> str:
    """What the response times of the band say as a query; "" without a band, or if not all of its traces were looked at."""
    selection, traces = facts.data.selection, facts.data.traces
    times = traces.response_ns[traces.selected]
    if not facts.state.band or not len(times) or selection.sampled < selection.traces or selection.giants:
        return ""
    low, high = (language.write_duration(int(ns)) for ns in (times.min(), times.max()))
    return f"trace.response>={low} trace.response<={high}"


def _left_out(facts: Read) -> str:
    """Of the baseline what is not looked at."""
    both, words = facts.data.in_both, sample_words(facts.data.baseline)
    own = f"without {display.count(both)} that {'is' if both == 1 else 'are'} in B, too" if both else ""
    return ", ".join(filter(None, (own, words)))


def _quantiles(quantiles: list[tuple[float, int]]) -> list[tuple[str, int]]:
    return [(f"p{round(100 * part)}", ns) for part, ns in quantiles]


def _same_root(facts: Read) -> tuple[str, str] | None:
    """When the selection has one root operation and others have others, too: its name, and the other comparison."""
    if facts.data.root:
        return facts.data.root, facts.state.url(a="all", frame="")
    chosen = facts.data.traces.selected.tolist()
    inside = Counter(root for root, here in zip(facts.data.roots, chosen, strict=True) if here)
    outside = Counter(root for root, here in zip(facts.data.roots, chosen, strict=True) if not here)
    if facts.state.a != "all" or not inside:
        return None
    [(root, traces)] = inside.most_common(1)
    if traces < MOSTLY * inside.total() or not LEAST <= outside[root] < MOSTLY * outside.total():
        return None
    return root, facts.state.url(a="rest", frame="")


def _what_if(facts: Read) -> WhatIf:
    """Of the operations with the most time in the selection; the first cause is chosen when nothing is said."""
    step("Predicting", STEPS, STEPS)
    tree, after = facts.comparison.split.tree, facts.comparison.split.after
    sums: dict[str, float] = {}
    for entry in range(len(tree) - 2):
        name = f"{tree.service[entry]} · {tree.name[entry]}"
        sums[name] = sums.get(name, 0.0) + float(after[entry])
    names = sorted((name for name in sums if sums[name] > 0), key=lambda name: (-sums[name], name))[
        :_MOST_CHOICES
    ]
    services = dict.fromkeys(name.partition(" · ")[0] for name in names)
    choices = [Choice(f"operation:{name}", name) for name in names]
    choices += [Choice(f"service:{service}", f"all of {service}") for service in services]
    cause = next((cause for cause in facts.comparison.causes if cause.how in ("slower", "more")), None)
    chosen = facts.state.faster or (f"operation:{cause.service} · {cause.name}" if cause else "")
    chosen = chosen or (choices[0].value if choices else "")
    if chosen and chosen not in {choice.value for choice in choices}:
        choices.insert(0, Choice(chosen, chosen.partition(":")[2]))
    answer = what_if(facts, chosen, facts.state.percent) if chosen else None
    return WhatIf(choices, chosen, facts.state.percent, _PERCENTS, answer, chosen.partition(":")[2])


def _origin_url(state: CohortState) -> Callable[[str, str], str]:
    def url(service: str, name: str) -> str:
        """The selected traces in which a span of it failed."""
        terms = [
            language.write_term("service", "=", service),
            language.write_term("operation", "=", name),
            "error",
        ]
        return state.search.url(q=" ".join(terms))

    return url
