"""A child that is given the number of a descriptor, and not the descriptor.

## What it sees
A child that was started by spawn or forkserver raises `EBADF` in a line of the program; or Windows
says, where a socket is made of a number, that there is none.

## Why
A descriptor's number means something in its own process alone. A forked child has its parent's
descriptors under the same numbers; one that is started by spawn or forkserver has those alone that
multiprocessing hands on with an object: a connection, a socket, a queue.

## What to do
Give the child the object.

## Bad
```python
reader, writer = os.pipe()
multiprocessing.Process(target=work, args=(writer,)).start()
```

## Good
```python
reader, writer = multiprocessing.Pipe(duplex=False)
multiprocessing.Process(target=work, args=(writer,)).start()
```
"""

from __future__ import annotations

import errno
import posixpath
from typing import TYPE_CHECKING, Final

from startlab.diagnosis.case import Case, Cause, started_at
from startlab.diagnosis.rule import Mechanism
from startlab.diagnosis.stacks import own_line

if TYPE_CHECKING:
    from startlab.output.tracebacks import Traceback

NO_SOCKET: Final = 10038
"""Windows' number of the error: WSAENOTSOCK."""

MECHANISMS: Final = (
    Mechanism(
        "descriptor_by_number",
        shown=True,
        imported=True,
        advice="Give the child an object that carries its descriptor, a Connection of "
        "multiprocessing.Pipe() or a socket; or the path of a file, for the child to open.",
        experiment="descriptor_number",
    ),
)


def find(case: Case) -> Cause | None:
    """See a child use a number that is no descriptor of its own."""
    if not {"spawn", "forkserver"} & set(case.trial.method_used):
        return None
    for traceback in case.tracebacks:
        where = own_line(traceback.frames)
        if traceback.child and where and _is_none(traceback):
            return Cause(
                "descriptor_by_number",
                f"a child uses at {where} the number of a descriptor that it does not have",
                f"The child was started at {started_at(case)} by spawn or forkserver, and has none "
                "of its parent's descriptors but those that come with an object: a connection, a "
                "socket, a queue. The number alone does not bring the descriptor.",
                where,
            )
    return None


def _is_none(traceback: Traceback) -> bool:
    """Whether a number is no descriptor; of a pipe select() says so too, but not the socket."""
    said = traceback.exception.message
    in_socket = posixpath.basename(traceback.frames[-1][0].replace("\\", "/")) == "socket.py"
    return f"[Errno {errno.EBADF}]" in said or (in_socket and f"[WinError {NO_SOCKET}]" in said)
