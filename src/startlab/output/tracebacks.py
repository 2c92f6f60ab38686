"""Finding Python's tracebacks in an output."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from startlab.model import PythonException

if TYPE_CHECKING:
    from collections.abc import Sequence


class Traceback(NamedTuple):
    """A traceback found in an output: the exception, the frames, and whether it is a child's.

    After a `passing` one Python went on: a thread's, a destructor's or a finalizer's. `code` are
    the lines of the frames as they are shown, "" where one is not; `functions` what the frames are
    in. A `remote` one came with an exception from a worker, and is quoted.
    """

    exception: PythonException
    frames: tuple[tuple[str, int], ...]
    child: bool
    passing: bool
    code: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    remote: bool = False

    @property
    def said(self) -> str:
        """The exception in one line: its type, and the first line of its message."""
        return f"{self.exception.type}: {first_line(self.exception.message)}"


# --- tracebacks --------------------------------------------------------------------------------

_FRAME: Final = re.compile(r'^\s*File "(?P<file>.+)", line (?P<line>\d+)(?:, in (?P<function>.+))?')
_EXCEPTION: Final = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: ?(?P<message>.*))?$")
_CHILD: Final = re.compile(r"^(Process .+|Exception in initializer):$")
_SPAWNED: Final = re.compile(
    r"multiprocessing.(spawn|forkserver|resource_tracker|semaphore_tracker)\.py$"
)
_IN_CHILD: Final = re.compile(
    r"multiprocessing.(process|popen_\w+|spawn|forkserver|resource_tracker|semaphore_tracker)\.py$"
)
_PASSING: Final = re.compile(r"^(Exception ignored |Exception in thread |Error in )")
_FINALIZER: Final = re.compile(r"multiprocessing.util\.py$")
"""It prints what its finalizers raise, without a head, and goes on."""

_QUOTES: Final = ('"""', "'''")
_CHAINED: Final = re.compile(
    r"^(The above exception was the direct cause of the following exception:"
    r"|During handling of the above exception, another exception occurred:)$"
)
_GROUP: Final = re.compile(r"^  (\+ Exception Group (?=Traceback )|\| )")


_UNREADABLE: Final = re.compile(
    r'^  File ".+", line \d+\n(?: .*\n|\n)*(?:SyntaxError|IndentationError|TabError): ',
    re.MULTILINE,
)
"""What Python says, without a head, of a main module that it cannot compile."""


def find_tracebacks(text: str) -> list[Traceback]:
    """Find the Python tracebacks in an output, in their order."""
    lines = [_GROUP.sub("", line) for line in text.splitlines()]
    heads = [i for i, line in enumerate(lines) if line == "Traceback (most recent call last):"]
    if not heads and (unreadable := _UNREADABLE.search(text)):
        heads = [text.count("\n", 0, unreadable.start()) - 1]
    quotes = list(accumulate(line in _QUOTES for line in lines))
    found: list[Traceback] = []
    chained: list[bool] = []
    for head, after in pairwise([*heads, len(lines)]):
        block = lines[head + 1 : after]
        at = next((i for i, line in enumerate(block) if line[:1] not in (" ", "")), None)
        if at is None or (match := _EXCEPTION.match(block[at])) is None:
            continue
        frames = _frames("\n".join(block[:at]))
        functions = tuple(each["function"] or "" for each in map(_FRAME.match, block[:at]) if each)
        code = _code(block[:at])
        rest = [match["message"] or ""]
        led_on = False
        for line in block[at + 1 :]:
            led_on = _CHAINED.match(line) is not None
            if led_on or _CHILD.match(line) or _PASSING.match(line) or line in _QUOTES:
                break
            rest.append(line)
        exception = PythonException(type=match["type"], message="\n".join(rest).rstrip())
        above = lines[head - 1] if head > 0 else ""
        child = _CHILD.match(above) is not None or _is_child(frames)
        finalizer = bool(frames) and _FINALIZER.search(frames[0][0]) is not None
        passing = finalizer or _PASSING.match(above) is not None
        remote = quotes[head] % 2 == 1
        found.append(Traceback(exception, frames, child, passing, code, functions, remote))
        chained.append(led_on)
    for i in reversed(range(len(found) - 1)):
        # Where several children print at once, only the last one of a chain may tell whose it is.
        if chained[i] and found[i + 1].child:
            found[i] = found[i]._replace(child=True)
    return found


class LastWords(NamedTuple):
    """With what exception a child, or a thread of some name, has ended."""

    thread: str | None
    exception: str


_TRACEBACK: Final = r"Traceback \(most recent call last\):\n(?:[ \t].*\n)*"
_LAST_WORDS: Final = re.compile(
    r"^(?:Process .+|Exception in thread (?P<thread>.+)):\n"
    rf"(?:{_TRACEBACK}\S.*\n\n(?:During handling of|The above exception was) .*\n\n)*"
    rf"{_TRACEBACK}(?P<exception>\S.{{0,300}})",
    re.MULTILINE,
)


def last_words(text: str) -> list[LastWords]:
    """Find with what children and threads have ended, in their order."""
    return [LastWords(each["thread"], each["exception"]) for each in _LAST_WORDS.finditer(text)]


def _is_child(frames: Sequence[tuple[str, int]]) -> bool:
    """Return whether the outermost frame is multiprocessing's, below `<string>` when spawned."""
    files = [file for file, _ in frames[:2]]
    if files[:1] == ["<string>"]:
        return _SPAWNED.search(files[-1]) is not None
    return bool(files) and _IN_CHILD.search(files[0]) is not None


def _frames(text: str) -> tuple[tuple[str, int], ...]:
    matches = (_FRAME.match(line) for line in text.splitlines())
    return tuple((match["file"], int(match["line"])) for match in matches if match)


def _code(lines: Sequence[str]) -> tuple[str, ...]:
    """Give the line of code that is shown below each frame's place, "" where there is none."""
    return tuple(
        "" if _FRAME.match(below) else below.strip()
        for line, below in pairwise([*lines, ""])
        if _FRAME.match(line)
    )


def crash_frames(crash: str) -> tuple[tuple[str, int], ...]:
    """Read the stack of the thread that crashed, which faulthandler gives innermost first."""
    current = crash.partition("\nCurrent thread ")[2] or crash
    return _frames(current.partition("\n\n")[0])[::-1]


def last_line(text: str) -> str:
    """Give the last line of an output."""
    return text.strip().rpartition("\n")[2].strip()


def first_line(message: str) -> str:
    """Return the first line of a message that is not blank, with the next if that explains it."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].endswith(":"):
        return f"{lines[0]} {lines[1]}"
    return lines[0] if lines else ""
