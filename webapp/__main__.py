"""`python -m webapp` is the command `tailrace`: its first and last moments, in which Ctrl-C must leave no traceback."""

import os
import signal

from webapp.errors import INTERRUPTED


def main() -> None:
    _leave_at_once()
    from webapp.cli import main as command  # half a second of imports

    _let_the_command_end()
    try:
        command(prog_name="tailrace")
    finally:
        _leave_at_once()


def _leave_at_once() -> None:
    """While nothing is open, nothing has to be closed. A SIGINT that the shell has switched off stays off."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(INTERRUPTED))


def _let_the_command_end() -> None:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


if __name__ == "__main__":
    main()
