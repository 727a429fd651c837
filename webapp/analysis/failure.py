"""Where a failed trace began to fail, and the sentence that says so (decisions.md, "Failure first")."""

import numpy as np

from webapp.analysis.attribution import called, label
from webapp.model import display
from webapp.model.columns import ErrorText
from webapp.model.facts import Failure, Forest
from webapp.model.spans import Status

_LONGEST_QUOTE = 200
_NO_WORDS = ErrorText("")


def failures(forest: Forest) -> list[Failure | None]:
    """One a trace; None unless its primary root failed."""
    if not (forest.status[forest.root] == Status.ERROR).any():
        return [None] * len(forest.root)
    failed = np.flatnonzero((forest.status == Status.ERROR) & (forest.source >= 0))
    failed_below: dict[int, list[int]] = {}
    for node, parent in zip(failed.tolist(), forest.parent[failed].tolist(), strict=True):
        failed_below.setdefault(parent, []).append(node)
    ends: dict[int, list[int]] = {}  # by trace the failed spans that none below failed
    for node, trace in zip(failed.tolist(), forest.trace[failed].tolist(), strict=True):
        if node not in failed_below:
            ends.setdefault(trace, []).append(node)
    is_failed = set(failed.tolist())
    return [
        _failure(forest, _origin(forest, root, failed_below, ends.get(trace, [])))
        if root in is_failed
        else None
        for trace, root in enumerate(forest.root.tolist())
    ]


def handler_of(forest: Forest, node: int) -> int:
    """The span that called a failed one, waited for it and did not fail; -1 if there is none."""
    above = int(forest.parent[node])
    received = above >= 0 and forest.source[above] >= 0
    return above if received and forest.blocking[node] and forest.status[above] != Status.ERROR else -1


def written_id(forest: Forest, node: int) -> str:
    """The span id as pages and answers write it: "<id>_k" where several spans came under one id."""
    suffix = int(forest.suffix[node])
    return f"{forest.span_id[node]:016x}" + (f"_{suffix}" if suffix else "")


def _origin(forest: Forest, root: int, failed_below: dict[int, list[int]], ends: list[int]) -> int:
    """The end of the longest chain of failed spans below the root; of several the one that ended first."""
    if root not in failed_below:
        return _behind_the_answer(forest, root, ends)
    best = (1, 0, 0, 0, root)
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        below = failed_below.get(node)
        if below:
            stack += [(child, depth + 1) for child in below]
        else:
            rank = (
                -depth,
                int(forest.end_ns[node]),
                int(forest.span_id[node]),
                int(forest.suffix[node]),
                node,
            )
            best = min(best, rank)
    return best[-1]


def _behind_the_answer(forest: Forest, root: int, ends: list[int]) -> int:
    """What a root that says no more than the status it answered with failed of: an exception that passed through spans
    of its own service, as those of middleware, which were not marked. The one that ended last; the root if there is none.
    """
    message = forest.columns.error_texts.get(int(forest.source[root]), _NO_WORDS).message
    if message and not message.startswith("HTTP "):
        return root
    passes = {
        root: True,
        -1: False,
    }  # whether an error in it comes to the root through spans of the root's service
    for node in ends:
        way = []
        while node not in passes:
            way.append(node)
            same = forest.service[node] == forest.service[root] and forest.blocking[node]
            node = int(forest.parent[node]) if same else -1
        passes.update(dict.fromkeys(way, passes[node]))
    inside = [node for node in ends if node != root and passes[node]]
    return max(inside, key=lambda node: (int(forest.end_ns[node]), -node), default=root)


def _failure(forest: Forest, node: int) -> Failure:
    service, name = label(forest, node)
    words = forest.columns.error_texts.get(int(forest.source[node]), _NO_WORDS)
    caller = _caller(forest, node)
    duration_ns = int(forest.end_ns[node] - forest.start_ns[node])
    sentence = f"Failed in {called(service, name)}"
    if quote := _quote(words.message):
        sentence += f": {quote}"
    sentence += f" ({display.duration(duration_ns)})"
    if caller:
        sentence += f", called by {caller}"
    return Failure(
        span_id=written_id(forest, node),
        service=service,
        name=name,
        message=words.message,
        caller=caller,
        duration_ns=duration_ns,
        sentence=sentence,
        source=words.source,
    )


def _caller(forest: Forest, node: int) -> str:
    """The nearest span of another service above; failing that the parent."""
    above = int(forest.parent[node])
    nearest = -1
    while above >= 0:
        if forest.source[above] >= 0:
            nearest = above if nearest < 0 else nearest
            if forest.service[above] != forest.service[node]:
                return called(*label(forest, above))
        above = int(forest.parent[above])
    return called(*label(forest, nearest)) if nearest >= 0 else ""


def _quote(message: str) -> str:
    line = message.strip().partition("\n")[0].strip()
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"
