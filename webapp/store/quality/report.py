"""The report as a whole: what is looked for, in which order, and how far that is."""

from collections.abc import Callable

from webapp.model.quality import Line, Report, ranked
from webapp.model.sensitive import PRESET, found_in, mask
from webapp.query import write_term
from webapp.store.conditions.catalogue import Catalogue
from webapp.store.insights.broken_context import Matched, read_broken
from webapp.store.quality.asking import Asking
from webapp.store.quality.clocks import precision_lines, unit_lines
from webapp.store.quality.practice import line_of, many_spans, root_services, span_lines, unnamed_calls
from webapp.store.quality.read import source_lines
from webapp.store.quality.repairs import repair_lines
from webapp.store.quality.values import Suspect, looked_at, suspects

Step = Callable[[str], None]  # is told what is looked at next


def make_report(
    catalogue: Catalogue, source_id: int, rules: Matched, now_ns: int, version: int, step: Step
) -> Report:
    asking = Asking(catalogue, source_id)
    step("repairs")
    [everything] = asking.spans([""])
    lines = source_lines(asking)
    if everything.spans:
        lines += _whole_traces(asking, everything.traces)
        step("spans")
        lines += span_lines(asking, now_ns) + precision_lines(asking, everything.spans)
        lines += unit_lines(asking, everything.spans)
        step("calls")
        lines += _lost_context(asking, rules)
        step("values")
        among, looked = looked_at(asking)
        lines += _sensitive(asking, suspects(asking, among, lambda: step("values")), everything.spans)
    else:
        looked = 0
    [stored] = Asking(catalogue).spans([""]) if source_id else [everything]
    return Report(
        source_id, version, stored.spans, everything.spans, everything.traces, looked, ranked(lines)
    )


def _whole_traces(asking: Asking, traces: int) -> list[Line]:
    lines = repair_lines(asking, traces) + many_spans(asking, traces) + unnamed_calls(asking, traces)
    query = "trace.id=" + "0" * 16 + "*"
    short, _ = asking.traces(query)
    if 0 < short < traces:
        places = root_services(asking, query)
        lines.append(Line("short_ids", "traces", short, traces, asking.within(query), places=places))
    return lines


def _lost_context(asking: Asking, rules: Matched) -> list[Line]:
    """By caller and service: all roots of the service, most of which lie within one call of the caller each."""
    [_, first_ns, newest_ns] = asking.catalogue.trace_bounds()
    lines = []
    for broken in read_broken(asking.cursor, rules, (first_ns, newest_ns)):
        query = f"root kind=server {write_term('service', '=', broken.service)}"
        [roots] = asking.spans([query])
        if roots.spans:
            facts: dict[str, int | str] = {
                "pairs": broken.pairs,
                "caller": broken.caller,
                "service": broken.service,
            }
            named = f"{broken.caller} → {broken.service}"
            lines.append(line_of(asking, "context_lost", query, roots, broken.roots, named, facts))
    return lines


def _sensitive(asking: Asking, found: list[Suspect], spans: int) -> list[Line]:
    queries = [f"{each.key}~{PRESET}{each.look}" for each in found]
    return [
        line_of(
            asking, "secret" if each.look == "unmasked" else each.look, query, counted, spans, each.key,
            {"example": mask(found_in(each.example, each.look)[0], each.look)},
        )
        for each, query, counted in zip(found, queries, asking.spans(queries), strict=True)
    ]  # fmt: skip
