"""How far loading is: written by the loading thread, read by the waiting page and the terminal. It loads nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """Counters of one load. Assigning a whole number is atomic, so readers need no lock."""

    files_total: int = 0
    files_done: int = 0
    spans: int = 0
    skipped: int = 0
    warnings: int = 0
    current: str = ""
    done: bool = False
    cancelled: bool = False  # asked to stop: the server is going down
    listener: Callable[["Progress"], None] | None = None
    started: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    def update(self, **counters: int | str | bool) -> None:
        """Set counters and tell the listener."""
        for name, value in counters.items():
            setattr(self, name, value)
        if self.done and not self.ended:
            self.ended, self.current = time.monotonic(), ""
        if self.listener:
            self.listener(self)

    @property
    def spans_per_second(self) -> int:
        return int(self.spans / max(0.001, (self.ended or time.monotonic()) - self.started))

    def state(self) -> dict[str, int | str]:
        """For the waiting page and its JSON."""
        return {
            "files_total": self.files_total,
            "files_done": self.files_done,
            "skipped": self.skipped,
            "warnings": self.warnings,
            "spans": self.spans,
            "spans_per_second": self.spans_per_second,
            "current": self.current,
        }
