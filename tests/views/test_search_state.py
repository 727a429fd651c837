"""The times of a search, relative and pinned."""

from urllib.parse import parse_qsl

import pytest

from webapp.query import time_ns
from webapp.views.state import SearchState

NOW_NS = time_ns("2025-11-20T10:32:07.123456789Z") or 0


@pytest.mark.parametrize(
    ("from_", "to", "pinned"),
    [
        ("-1h", "", {"from": "2025-11-20T09:32:07.123Z", "to": "2025-11-20T10:32:07.124Z"}),
        ("-2h", "-30m", {"from": "2025-11-20T08:32:07.123Z", "to": "2025-11-20T10:02:07.124Z"}),
        ("", "-1d", {"to": "2025-11-19T10:32:07.124Z"}),
        ("09:30", "10:00:00.5", {"from": "2025-11-20T09:30:00.000Z", "to": "2025-11-20T10:00:00.500Z"}),
        ("2025-11-20T10:00:00Z", "-1m", {"from": "2025-11-20T10:00:00.000Z", "to": "2025-11-20T10:31:07.124Z"}),
        ("-999999999d", "", {"from": "1970-01-01T00:00:00.000Z", "to": "2025-11-20T10:32:07.124Z"}),
        ("2025-11-20T10:00:00Z", "", {}),
        ("", "", {}),
        ("soon", "", {}),
    ],
)  # fmt: skip
def test_relative_times_are_pinned_outward_to_milliseconds(
    from_: str, to: str, pinned: dict[str, str]
) -> None:
    assert dict(parse_qsl(SearchState(from_=from_, to=to).pinned(NOW_NS))) == pinned


def test_pinned_times_show_the_same_window_whatever_comes_later() -> None:
    state = SearchState(q="error", from_="-1h")
    pinned = SearchState.read(dict(parse_qsl(state.pinned(NOW_NS))))
    window, problem = pinned.window(NOW_NS + 10**15)
    shown, _ = state.window(NOW_NS)
    assert problem == ""
    assert shown.from_ns is not None
    assert window.from_ns is not None
    assert window.to_ns is not None
    assert 0 <= shown.from_ns - window.from_ns < 1_000_000
    assert 0 <= window.to_ns - NOW_NS < 1_000_000
