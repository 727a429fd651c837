"""What the query language says of what the pages of services count: where their numbers lead."""

import re
from collections.abc import Collection

from webapp.model.red import ErrorKind, Process
from webapp.query import write_duration, write_key, write_term
from webapp.query.spelling import quote

CALLS = "(kind=server OR kind=consumer OR root)"
_STATUS = re.compile(r"HTTP (\d{3})")
_STATUS_KEYS = ("http.response.status_code", "http.status_code")


def spans(service: str, operation: str = "", *, entry: bool = True) -> str:
    terms = [write_term("service", "=", service)]
    if operation:
        terms.append(write_term("name", "=", operation))
    return " ".join([*terms, CALLS] if entry else terms)


def at_least(query: str, duration_ns: int) -> str:
    return f"{query} duration>={write_duration(duration_ns)}"


def error_kind(service: str, kind: ErrorKind, known_keys: Collection[str]) -> str:
    """The failed spans of a kind: by what is the same in their messages, wherever that is written."""
    terms = [write_term("service", "=", service), "error"]
    status = _STATUS.fullmatch(kind.template)
    if status:
        written = [f"{write_key(key)}={status[1]}" for key in _STATUS_KEYS if key in known_keys]
        terms.append(f"({' OR '.join(written)})" if len(written) > 1 else "".join(written))
    else:
        pieces = [piece.strip() for piece in kind.template.split("*")]
        telling = (
            [piece for piece in pieces if len(piece) > 2]
            or [piece for piece in pieces if piece]
            or [kind.type]
        )
        terms += [quote(piece) for piece in dict.fromkeys(telling) if piece]
    return " ".join(filter(None, terms))


def process(service: str, of: Process) -> str:
    return (
        f"{write_term('service', '=', service)} {write_term(f'resource.{write_key(of.key)}', '=', of.value)}"
    )
