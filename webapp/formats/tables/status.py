"""Whether the spans of a batch failed, and of which kind they are. Words that mean nothing here become attributes."""

from collections.abc import Sequence
from typing import Any

from webapp.formats import units
from webapp.formats.tables import cells
from webapp.formats.tables.batch import Batch
from webapp.model.spans import Attributes, Kind, Status

PENDING = "pending_span"
SPAN_TYPE = "logfire.span_type"
_OPENINFERENCE = "openinference.span.kind"
_FAILURE = frozenset({"FAILURE", "FAILED", "FAULT", "EXCEPTION", "FAIL"})
_NOTHING = frozenset({"", "UNSET", "STATUS_CODE_UNSET", "SUCCESS", "SUCCEEDED", "0", "NONE", "NULL"})
_UNSPECIFIED = frozenset({"", "0", "UNSPECIFIED", "SPAN_KIND_UNSPECIFIED", "SPAN", "NONE", "NULL"})
_KINDS = {"request": Kind.SERVER, "dependency": Kind.CLIENT}  # Azure's
_NO_ERROR = frozenset({"", "0", "false", "none", "null", "nan"})
_YES = frozenset({"1", "true", "yes"})


def statuses(batch: Batch, attributes: Sequence[Attributes]) -> tuple[list[int], list[str]]:
    """Numbers and messages: by the status, else by a column that says whether there was an error or a success."""
    found = _numbers(batch, attributes)
    messages = batch.texts("status_message")
    if batch.has("error"):
        for row, value in enumerate(batch.of("error")):
            said = cells.text(value).strip()
            if said.lower() not in _NO_ERROR:
                found[row] = Status.ERROR
                if said.lower() not in _YES and not messages[row]:
                    messages[row] = said
    if batch.has("success"):
        for row, value in enumerate(batch.of("success")):
            if cells.text(value).strip().lower() in ("false", "0", "no"):
                found[row] = Status.ERROR
    return found, messages


def _numbers(batch: Batch, attributes: Sequence[Attributes]) -> list[int]:
    if not batch.has("status"):
        return [0] * batch.rows
    column = batch.of("status")
    known: dict[object, int] = {}
    found = []
    for row, value in enumerate(column):
        word = _word(value)
        if word not in known:
            failed = str(word).strip().upper() in _FAILURE
            known[word] = Status.ERROR if failed else units.status_number(word)
        found.append(known[word])
        if not known[word] and str(word).strip().upper() not in _NOTHING:
            attributes[row].setdefault(batch.layout.fields["status"], cells.guessed(word))
    return found


def kinds(batch: Batch, attributes: Sequence[Attributes]) -> list[int]:
    if not batch.has("kind"):
        return [0] * batch.rows
    column_name = batch.layout.fields["kind"]
    key = _OPENINFERENCE if "context.trace_id" in batch.layout.columns else column_name
    known: dict[object, int] = {}
    found = []
    for row, value in enumerate(batch.of("kind")):
        word = _word(value)
        if word not in known:
            known[word] = _KINDS.get(word) or units.kind_number(str(word).removeprefix("RPC_"))
        found.append(known[word])
        if not known[word] and str(word).strip().upper() not in _UNSPECIFIED:
            attributes[row].setdefault(SPAN_TYPE if word == PENDING else key, str(word))
    return found


def _word(value: Any) -> Any:  # noqa: ANN401  any value that can be a key
    if isinstance(value, dict):
        value = value.get("code", value.get("status_code"))
    if isinstance(value, bytes):
        return cells.text(value)
    if value is None or value == "\\N":
        return ""
    return value if isinstance(value, (str, int, float)) else str(value)
