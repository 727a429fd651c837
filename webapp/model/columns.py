"""Spans of one or many traces as parallel arrays: what `store` hands to `analysis`. No logic beyond shape."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
U64 = NDArray[np.uint64]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side of a call that sent no spans. `type` is `db`, `messaging` or `external`; `name` as analysis.md 9.2."""

    type: str
    name: str


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What an ERROR span says of itself. `source` is "file.py:12" when it carries code.* attributes, else ""."""

    message: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class SpanColumns:
    """n spans. Rows of one trace are adjacent and `trace` never decreases. Everything is as recorded.

    `row` is the store's own key of each span, to ask for it again. Ids are the 16 hex digits as uint64, 0 = none.
    `end_ns` 0 = unfinished. `service`, `name`, `host`, `peer` index into the lists of the same name (-1 = unknown,
    only for host and peer). `content` is equal for two rows of one (trace, span id) exactly when every stored field
    is equal; it is only filled where a span id occurs more than once in its trace, else 0.
    `link_owner[k]` (a row index of this object) has a link to span `link_span[k]` of its own trace, in stored order.
    `error_texts` holds, by row index, what spans of status ERROR say; spans without words are not in it.
    `inferred`: the traces (numbers into `trace_ids`) whose spans are guesses from log lines, all of them.
    `weight`: how many spans each stands for; None: each for itself.
    `analysed_before`: whether the store may have facts of any of these traces, of the spans that came until then.
    """

    trace_ids: list[str]
    services: list[str]
    names: list[str]
    hosts: list[str]
    peers: list[Peer]
    trace: I32
    row: I64
    span_id: U64
    parent_id: U64
    start_ns: I64
    end_ns: I64
    kind: U8
    status: U8
    service: I32
    name: I32
    host: I32
    peer: I32
    follows_from: Bool
    shared: Bool
    content: U64
    link_owner: I32
    link_span: U64
    error_texts: dict[int, ErrorText]
    inferred: tuple[int, ...] = ()
    weight: F64 | None = None
    analysed_before: bool = True

    def __len__(self) -> int:
        return len(self.span_id)
