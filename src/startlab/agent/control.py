"""What the engine and the kernel want of a running trial."""

from __future__ import annotations

import queue
from typing import Any, Dict, Optional


class Control:
    """Stop requests and wake-ups for the running trial."""

    def __init__(self) -> None:
        self.stop = False
        self._queue: "queue.SimpleQueue[None]" = queue.SimpleQueue()
        self._commands: "queue.SimpleQueue[Dict[str, Any]]" = queue.SimpleQueue()

    def wake(self) -> None:
        """Make `wait` return; may be called from a signal handler."""
        self._queue.put(None)

    def tell(self, command: Dict[str, Any]) -> None:
        """Have the running program told something."""
        self._commands.put(command)
        self.wake()

    def command(self) -> Optional[Dict[str, Any]]:
        """Return what the program is to be told next, if there is something."""
        try:
            return self._commands.get_nowait()
        except queue.Empty:
            return None

    def forget_commands(self) -> None:
        """Drop what the previous program did not live to be told."""
        while self.command() is not None:
            pass

    def wait(self, timeout_s: float) -> None:
        """Wait until `wake` is called, or the time is over."""
        try:
            self._queue.get(timeout=timeout_s)
        except queue.Empty:
            pass
