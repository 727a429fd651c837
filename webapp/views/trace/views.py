"""The views of one trace beside its waterfall: their tabs, and what each is made of. Each has a room of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from webapp.store import Store
from webapp.views.trace.cache import OpenTrace
from webapp.views.trace.state import TraceState
from webapp.views.trace.views_chosen import Chosen, choose
from webapp.views.trace.views_events import events_context, words_apart
from webapp.views.trace.views_flame import flame_context
from webapp.views.trace.views_map import map_context
from webapp.views.trace.views_spans import spans_context

_WORDS = {"": "Waterfall", "flame": "Flame graph", "spans": "Spans", "map": "Map", "events": "Events"}
_MAKERS: dict[str, Callable[[OpenTrace, TraceState, Chosen, Store], dict[str, object]]] = {
    "flame": flame_context,
    "spans": spans_context,
    "map": map_context,
    "events": events_context,
}


@dataclass(frozen=True, slots=True)
class Tab:
    words: str
    url: str
    count: int | None
    current: bool


def tabs_of(trace: OpenTrace, state: TraceState) -> list[Tab]:
    """A view that is shown leads to itself as it is."""
    counts = {
        "spans": int((trace.facts.forest.source >= 0).sum()),
        "events": len(trace.event_rows) + trace.logs.total,
    }
    return [
        Tab(
            words,
            state.url(**{} if view == state.view else {"view": view}),
            counts.get(view),
            view == state.view,
        )
        for view, words in _WORDS.items()
    ]


def other_view(trace: OpenTrace, state: TraceState, store: Store, problem: str) -> dict[str, object]:
    """All that `_view.html` names when the state asks for another view than the waterfall."""
    find, errors = (words_apart(state).rest, False) if state.view == "events" else (state.find, state.errors)
    lists = state.view in ("spans", "events")
    chosen = choose(trace, state, store, find=find, errors=errors, lists=lists)
    return {
        "trace": trace,
        "state": state,
        "view_words": _WORDS[state.view],
        "found_total": None if chosen.found is None else len(chosen.found),
        "problem": chosen.problem or problem,
        "notes": chosen.notes,
    } | _MAKERS[state.view](trace, state, chosen, store)
