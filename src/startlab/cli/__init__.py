"""The command line: thin."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in typing, whose import alone takes time in which Ctrl-C is a traceback
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final, NoReturn

INTERRUPTED: Final = 130
"""The exit status of a command that Ctrl-C ended, as shells have it."""

LIKE_CTRL_C: Final = ("SIGTERM", "SIGHUP")
"""What ends a command just so: a CI system that gives up, a terminal that is closed."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; a usage error is one message and exit status 2."""
    try:  # here, for Ctrl-C may come while all is imported
        _end_by_signals()
        from startlab.cli import ending

        status = ending.status_of(arguments)
    except KeyboardInterrupt:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the next one may end it with no word
        if sys.stderr is not None:
            sys.stderr.write("Interrupted.\n")
        status = INTERRUPTED
    sys.exit(status)


def _end_by_signals() -> None:
    import atexit
    import signal

    # All has been said by then: the end itself is short, shows no traceback and does not fail.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    for name in LIKE_CTRL_C:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # not under nohup
            signal.signal(number, signal.default_int_handler)
