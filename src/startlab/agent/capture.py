"""Keeping the head and the tail of an output stream, however long it is."""

from __future__ import annotations

import locale
import os
import sys
import threading
from base64 import b64encode
from typing import Dict, Union

CHUNK = 1 << 16
ENCODING = "utf-8"
if sys.platform == "win32":  # where Python up to 3.14 writes to pipes in the ANSI code page
    ENCODING = locale.getpreferredencoding(do_setlocale=False)


class Capture:
    """Reads a pipe to its end in a thread, keeping at most `keep` bytes of the head and tail."""

    def __init__(self, fd: int, keep: int) -> None:
        self._fd = fd
        self._keep = keep
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._fd, CHUNK)
            except OSError:
                break
            if not chunk:
                break
            self.total += len(chunk)
            room = self._keep - len(self._head)
            self._head += chunk[:room]
            self._tail += chunk[room:]
            if len(self._tail) > 2 * self._keep:
                del self._tail[: len(self._tail) - self._keep]
        os.close(self._fd)

    def finish(self, timeout_s: float) -> Dict[str, Union[str, int]]:
        """Wait for the end of the stream, then return what was kept, as base64.

        A process that could not be ended may still hold the pipe: after `timeout_s` it returns what
        has arrived.
        """
        self._thread.join(timeout_s)
        tail = bytes(self._tail)[max(0, len(self._tail) - self._keep) :]
        return {
            "head": b64encode(self._head).decode(),
            "tail": b64encode(tail).decode(),
            "dropped": self.total - len(self._head) - len(tail),
            "encoding": ENCODING,
        }
