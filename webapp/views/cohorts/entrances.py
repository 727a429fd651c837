"""Where other pages lead to the comparison of two sets: from a search, from failures."""

from webapp import query as language
from webapp.errors import BadQuery
from webapp.query.tree import Term, leaves
from webapp.views.cohorts.state import CohortState
from webapp.views.state import SearchState

_FAILED = ("error", "status", "errors", "failed")  # what a span or a trace says of its failure …
_SLOW = ("duration", "response")  # … and of how long it took
_VERSIONS = ("service.version", "deployment.id", "container.image.tag")


def why_slow_url(search: SearchState) -> str:
    """What a search finds against the rest; if it asks for slow ones, for failures or for a version, against what else
    the query finds.

    Where nothing is asked: the slower traces against the others.
    """
    asked = CohortState(b=search.q, from_=search.from_, to=search.to)
    return asked.url(a=_wider(search.q) or "rest") if search.q else asked.url(band="high")


def why_failed_url(search: SearchState) -> str:
    """The traces of a search that have errors against those that have none."""
    failed = language.add_term(search.q, "trace.errors>0")
    return CohortState(a=search.q or "rest", b=failed, from_=search.from_, to=search.to).url()


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
