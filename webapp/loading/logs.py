"""What becomes of log lines when everything is loaded: spans for the traces of which nothing else is known.

The rules are `analysis/inferred.py`'s, keeping and giving way is the store's.
"""

from collections.abc import Sequence
from pathlib import PurePath

import msgspec

from webapp.analysis.inferred import infer
from webapp.formats import otlp
from webapp.loading.paths import STDIN
from webapp.model.logs import LogLine
from webapp.store import MOST_LINES, Store

_BESIDE = (otlp.NAME, "")  # what reports log records beside its spans: none are inferred from those alone


def infer_spans(store: Store) -> None:
    for traces in store.lines.unexplained(_BESIDE):
        made = [
            (each.span, lines[each.line][1])
            for lines in traces
            for each in infer([line for line, _ in lines], _left_out(store, lines))
        ]
        store.lines.infer([lines[0][0].trace_id for lines in traces], made)


def _left_out(store: Store, lines: Sequence[tuple[LogLine, int]]) -> int:
    """How many lines the store does not hand out, because the trace has too many."""
    if len(lines) < MOST_LINES:
        return 0
    return store.lines.of(lines[0][0].trace_id, 0)[1] - len(lines)


def named_services(lines: Sequence[LogLine], path: str) -> Sequence[LogLine]:
    """Where each service writes a file of its own, no line need name it: then the name of the file does."""
    name = "" if path == STDIN else PurePath(path).name.split(".")[0]
    if not name or not lines or any(line.service for line in lines):
        return lines
    return [msgspec.structs.replace(line, service=name) for line in lines]
