"""Every error a person can meet: what happened, where, and what to do. No status codes here: `app.py` maps them."""

INTERRUPTED = 130  # exit code after Ctrl-C, as shells count it


class TailraceError(Exception):
    """Base of all errors meant for people.

    `message` is one sentence; `where` a file, line, byte or query position; `hint` says what to do.
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        advice = f" {self.hint}" if self.hint else ""
        return f"{self.message}{place}{advice}"


class BadQuery(TailraceError):
    """A query that cannot be understood. `position` and `length` mark the token in `text`."""

    def __init__(self, message: str, *, text: str, position: int, length: int = 1, hint: str = "") -> None:
        super().__init__(message, where=f"position {position + 1}", hint=hint)
        self.text = text
        self.position = position
        self.length = max(1, length)

    @property
    def caret(self) -> str:
        """The line to print under `text`: spaces, then one `^` per character of the token."""
        return " " * self.position + "^" * self.length


class BadSetting(TailraceError):
    """A setting, flag or URL parameter with a value that cannot be used."""


class NotTraces(TailraceError):
    """A file in which no trace format was recognised; `message` says what it looks like instead."""


class UnreadableFile(TailraceError):
    """A file that cannot be opened or decompressed at all."""


class NotFound(TailraceError):
    """A trace, span or page that is not here."""


class TraceNotHere(NotFound):
    """A trace that nobody sent or loaded, or not yet; `asked` is its id as it was written."""

    def __init__(
        self, asked: str, hint: str = "Load it, or have it sent here, and open this page again."
    ) -> None:
        super().__init__(f"The trace {asked} is not here (yet).", hint=hint)
        self.asked = asked


class TooSlow(TailraceError):
    """A query stopped by the watchdog."""


class Stopped(TailraceError):
    """Work for a page that somebody stopped."""


class StillLoading(TailraceError):
    """The start-up paths are still being read."""
