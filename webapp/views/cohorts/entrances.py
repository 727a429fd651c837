"""Where other pages lead to the comparison of two sets: from a search, from failures."""

from webapp import query as language
from webapp.analysis.cohorts.split import ENOUGH
from webapp.errors import BadQuery
from webapp.model.cohorts import BANDS
from webapp.model.results import Summary
from webapp.query.tree import Term, leaves
from webapp.views.cohorts.state import CohortState
from webapp.views.state import SearchState

_FAILED = ("error", "status", "errors", "failed")  # what a span or a trace says of its failure …
_SLOW = ("duration", "response")  # … and of how long it took
_HIGH = BANDS["high"][1] - BANDS["high"][0]
_VERSIONS = ("service.version", "deployment.id", "container.image.tag")


def why_slow_url(search: SearchState, found: Summary, whole: int) -> str:
    """What a search finds, of `whole` traces in its time, against the rest; if it asks for slow ones, for failures or for
    a version, against what else the query finds. "" where no two sets are large enough.

    Where nothing is asked, or hardly anything is left: the slower traces against the others, by halves if they are few.
    """
    asked = CohortState(b=search.q, from_=search.from_, to=search.to)
    if search.q and min(found.traces, whole - found.traces) >= ENOUGH:
        return asked.url(a=_wider(search.q) or "rest")
    if found.worth * _HIGH >= ENOUGH:
        return asked.url(band="high")
    slower = language.add_term(search.q, f"trace.duration>{language.write_duration(found.p50_ns)}")
    return asked.url(a=search.q or "rest", b=slower) if found.worth >= 2 * ENOUGH + 1 else ""


def errors_url(search: SearchState, found: Summary) -> tuple[str, str]:
    """The traces of a search that have errors, against those that have none where both are enough; and what that tells."""
    failed = language.add_term(search.q, "trace.errors>0")
    if min(found.errors, found.traces - found.errors) < ENOUGH:
        return search.url(q=failed), "Show them"
    asked = CohortState(a=search.q or "rest", b=failed, from_=search.from_, to=search.to)
    return asked.url(), "What is different about the traces with errors?"


def _wider(text: str) -> str:
    """The query without what makes it one of slow traces, of failures or of a version; "" if nothing is left of it."""
    try:
        parts = language.terms(language.parse(text))
    except BadQuery:
        return ""
    kept = [part.text for part in parts if not any(map(_sets_apart, leaves(language.parse(part.text).root)))]
    return " ".join(kept) if len(kept) < len(parts) else ""


def _sets_apart(term: Term) -> bool:
    if term.key in (*_FAILED, *_SLOW):
        return term.scope in ("own", "trace")
    return term.key in _VERSIONS and term.scope in ("any", "resource", "span")
