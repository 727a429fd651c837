"""Spans that .NET's ConsoleExporter prints as text, `Activity.TraceId: …` and what follows, between other lines.

All values are text there. A block ends with an empty line or where the next one begins.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from webapp.formats import moments, units
from webapp.formats.console.inspected import plain
from webapp.formats.console.wrapped import unwrapped, unwrapped_head
from webapp.formats.head import Head
from webapp.formats.ids import Ids
from webapp.formats.notes import Notes
from webapp.formats.resources import Resources
from webapp.model.spans import NO_SCOPE, Attributes, Event, Link, Scope, Span

NAME = "dotnet-console"
EXAMPLE = "Activity.TraceId:            5b8e…\nActivity.SpanId:             eee1…\nActivity.DisplayName:        GET /"

_LOOKS = re.compile(rb"^[ \t]*Activity\.(?:TraceId|Id):\s+\S", re.MULTILINE)
_BEGINS = re.compile(r"Activity\.(?:TraceId|Id):\s")
_MEMBER = re.compile(r"(?P<indent> *)(?P<key>[^:\s](?:[^:]|:(?!\s|$))*):(?:\s+(?P<value>.*))?")
_EVENT = re.compile(r" {4}(?P<name>.*) \[(?P<time>[^\]]+)\]")
_LINK = re.compile(r" {4}(?P<trace>[0-9a-f]{32}) (?P<span>[0-9a-f]{16})")
_OLD_ID = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_LENGTH = re.compile(r"(?:(\d+)\.)?(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?")
_LONGEST_LINE = 16_000_000
_MOST_LINES = 100_000
_SECTIONS = {
    "Activity.Tags": "tags",
    "Activity.TagObjects": "tags",
    "Resource associated with Activity": "resource",
    "Instrumentation scope (ActivitySource)": "scope",
}


def looks_like(head: Head) -> str | None:
    found = _LOOKS.search(unwrapped_head(head).start)
    return ".NET ConsoleExporter: printed activities with `Activity.TraceId`" if found else None


def read(stream: BinaryIO, notes: Notes) -> Iterator[Span]:
    spans = _Spans(notes)
    block: list[str] = []
    first = 0
    lines = unwrapped(stream)
    for number, raw in enumerate(iter(lambda: lines.readline(_LONGEST_LINE), b""), start=1):
        line = plain(raw.decode("utf-8", "replace")).rstrip("\r\n")
        begins = _BEGINS.match(line)
        if block and (begins or not line.strip() or len(block) > _MOST_LINES):
            yield from spans.span(block, f"line {first}")
            block = []
        if begins:
            first = number
        if begins or block:
            block.append(line)
        elif line.strip():
            notes.warn("other_text", where=f"line {number}")
    if block:
        yield from spans.span(block, f"line {first}")


class _Block:
    """What the lines of one activity say."""

    def __init__(self, lines: list[str], notes: Notes, where: str) -> None:
        self._notes = notes
        self._where = where
        self.told: dict[str, str] = {}
        self.sections: dict[str, Attributes] = {"tags": {}, "resource": {}, "scope": {}}
        self.events: list[tuple[str, str, Attributes]] = []
        self.links: list[tuple[str, str, Attributes]] = []
        self._into: Attributes = {}
        self._section = self._last = ""
        for line in lines:
            self._take(line)

    def _take(self, line: str) -> None:
        member = _MEMBER.fullmatch(line)
        if member and not member["indent"]:
            self._section = _SECTIONS.get(member["key"], member["key"])
            self._into = self.sections.get(self._section, {})
            self._last = ""
            self.told[member["key"]] = member["value"] or ""
        elif self._section == "Activity.Events" and (event := _EVENT.fullmatch(line)):
            self._into, self._last = {}, ""
            self.events.append((event["name"], event["time"], self._into))
        elif self._section == "Activity.Links" and (link := _LINK.match(line)):
            self._into, self._last = {}, ""
            self.links.append((link["trace"], link["span"], self._into))
        elif member and len(member["indent"]) in (4, 8) and member["value"] is not None:
            self._last = member["key"]
            self._into[self._last] = member["value"]
        elif self._last:  # a value of several lines, such as a stack trace
            self._into[self._last] = "\n".join((str(self._into[self._last]), line))
        elif line.strip():
            self._notes.warn("other_text", where=self._where)

    def first(self, *keys: str) -> str:
        """Older versions wrote some without `Activity.`, or with."""
        return next((self.told[key] for key in keys if self.told.get(key)), "")


class _Spans:
    """Makes the spans of one source."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._ids = Ids(notes)
        self._resources = Resources()

    def span(self, lines: list[str], where: str) -> Iterator[Span]:
        """Nothing without usable ids."""
        block = _Block(lines, self._notes, where)
        old, old_parent = (
            _OLD_ID.fullmatch(block.first(key)) for key in ("Activity.Id", "Activity.ParentId")
        )
        written = (
            block.first("Activity.TraceId"),
            block.first("Activity.SpanId"),
            block.first("Activity.ParentSpanId"),
        )
        if old:
            written = (old[1], old[2], old_parent[2] if old_parent else "")
        trace_id, span_id, parent_id = (
            (self._ids.trace if at == 0 else self._ids.span)(text, where) for at, text in enumerate(written)
        )
        if not trace_id or not span_id:
            self._notes.reject("bad_id", where=where)
            return
        start_ns = self._time(block.first("Activity.StartTime"), where)
        length_ns = _length_ns(block.first("Activity.Duration"))
        resource, service = self._resources.named(block.sections["resource"])
        yield Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=parent_id,
            name=block.first("Activity.DisplayName"),
            service=service,
            start_ns=start_ns,
            end_ns=start_ns + length_ns if start_ns and length_ns is not None else 0,
            kind=units.kind_number(block.first("Activity.Kind")),
            status=units.status_number(block.first("StatusCode", "Activity.StatusCode")),
            status_message=block.first("StatusDescription", "Activity.StatusDescription"),
            attributes=block.sections["tags"],
            events=[Event(name, self._time(at, where), found) for name, at, found in block.events],
            links=[Link(trace, span, found) for trace, span, found in block.links],
            resource=resource,
            scope=_scope(block),
            trace_state=block.first("Activity.TraceState"),
            flags=1 if "Recorded" in block.first("Activity.TraceFlags", "Activity.ActivityTraceFlags") else 0,
            written_trace_id=units.written_form(written[0], trace_id),
            written_span_id=units.written_form(written[1], span_id),
        )

    def _time(self, written: str, where: str) -> int:
        return moments.checked(units.iso_ns(written), self._notes, where) if written else 0


def _length_ns(written: str) -> int | None:
    """.NET's `days.hours:minutes:seconds.fraction`."""
    found = _LENGTH.fullmatch(written.strip())
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.group(1, 2, 3, 4))
    whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return whole * 1_000_000_000 + int((found[5] or "0").ljust(9, "0"))


def _scope(block: _Block) -> Scope:
    told = block.sections["scope"]
    name = str(told.get("Name", "")) or block.first("Activity.ActivitySourceName")
    found = Scope(name, str(told.get("Version", "")) or block.first("Activity.ActivitySourceVersion"))
    return NO_SCOPE if found == NO_SCOPE else found
