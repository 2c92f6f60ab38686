"""What `startlab why --dump` writes: a look, with paths and values shortened."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

from startlab.model import Look
from startlab.program.secrets import HIDDEN, without_credentials

MOST_WORD: Final = 80
"""Characters of a word of a command line."""

HOME: Final = "/~"
"""In the place of the user's own folder; it is a path's begin, so that names stay absolute."""

_SECRET: Final = re.compile(r"(?i)((?:pass|token|secret|key|auth|credential)\w*[=\s:]\s*)(\S+)")


def shortened(look: Look) -> Look:
    """Give a look without the user's folder, credentials and long words of command lines."""
    home = str(Path.home())
    processes = tuple(
        msgspec.structs.replace(
            each,
            command=_command(each.command),
            threads=tuple(
                msgspec.structs.replace(
                    thread,
                    outside=tuple(
                        msgspec.structs.replace(
                            one,
                            holders=tuple(
                                msgspec.structs.replace(held, command=_command(held.command))
                                for held in one.holders
                            ),
                        )
                        for one in thread.outside
                    ),
                )
                for thread in each.threads
            ),
        )
        for each in look.processes
    )
    said = msgspec.json.encode(msgspec.structs.replace(look, processes=processes))
    if len(home) > 1:
        said = re.sub(re.escape(home.encode()) + rb"(?=[/\" ])", HOME.encode(), said)
    return msgspec.json.decode(said, type=Look)


def _command(said: str) -> str:
    hidden = _SECRET.sub(lambda found: found[1] + HIDDEN, without_credentials(said))
    words = (
        word if len(word) <= MOST_WORD else word[:MOST_WORD] + "…" for word in hidden.split(" ")
    )
    return " ".join(words)
