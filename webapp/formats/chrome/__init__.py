"""Chrome Trace Event files: what profilers, browsers and Node write, and what we export ourselves.

A process is a trace, nesting on its threads gives parents (`threads.py`, `slices.py`). Our own exports carry their
spans' ids and come back as they were (`own.py`). Writing is in `writing.py`.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from webapp.formats import json_stream
from webapp.formats.chrome.events import event_of, is_event
from webapp.formats.chrome.own import Own
from webapp.formats.chrome.processes import Processes
from webapp.formats.chrome.window import PHASES, Window
from webapp.formats.chrome.writing import write as write
from webapp.formats.head import Head
from webapp.formats.notes import Notes
from webapp.model.spans import Span

NAME = "chrome"
EXAMPLE = '{"traceEvents": [{"ph": "X", "name": "fib", "pid": 1, "tid": 1, "ts": 12.5, "dur": 3.25}]}'


def looks_like(head: Head) -> str | None:
    for one in head.objects:
        if isinstance(one.get("traceEvents"), list):
            return "Chrome Trace Event file: `traceEvents`"
        if is_event(one):
            return "Chrome Trace Event file: events with `ph` and `ts`"
    return None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    reader = _Reader(notes)
    for document in json_stream.documents(
        stream, notes, opened=("traceEvents",), records=("traceEvents",), prose=True
    ):
        value = json_stream.loads(document, notes)
        if isinstance(value, dict) and isinstance(value.get("traceEvents"), list):
            reader.processes.learn_of_file(value)
            value = value["traceEvents"]
        events = value if isinstance(value, list) else [value]
        for number, event in enumerate(events, start=1):
            where = document.where if len(events) == 1 else f"{document.where}, event {number}"
            yield from reader.add(event, where)
    yield from reader.rest()


class _Reader:
    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self.processes = Processes(notes)
        self._own = Own(notes, self.processes)
        self._window = Window(notes, self.processes)

    def add(self, told: Any, where: str) -> Iterator[Span]:  # noqa: ANN401  JSON can be anything
        if not isinstance(told, dict) or not isinstance(told.get("ph"), str):
            if told is not None:
                self._notes.reject("bad_record", where=where)
            return
        if told["ph"] == "M":
            self.processes.learn(told)
        elif self._own.is_own(told):
            yield from self._own.add(told, where)
        elif told["ph"] in PHASES:
            event = event_of(told, self._notes, where)
            if event is not None:
                yield from self._window.add(event)
        else:
            self._notes.warn("other_signal", where=where)

    def rest(self) -> Iterator[Span]:
        yield from self._own.rest()
        yield from self._window.rest()
