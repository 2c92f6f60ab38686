"""The agent's conversation: a line of JSON in for each request, a line out for each result.

In: `{"run": Request}`, `{"stop": true}`, the end of the stream. Out: `{"hello": ...}` once, then
for every run `{"observation": Observation}` or `{"error": text}`. At the end of its input it ends
the running trial, removes its scratch directory and exits.
"""

from __future__ import annotations

import codecs
import json
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from typing import IO, Any, Dict, Optional, Tuple

from . import trial
from .job import prepare
from .proof.facts import plain
from .watch import Watch


def main(py_spy: str = "") -> None:
    """Serve until the end of stdin. `py_spy` is the path of py-spy, or empty."""
    # Whatever else this process prints must not get into the conversation.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    control = trial.Control()
    _catch_ignored_signals()
    prepare(control.wake)
    requests: "queue.Queue[Optional[Dict[str, Any]]]" = queue.Queue()
    threading.Thread(
        target=_listen, args=(sys.stdin.buffer, requests, control), daemon=True
    ).start()
    scratch = tempfile.mkdtemp(prefix="startlab-%d-" % os.getpid(), dir=_parent_of_scratch())
    try:
        injection = _injection(scratch)
        _say(out, {"hello": {"pid": os.getpid(), "no_proofs": plain(Watch.prepare())}})
        if not Watch.may_use_py_spy():
            py_spy = ""  # faulthandler gives the stacks
        while True:
            request = requests.get()
            if request is None:
                return
            try:
                _say(out, {"observation": trial.run(request, control, scratch, injection, py_spy)})
            except BrokenPipeError:
                return
            except Exception:  # noqa: BLE001 - whatever it is, report it to the engine
                _say(out, {"error": traceback.format_exc()})
    finally:
        trial.remove(scratch)


def _catch_ignored_signals() -> None:
    """Make every program start with no signal ignored, however startlab itself was started.

    A shell makes background programs ignore SIGINT and SIGQUIT, and nohup SIGHUP. execve(2) keeps
    that, but resets a signal with a handler to its default action.
    """
    for number in signal.valid_signals():
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def _parent_of_scratch() -> str:
    """Choose where trials run: a socket in a trial's TMPDIR must have a path that is short enough.

    sockaddr_un has room for 103 bytes on macOS, whose own TMPDIR takes 48 of them, and for 107 on
    Linux. The fork server's socket is TMPDIR/pymp-xxxxxxxx/listener-xxxxxxxx.
    """
    own = tempfile.gettempdir()
    if sys.platform == "win32":  # no fork server, hence no such socket
        return own
    socket = "/startlab-4194304-xxxxxxxx/trial-xxxxxxxx/tmp/pymp-xxxxxxxx/listener-xxxxxxxx"
    short = len(own) + len(socket) <= 103
    return own if short or not os.access("/tmp", os.W_OK) else "/tmp"  # noqa: S108 - mkdtemp in it


def _injection(scratch: str) -> str:
    """Put the injection where its bytecode can be cached: compiling it takes 8 ms."""
    if os.access(trial.INJECTION, os.W_OK) or not os.access(trial.INJECTION, os.R_OK | os.X_OK):
        return trial.INJECTION
    return shutil.copytree(trial.INJECTION, os.path.join(scratch, "inject"))


def _listen(
    stdin: IO[bytes], requests: "queue.Queue[Optional[Dict[str, Any]]]", control: trial.Control
) -> None:
    try:
        for line in stdin:
            message = json.loads(line)
            if "run" in message:
                control.stop = False  # a stop of the previous trial came too late
                requests.put(message["run"])
            else:
                control.stop = True
                control.wake()
    finally:  # also after a line that the end of the engine truncated
        requests.put(None)
        control.stop = True
        control.wake()


def _say(out: IO[bytes], message: Dict[str, Any]) -> None:
    text = json.dumps(message, ensure_ascii=False)
    out.write(text.encode("utf-8", "escaped") + b"\n")
    out.flush()


def _escaped(error: UnicodeError) -> Tuple[str, int]:
    """Write out, within JSON, what is no text, as a name of a file need not be."""
    assert isinstance(error, UnicodeEncodeError)
    wrong = error.object[error.start : error.end]
    return "".join("\\\\u%04x" % ord(each) for each in wrong), error.end


codecs.register_error("escaped", _escaped)
