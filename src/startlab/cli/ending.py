"""How every command ends: its exit status, and one message of what kept it from its end."""

from __future__ import annotations

import _thread
import errno
import io
import os
import shutil
import signal
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.exceptions import NoArgsIsHelpError

from startlab.cli.commands import Passed, cli
from startlab.errors import StartlabError
from startlab.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import ReadableBuffer

FAILED: Final = 2
"""As of bad usage: it is for the person to change something."""

AGAIN_S: Final = 0.05

TRACEBACK: Final = "STARTLAB_TRACEBACK"
"""The variable that has an unforeseen failure end with its traceback."""

MEANS: Final = {
    errno.ENOSPC: "The disk is full: make room.",
    errno.EDQUOT: "The disk quota is used up: make room.",
    errno.EROFS: "The file system may only be read: name a place that can be written.",
    errno.EACCES: "startlab may not use it: change its permissions, or name another place.",
    errno.EPERM: "startlab may not use it: change its permissions, or name another place.",
    errno.ENOTDIR: "A part of the path is a file, where a folder is to be: move it away.",
    errno.EISDIR: "It is a folder, where a file is to be: move it away.",
    errno.EEXIST: "Something else is in its place: move it away.",
    errno.ENOENT: "It is not there, or no longer: look at the path.",
    errno.ENAMETOOLONG: "Name a shorter path.",
    errno.EINVAL: "Name a regular file that holds what is wanted.",
    errno.EFBIG: "Name a smaller one, or another place.",
    errno.EMFILE: "Too many files are open: raise the limit (ulimit -n), or take fewer --jobs.",
}
"""What the user can do about it."""


def status_of(arguments: Sequence[str] | None) -> int:
    """Run a command; give its exit status, once all that it printed has been written."""
    _make_streams_safe()
    sys.unraisablehook = _interrupt_again
    if sys.platform == "win32":  # all that can be sent to another process's group there
        signal.signal(signal.SIGBREAK, signal.default_int_handler)
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()  # its reader has closed it
        return 0
    except OSError as error:
        if os.environ.get(TRACEBACK):
            raise
        _say(_why(error))
        return FAILED
    except (ValueError, RuntimeError) as error:  # also RecursionError; and loops of links, to 3.12
        if os.environ.get(TRACEBACK):
            raise
        _say(
            f"{type(error).__name__}: {error}. Probably a file that was read is not what it should "
            f"be, or startlab is at fault; with {TRACEBACK}=1 in the environment it shows where."
        )
        return FAILED
    return status


def _interrupt_again(ignored: sys.UnraisableHookArgs) -> None:
    """Have a Ctrl-C that came while Python called something back, and was lost, come once more."""
    if issubclass(ignored.exc_type, KeyboardInterrupt):
        again = threading.Timer(AGAIN_S, _thread.interrupt_main)
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(ignored)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        status = cli.main(arguments, prog_name="startlab", standalone_mode=False)
    except Passed as passed:
        raise passed.__cause__ or passed from None
    except SystemExit as stop:
        if _Stdout.failed:  # rich makes exit status 1 of a broken pipe
            raise BrokenPipeError from None
        return stop.code if isinstance(stop.code, int) else 0
    except click.ClickException as error:
        if isinstance(error, NoArgsIsHelpError):
            error.show()
        else:
            context = error.ctx if isinstance(error, click.UsageError) else None
            message = _at_words(error.format_message(), "Error: ")
            click.UsageError(message, context).show()
        return error.exit_code
    except StartlabError as error:
        _say(str(error))
        return error.exit_status
    return status if isinstance(status, int) else 0


def _why(error: OSError) -> str:
    """Say of which file an error is, what it means and what to do."""
    reason = error.strerror or str(error)
    what = os.fsdecode(error.filename) if error.filename else _unnamed()
    advice = MEANS.get(error.errno or 0, f"With {TRACEBACK}=1 in the environment it shows where.")
    return f"{what}: {reason}. {advice}"


def _unnamed() -> str:
    """Find out what an error is about that names no file."""
    if _Stdout.failed:
        _forget_stdout()
        return "stdout cannot be written"
    try:
        Path.cwd()
    except OSError:
        return "the working directory"
    return "an operation of the system failed"


def _say(text: str) -> None:
    said = _at_words(printable(text), "startlab: ")  # it may quote a file, or a name
    click.echo(f"startlab: {said}", err=True)


def _at_words(text: str, label: str) -> str:
    """Break a message at words for a terminal, which itself would break it within them."""
    if not sys.stderr.isatty():
        return text
    width = shutil.get_terminal_size().columns
    lines = (
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
        for line in f"{label}{text}".split("\n")
    )
    return "\n".join(lines)[len(label) :]


# --- the streams -------------------------------------------------------------------------------


class _Stdout(io.FileIO):
    """Where stdout is no terminal: it remembers that it could not be written."""

    failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            _Stdout.failed = True
            raise


class _Lossy(io.TextIOWrapper):
    """stderr: if it cannot be written nothing can be reported, but nothing else is wrong."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            pass


def _make_streams_safe() -> None:
    """Have no stream be closed, or fail for a letter; have stderr never fail."""
    for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        # A closed one's number would be that of the next file that is opened, as of the journal.
        if stream is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.close(opened)
    if isinstance(sys.stderr, io.TextIOWrapper) and _is_open(sys.stderr):
        sys.stderr = _Lossy(
            sys.stderr.buffer, sys.stderr.encoding, "backslashreplace", line_buffering=True
        )
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # not every terminal has a ×
        if _is_open(sys.stdout) and not sys.stdout.isatty():
            raw = _Stdout(sys.stdout.fileno(), "w", closefd=False)
            sys.stdout = io.TextIOWrapper(
                io.BufferedWriter(raw), sys.stdout.encoding, "backslashreplace"
            )
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - likewise


def _is_open(stream: io.TextIOWrapper) -> bool:
    """Tell whether a stream is a file of the system, and not memory."""
    try:
        stream.fileno()
    except OSError:
        return False
    return True


def _forget_stdout() -> None:
    """Have what is still to be written to stdout go nowhere: Python would try it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
