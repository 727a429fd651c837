"""What loggers put before the words of a text line: level, Spring's brackets of ids, process, thread and logger.

Not here: times, agents' prefixes and key=value (`text.py`).
"""

import re
from typing import Any

Fields = dict[str, Any]

LEVEL = re.compile(r"\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL|PANIC|DPANIC)\b")
LEVEL_WITHIN = 80  # characters from the start of a line
_LEADING_LEVEL = re.compile(rf"[\s\[(<|-]*{LEVEL.pattern}[\s\])>|:,-]*")
_ID = r"\s*((?:[0-9a-fA-F]{32}|[0-9a-fA-F]{16})?)\s*"
# Sleuth: [service,trace,span], [service,trace,span,exportable], also with the parent before the last
_SLEUTH = re.compile(rf"\[\s*([^\s,\[\]]*)\s*,{_ID},{_ID}(?:,{_ID})?(?:,\s*(true|false)?\s*)?\]\s*")
# Spring Boot 3: [trace-span], blank outside of requests
_BOOT = re.compile(r"\[(?:([0-9a-fA-F]{32})-([0-9a-fA-F]{16})|\s+)\]\s*")
_SPRING = re.compile(
    r"(?P<pid>\d+)?\s*---\s+(?P<brackets>(?:\[[^\]]*\]\s*)+)(?P<logger>[\w.$\[\]/-]+)\s*:\s(?P<message>.*)",
    re.DOTALL,
)
_BRACKET = re.compile(r"\[\s*([^\]]*?)\s*\]")
_NOTHING = ("", "-")


def split(line: str) -> tuple[Fields, str]:
    """The fields of the prefix, and the rest."""
    found: Fields = {}
    line = _without_ids(line, found)
    if leading := _LEADING_LEVEL.match(line):
        found["level"] = leading[1]
        line = line[leading.end() :]
    elif level := LEVEL.search(line[:LEVEL_WITHIN]):
        found["level"] = level[1]
    if spring := _SPRING.match(line.strip()):
        *before, thread = _BRACKET.findall(spring["brackets"])
        service = next((each for each in before if each not in _NOTHING), "")
        named = {"service": service, "pid": spring["pid"], "thread": thread, "logger": spring["logger"]}
        found = {key: value for key, value in named.items() if value} | found
        line = spring["message"]
    return found, line.strip()


def _without_ids(line: str, found: Fields) -> str:
    if sleuth := _SLEUTH.search(line):
        service, *ids, exportable = sleuth.groups()
        named = zip(("trace_id", "span_id", "parent_id"), ids, strict=True)
        found |= {key: value for key, value in named if value}
        if service not in _NOTHING:
            found["service"] = service
        if exportable:
            found["exportable"] = exportable == "true"
        return line[: sleuth.start()] + line[sleuth.end() :]
    if boot := _BOOT.search(line):
        if boot[1]:
            found |= {"trace_id": boot[1], "span_id": boot[2]}
        return line[: boot.start()] + line[boot.end() :]
    return line
