"""How long the responses of many traces would take if a service or an operation were faster: whatif.py for each of them."""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.batch_path import critical_paths
from webapp.analysis.blocking import waited_for
from webapp.analysis.call_path import depths, operation
from webapp.analysis.tree import repair
from webapp.analysis.whatif import Schedule
from webapp.model.cohorts import F64
from webapp.model.columns import I64, Bool, SpanColumns
from webapp.model.facts import Forest, Path
from webapp.model.weights import LEAST, QUANTILES, quantile

MOST_TRACES, MOST_SPANS = 500, 25_000


@dataclass(frozen=True, slots=True)
class Prediction:
    """`quantiles`: part, ns as it is, ns as it would be. `spans`: how many would be faster, in `traces` traces."""

    traces: int
    spans: int
    mean_ns: float
    faster_mean_ns: float
    quantiles: list[tuple[float, int, int]]


def predict(columns: SpanColumns, weight: F64, faster: str, part: float) -> Prediction:
    """`faster`: service:NAME or operation:SERVICE · NAME, as on the page of a trace. `weight`: by trace of `columns`."""
    forest = repair(columns)
    children = waited_for(forest)
    path = critical_paths(forest, children, depths(forest))
    order = np.argsort(path.end_ns, kind="stable")
    in_time = Path(path.node[order], path.start_ns[order], path.end_ns[order], path.where[order])
    schedule = Schedule(forest, forest.root, in_time, children)
    chosen = _chosen(forest, faster)
    observed = forest.end_ns[forest.root] - forest.start_ns[forest.root]
    would = schedule.responses(chosen, part)
    whole = float(weight.sum()) or 1.0
    return Prediction(
        len(observed),
        int(chosen.sum()),
        float((observed * weight).sum() / whole),
        float((would * weight).sum() / whole),
        [
            (at, quantile(observed, weight, at), quantile(would, weight, at))
            for name, at in QUANTILES.items()
            if len(observed) >= LEAST[name]
        ],
    )


def _chosen(forest: Forest, faster: str) -> Bool:
    kind, _, name = faster.partition(":")
    services = np.array([*forest.columns.services, ""])
    received = forest.source >= 0
    if kind == "service":
        found: Bool = received & (services == name)[forest.service]
        return found
    wanted = np.zeros(len(forest), np.bool_)
    for place, service in enumerate(services[:-1].tolist()):
        if kind == "operation" and name.startswith(f"{service} · "):
            rest = name.removeprefix(f"{service} · ")
            fits = np.array([rest in (each, operation(each)) for each in forest.columns.names] + [False])
            wanted |= (forest.service == place) & fits[forest.name]
    return wanted & received


def sample(spans: I64) -> int:
    """How many of the first traces are worth the wait."""
    return min(MOST_TRACES, int(np.searchsorted(np.cumsum(spans), MOST_SPANS, side="right")))
