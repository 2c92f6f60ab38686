"""A program that runs tests, one at a time, as it is told: each is a trial within the trial.

What it is told and what it says are lines of JSON on its stdin and stdout; see
inject/startlab_suite.py. While it waits for the next test, it is not looked at.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import sys
import threading
import time
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional

from . import boundary, events
from .watch import Watch

if TYPE_CHECKING:
    from .control import Control
    from .job import Job
    from .limit import Limit

IDLE_S = 1.0  # a child that ends wakes the agent, and so does a command
SLOWEST_TICK_S = 0.25  # between two looks at a test that takes long
DRAIN_S = 5.0
LONGEST_LINE = 48 << 20
MOST_CAPTURED = 1 << 20  # bytes of each stream


class Look(NamedTuple):
    """How one test is watched: for a proof, and by its time limit; since when, by both clocks."""

    watch: Watch
    limit: Limit
    began: float
    began_s: float


class Looks:
    """Watches the program while it starts, and then each of its tests.

    What was told of a test is forgotten after it, but not what was told while the program started.
    """

    def __init__(
        self,
        request: Dict[str, Any],
        job: Job,
        work: str,
        events_file: str,
        py_spy: str,
        new_limit: Callable[[float], Limit],
    ) -> None:
        self.job = job
        self._request = request
        self._work = work
        self._events_file = events_file
        self._py_spy = py_spy
        self._new_limit = new_limit
        self._of_start: Optional[List[events.Event]] = None
        self.settings: Dict[str, Any] = request["tests"]
        self.now = self._new()

    def _new(self) -> Look:
        watch = Watch(self._py_spy, self._events_file, self._of_start or ())
        limit = self._new_limit(self._request["timeout_s"])
        return Look(watch, limit, time.monotonic(), time.time())

    def begin(self) -> None:
        """Watch the next test."""
        self.now = self._new()

    def limit(self, timeout_s: float) -> None:
        """Give the test another time limit."""
        self.now = self.now._replace(limit=self._new_limit(timeout_s))

    def end(self) -> Dict[str, Any]:
        """Tell what was seen of the test, as an `Observation` of the model."""
        watch = self.now.watch
        told, dropped = watch.told.read()
        if self._of_start is None:
            self._of_start = told
        boundary.empty(self._events_file)
        return {
            "ended": "exit",
            "exit_status": 0,
            "duration_s": time.monotonic() - self.now.began,
            "began_s": self.now.began_s,
            "sys_platform": sys.platform,
            "work": self._work,
            "forced": events.forced(told, self._request.get("method"), self.job.pid),
            "starts": events.starts(told, self.now.began_s),
            "clues": events.clues(told),
            "below": events.below(told, self._runner(told)),
            "dropped_events": dropped,
            "stuck": watch.stuck(self.job, told),
        }

    def _runner(self, told: List[events.Event]) -> int:
        """Give the process that has run the test: the program, or what it has forked for it."""
        found: int = self.job.pid
        if self.settings.get("fork"):
            for event in told:
                if event.kind == "forked" and event.fields["parent"] == self.job.pid:
                    found = event.pid
        return found


class Channel:
    """The two streams of a program that runs tests: what it writes itself is read from files."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.token = secrets.token_hex(16)
        self.stdin, self._write = os.pipe()
        self._wake = wake
        self._heard: List[Dict[str, Any]] = []
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None

    def listen(self, fd: int) -> None:
        """Begin to read what it says."""
        self._thread = threading.Thread(target=self._read, args=(fd,), daemon=True)
        self._thread.start()

    def tell(self, command: Dict[str, Any]) -> None:
        """Tell it something; one that is gone does not hear it."""
        data = json.dumps(command).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._write, data) :]
        except OSError:
            pass

    def heard(self) -> List[Dict[str, Any]]:
        """Return what it has said since the last time."""
        with self._lock:
            heard, self._heard = self._heard, []
        return heard

    def finish(self) -> List[Dict[str, Any]]:
        """Wait for the last words of a program that has ended."""
        if self._thread is not None:
            self._thread.join(DRAIN_S)
        return self.heard()

    def close(self) -> None:
        """Close the end that it is told by."""
        os.close(self._write)

    def _read(self, fd: int) -> None:
        with os.fdopen(fd, "rb") as stream:
            while True:
                line = stream.readline(LONGEST_LINE)
                if not line:
                    break
                try:
                    message = dict(json.loads(line))
                    token = str(message.pop("token"))
                except (ValueError, LookupError, TypeError):
                    continue  # of something that has found the stream
                if hmac.compare_digest(token.encode(), self.token.encode()):
                    with self._lock:
                        self._heard.append(message)
                    self._wake()
        self._wake()


def serve(
    looks: Looks,
    control: Control,
    channel: Channel,
    said: Callable[[Dict[str, Any], Dict[str, Any]], None],
    within: Callable[[float], None],
    tick_s: float,
) -> str:
    """Hand on commands and replies until the program ends, by itself or by a verdict; tell how.

    `said` hands on a reply, with what was seen of the test.
    """
    channel.tell(looks.settings)
    busy = True  # it starts, and collects its tests
    while True:
        looks.job.reap()
        over = looks.job.exit_status is not None
        for message in channel.finish() if over else channel.heard():
            if "limit" in message:
                looks.limit(float(message["limit"]))
                within(looks.now.limit.limit_s)
            else:
                said(message, looks.end())
                busy = bool(message.get("ended"))  # and then it is to come to its own end
                if busy:
                    looks.begin()
                    within(looks.now.limit.limit_s)
        if over or control.stop:
            return "exit" if over else "stopped"
        command = None if busy else control.command()
        if command is not None:
            busy = True
            looks.begin()
            within(looks.now.limit.limit_s)
            channel.tell(command)
        elif busy:
            ended = _verdict(looks.now, within)
            if ended is not None:
                return ended
        lasts_s = looks.now.limit.elapsed_s
        control.wait(max(tick_s, min(SLOWEST_TICK_S, lasts_s / 20)) if busy else IDLE_S)


def _verdict(look: Look, within: Callable[[float], None]) -> Optional[str]:
    """Look once at a test that is under way."""
    before_s = look.limit.limit_s
    over = look.limit.look()
    if look.limit.limit_s > before_s:
        within(look.limit.limit_s - look.limit.elapsed_s)
    if look.watch.proves():
        return "proof"
    if look.watch.goes_round():
        return "rounds"
    return "limit" if over else None


def captured(events_file: str, stderr: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Return what the test that was under way has written: stdout and stderr.

    pytest has captured it into files with numbers, in turn those of stdout and stderr: the suite's
    and then the test's own. `stderr` is what came past them.
    """
    written = [b"", b64decode(stderr["head"]) + b64decode(stderr["tail"])]
    number = 1
    while True:
        try:
            part = boundary.read("%s.captured.%d" % (events_file, number), most=MOST_CAPTURED)
        except OSError:
            break
        written[(number + 1) % 2] += part.data
        number += 1
    return [{"head": b64encode(each).decode()} for each in written]
