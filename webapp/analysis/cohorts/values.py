"""The values of one key as pairs of a value and a trace, by service; numbers of which there are many as tenths."""

from dataclasses import dataclass

import numpy as np

from webapp.analysis.runs import run_lengths, run_starts
from webapp.model.cohorts import F64, AttributeColumn, CohortTraces
from webapp.model.columns import I64, U64, Bool

_DISTINCT_NUMBERS = 12  # from here on numbers are compared by tenths of the baseline


@dataclass(frozen=True, slots=True)
class Key:
    """All pairs of a value and a trace of one key, sorted by value; the values of each service are together.

    `service` has an entry a service, `first` where its values begin, and one more. `low`, `high`: of numbers. `tenths`:
    services whose numbers are compared by tenths. A place is a value, or, after all values, a service: it is missing.
    """

    column: AttributeColumn
    service: list[int]
    first: I64
    code: U64
    low: F64 | None
    high: F64 | None
    tenths: Bool
    pair_value: I64
    pair_trace: I64

    def group(self, places: I64) -> I64:
        """The place of the service in `service`."""
        of_value = np.searchsorted(self.first, places, side="right") - 1
        return np.where(places < len(self.code), of_value, places - len(self.code))

    def distinct(self, group: int) -> int:
        return int(self.first[group + 1] - self.first[group])

    def traces_of(self, value: int) -> I64:
        first, end = np.searchsorted(self.pair_value, [value, value + 1])
        return self.pair_trace[first:end]

    def members(self, place: int, asked: Bool) -> Bool:
        """The traces with that value, or of those `asked` the ones with none of that service."""
        known = place < len(self.code)
        members = np.zeros(len(asked), np.bool_) if known else asked.copy()
        if known:
            members[self.traces_of(place)] = True
        else:
            group = place - len(self.code)
            first, end = np.searchsorted(self.pair_value, self.first[group : group + 2])
            members[self.pair_trace[first:end]] = False
        return members


def key_of(column: AttributeColumn, traces: CohortTraces) -> Key:
    starts = run_starts(column.service, column.code)
    value = np.repeat(np.arange(len(starts)), run_lengths(starts, len(column.code)))
    of_service = run_starts(column.service[starts])
    services = column.service[starts][of_service].tolist()
    first = np.append(of_service, len(starts))
    trace = column.trace.astype(np.int64)
    tenths = np.zeros(len(services), np.bool_)
    if column.number is None:
        return Key(column, services, first, column.code[starts], None, None, tenths, value, trace)
    tenths = np.diff(first) >= _DISTINCT_NUMBERS
    exact = column.number[starts]
    if not tenths.any():
        return Key(column, services, first, column.code[starts], exact, exact, tenths, value, trace)
    return _by_tenths(column, column.number, traces, services, first, tenths, starts)


def _by_tenths(
    column: AttributeColumn, numbers: F64, traces: CohortTraces, services: list[int], first: I64, tenths: Bool,
    starts: I64,
) -> Key:  # fmt: skip
    """Of services with many numbers the values are the tenths of the baseline that each number falls into."""
    ends = np.append(starts, len(column.code))[first]
    low: list[F64] = []
    high: list[F64] = []
    values, pair_traces = [], []
    sizes = [0]
    for group, many in enumerate(tenths.tolist()):
        entries = slice(int(ends[group]), int(ends[group + 1]))
        number, trace = numbers[entries], column.trace[entries].astype(np.int64)
        if many:
            inner = _bounds(number, ~traces.selected[trace])
            cells = np.unique(np.searchsorted(inner, number, side="right") * len(traces) + trace)
            value, trace = cells // len(traces), cells % len(traces)
            low.append(np.append(-np.inf, inner))
            high.append(np.append(inner, np.inf))
        else:
            begins = starts[first[group] : first[group + 1]]
            value = np.searchsorted(begins - entries.start, np.arange(len(trace)), side="right") - 1
            low.append(numbers[begins])
            high.append(numbers[begins])
        values.append(value + sum(sizes))
        sizes.append(len(low[-1]))
        pair_traces.append(trace)
    code = np.concatenate([np.arange(size) for size in sizes[1:]]).astype(np.uint64)
    return Key(
        column, services, np.cumsum(sizes), code, np.concatenate(low), np.concatenate(high), tenths,
        np.concatenate(values), np.concatenate(pair_traces),
    )  # fmt: skip


def _bounds(number: F64, baseline: Bool) -> F64:
    """Between the tenths of the baseline's values."""
    measured = number[baseline] if baseline.any() else number
    inner: F64 = np.unique(np.sort(measured)[np.arange(1, 10) * len(measured) // 10])
    return inner
