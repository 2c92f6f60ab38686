"""The agent's conversation: a line of JSON in for each request, lines out for each result.

In: `{"hello": {}}` once, `{"run": Request}`, `{"stop": true}`, the end of the stream. Out:
`{"hello": ...}` once, then for every run `{"observation": Observation}` or `{"error": text}`, and
before that `{"within_s": seconds}`, whenever it changes how soon the next line will come. At the
end of its input it ends the running trial, removes its scratch directory and exits.

A program that runs tests is told `{"tell": {...}}` in between, and each of its replies is handed on
as `{"said": {...}, "seen": Observation}`.

Every line bears the `token` of the first one, and every answer the `id` of its request. A program
that runs beside the agent does not know them: what it writes into the streams is dropped.
"""

from __future__ import annotations

import codecs
import hmac
import json
import os
import queue
import signal
import sys
import tempfile
import threading
import traceback
from typing import Any, Dict, Optional, Tuple

from . import trial
from .control import Control
from .injection import Injection
from .job import birth, prepare
from .proof.facts import plain
from .removal import remove
from .watch import Watch

LONGEST_LINE = 64 << 20
HARMLESS = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM")
FIRST_ID = 1000
HIGH = 800  # above the descriptors that a program may guess; the injection has 250 and 251


class Streams:
    """The two streams to the engine, where no program finds them."""

    def __init__(self) -> None:
        self._in = os.fdopen(_hidden(0), "rb")
        self._out = os.fdopen(_hidden(1), "wb")
        sys.stderr = os.fdopen(_hidden(2), "w", buffering=1, errors="backslashreplace")
        self._speaking = threading.Lock()
        self._token = ""
        self.id = 0

    def read(self) -> Optional[Dict[str, Any]]:
        """Read the next message of the engine; None at the end, or if it cannot be one."""
        while True:
            line = self._in.readline(LONGEST_LINE)
            if not line.endswith(b"\n"):
                return None  # also a line that the end of the engine truncated
            try:
                message = json.loads(line)
                token = message["token"]
            except (ValueError, LookupError, TypeError):
                continue
            self._token = self._token or str(token)
            if hmac.compare_digest(str(token).encode(), self._token.encode()):
                return dict(message)

    def say(self, **message: Any) -> None:  # noqa: ANN401 - whatever is JSON
        """Write a message, as an answer to the request `id`."""
        with self._speaking:
            self._out.write(_line(dict(message, token=self._token, id=self.id)))
            self._out.flush()


def _hidden(fd: int) -> int:
    """Move a descriptor to a high number, and put nothing in its place."""
    high = os.dup(fd)
    if sys.platform != "win32":
        import fcntl

        try:
            os.dup2(high, HIGH + fd, inheritable=False)
            os.close(high)
            high = HIGH + fd
        except OSError:  # there are fewer
            fcntl.fcntl(high, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, fd)
    os.close(nothing)
    return high


def main(py_spy: str = "") -> None:
    """Serve until the end of stdin. `py_spy` is the path of py-spy, or empty."""
    streams = Streams()
    control = Control()
    _catch_signals()
    prepare(control.wake)
    if streams.read() is None:
        return
    requests: "queue.Queue[Optional[Dict[str, Any]]]" = queue.Queue()
    threading.Thread(target=_listen, args=(streams, requests, control), daemon=True).start()
    try:
        prefix = "startlab-%d-%s" % (os.getpid(), birth())
        scratch = tempfile.mkdtemp(prefix=prefix, dir=_parent_of_scratch(prefix))
    except OSError as error:
        sys.exit("Trials have no place in the temporary folder (TMPDIR): %s" % trial.said(error))
    _use_up_small_ids()
    try:
        injection = Injection(scratch)
        streams.say(hello={"pid": os.getpid(), "no_proofs": plain(Watch.prepare())})
        if not Watch.may_use_py_spy():
            py_spy = ""  # faulthandler gives the stacks
        while True:
            message = requests.get()
            if message is None:
                return
            _answer(streams, message, control, scratch, injection, py_spy)
    except BrokenPipeError:
        return
    finally:
        if not remove(scratch):
            sys.exit("%s could not be removed" % scratch)  # the engine may have more success


def _use_up_small_ids() -> None:
    """Have processes get ids of four digits, as on most machines.

    Where ids begin at 1, as in a container, they are not to be told from a program's own small
    numbers. Threads draw theirs from the same counter, at 40 us each (pid_namespaces(7)).
    """
    if not sys.platform.startswith("linux"):
        return
    for _ in range(FIRST_ID):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        if thread.native_id is None or thread.native_id >= FIRST_ID:
            return


def _answer(
    streams: Streams,
    message: Dict[str, Any],
    control: Control,
    scratch: str,
    injection: Injection,
    py_spy: str,
) -> None:
    streams.id = message["id"]
    request = message["run"]

    def within(seconds: float) -> None:
        streams.say(within_s=seconds)

    def said(message: Dict[str, Any], seen: Dict[str, Any]) -> None:
        streams.say(said=message, seen=seen)

    try:
        seen = trial.run(request, control, scratch, injection, py_spy, within, said)
        streams.say(observation=seen)
        injection.learn(request.get("python", ""))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, report it to the engine
        streams.say(error=_told(error))


def _told(error: Exception) -> str:
    """Tell of a failure in one line, with our own place: it stands in the user's report."""
    ours = os.path.dirname(os.path.abspath(__file__))
    frames = [each for each in traceback.extract_tb(error.__traceback__) if ours in each.filename]
    last = frames[-1]
    file = os.path.relpath(last.filename, ours)
    return "%s: %s (%s, %s:%s)" % (type(error).__name__, error, last.name, file, last.lineno)


def _catch_signals() -> None:
    """Make every program start with no signal ignored, and let none that it sends end the agent.

    A shell makes background programs ignore SIGINT and SIGQUIT, and nohup SIGHUP. execve(2) keeps
    that, but resets a signal with a handler to its default action.
    """
    for number in signal.valid_signals():
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    for name in HARMLESS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)


def _parent_of_scratch(prefix: str) -> str:
    """Choose where trials run: a socket in a trial's TMPDIR must have a path that is short enough.

    sockaddr_un has room for 103 bytes on macOS, whose own TMPDIR takes 48 of them, and for 107 on
    Linux. The fork server's socket is TMPDIR/pymp-xxxxxxxx/listener-xxxxxxxx.
    """
    own = tempfile.gettempdir()
    if sys.platform == "win32":  # no fork server, hence no such socket
        return own
    socket = "/%sxxxxxxxx/trial-xxxxxxxx/tmp/pymp-xxxxxxxx/listener-xxxxxxxx" % prefix
    short = len(own) + len(socket) <= (107 if sys.platform == "linux" else 103)
    return own if short or not os.access("/tmp", os.W_OK) else "/tmp"  # noqa: S108 - mkdtemp in it


def _listen(
    streams: Streams, requests: "queue.Queue[Optional[Dict[str, Any]]]", control: Control
) -> None:
    try:
        while True:
            message = streams.read()
            if message is None:
                return
            if "run" in message:
                control.stop = False  # a stop of the previous trial came too late
                control.forget_commands()
                requests.put(message)
            elif "tell" in message:
                control.tell(message["tell"])
            else:
                control.stop = True
                control.wake()
    finally:
        requests.put(None)
        control.stop = True
        control.wake()


def _line(message: Dict[str, Any]) -> bytes:
    """Write a message as a line; an observation that is too long for one loses its longest parts.

    A program decides how many processes it has, how deep their stacks are, and how often it starts
    others.
    """
    line = _encoded(message)
    seen = message.get("observation")
    for part in ("processes", "stuck", "clues", "starts", "crashes"):
        if len(line) > LONGEST_LINE and seen and seen.get(part):
            seen = dict(seen, dropped_events=seen.get("dropped_events", 0) + len(seen[part]))
            del seen[part]
            line = _encoded(dict(message, observation=seen))
    return line


def _encoded(message: Dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "escaped") + b"\n"


def _escaped(error: UnicodeError) -> Tuple[str, int]:
    """Write out, within JSON, what is no text, as a name of a file need not be."""
    assert isinstance(error, UnicodeEncodeError)
    wrong = error.object[error.start : error.end]
    return "".join("\\\\u%04x" % ord(each) for each in wrong), error.end


codecs.register_error("escaped", _escaped)
