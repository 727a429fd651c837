"""Everything that the page of one trace knows, in one call. Batches of traces are `batch.py`'s; both share the rooms."""

from webapp.analysis.attribution import evidence
from webapp.analysis.blocking import tolerance, waited_for
from webapp.analysis.critical_path import PathFinder
from webapp.analysis.failure import failures
from webapp.analysis.late import opens_late
from webapp.analysis.self_time import self_times
from webapp.analysis.summary import critical_times, extents, service_shares, summaries
from webapp.analysis.tree import repair
from webapp.analysis.verdict import completion_verdict, verdict
from webapp.model.columns import SpanColumns
from webapp.model.facts import TraceFacts, TraceSummary


def analyse_trace(columns: SpanColumns) -> TraceFacts:
    """`columns` must hold the spans of one trace, at least one."""
    forest = repair(columns)
    children = waited_for(forest)
    finder = PathFinder(forest, children)
    root = int(forest.root[0])
    path = finder.critical(root)
    response_ns = int(forest.end_ns[root] - forest.start_ns[root])
    last_end_ns = int(forest.end_ns[finder.last_to_end(root)])
    goes_on = last_end_ns - int(forest.end_ns[root]) > tolerance(response_ns)
    completion = finder.completion(root) if goes_on else None
    critical_ns = critical_times(forest, path)
    start_ns, end_ns = extents(columns)
    return TraceFacts(
        forest=forest,
        path=path,
        completion=completion,
        self_ns=self_times(forest, children),
        critical_ns=critical_ns,
        start_ns=int(start_ns[0]),
        end_ns=int(end_ns[0]),
        response_ns=response_ns,
        verdict=verdict(evidence(forest, path)[0]),
        completion_verdict=completion_verdict(evidence(forest, completion)[0]) if completion else None,
        failure=failures(forest)[0],
        services=service_shares(forest, critical_ns)[0],
        warnings=forest.warnings[0],
    )


def summarise(facts: TraceFacts) -> TraceSummary:
    late = {0: facts.completion_verdict} if facts.completion_verdict and opens_late(facts) else None
    return summaries(facts.forest, facts.path, late=late)[0]
