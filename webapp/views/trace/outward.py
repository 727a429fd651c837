"""Links from a span or a trace to other systems, as the settings describe them: what their places are filled with."""

from webapp.model.link_templates import LinkTemplate, OutwardLink, filled, moments
from webapp.model.spans import Span
from webapp.views.trace.cache import OpenTrace


def links_of_trace(templates: tuple[LinkTemplate, ...], trace: OpenTrace) -> list[OutwardLink]:
    """Those that speak of nothing but the trace."""
    return filled((template for template in templates if template.of_trace), _of_trace(trace))


def links_of_span(templates: tuple[LinkTemplate, ...], trace: OpenTrace, span: Span) -> list[OutwardLink]:
    """The words of the templates win over attributes of that name, and attributes of the span over its resource's."""
    if not templates:
        return []
    own: dict[str, object] = {
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "service": span.service,
        "service.name": span.service,
        "name": span.name,
        **moments("start", span.start_ns),
        **moments("end", span.end_ns),
    }
    if span.start_ns and span.end_ns >= span.start_ns:
        own["duration_ms"] = (span.end_ns - span.start_ns) // 1_000_000
    return filled(templates, {**span.resource.attributes, **span.attributes, **own, **_of_trace(trace)})


def _of_trace(trace: OpenTrace) -> dict[str, object]:
    facts = trace.facts
    return {
        "trace_id": trace.trace_id,
        "written_trace_id": trace.origin.written_id or trace.trace_id,
        **moments("trace_start", facts.start_ns),
        **moments("trace_end", facts.end_ns),
        "trace_duration_ms": (facts.end_ns - facts.start_ns) // 1_000_000,
    }
