"""Disks that are full, descriptors that are few, and a Docker engine that dies in the middle."""

from __future__ import annotations

import resource
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from startlab.errors import EngineError
from startlab.results import journal
from tests.campaign.ground import OURS, Ground, finished, is_apart

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

NATIVE: Final = ("--backend", "native", "-e", OURS)
LAB: Final = ("lab", *NATIVE, "-x", "countdown", "-x", "changed_global*", "--trials", "3")
RUN: Final = ("run", *NATIVE, "--explain", "off")
IN_CONTAINERS: Final = (
    "lab", "--backend", "docker", "-e", "linux-3.13", "-x", "countdown", "-x", "changed_global*",
)  # fmt: skip
ENGINE: Final = Path("/var/run/docker.sock")


def cases(ground: Ground, _: random.Random) -> dict[str, Callable[[], list[str]]]:
    """Faults of this machine's resources; disks only where they can be made."""
    found: dict[str, Callable[[], list[str]]] = {}
    if is_apart():
        for size in ("4k", "12k", "24k"):
            found[f"a disk of {size} for the journal"] = _full(ground, size, "out")
        for size in ("40k", "80k", "120k"):
            found[f"a disk of {size} for the reports"] = _full(ground, size, "out", enough=True)
        for size in ("4k", "64k", "200k", "400k", "700k"):
            found[f"a disk of {size} for temporary files"] = _full(ground, size, "temporary")
    for number in (12, 24, 40, 64, 100):
        found[f"{number} descriptors"] = _few(ground, number)
    for signals in (True, False):
        name = "with" if signals else "without"
        found[f"nohup, {name} the signal's being ignored"] = _nohup(ground, ignored=signals)
    return found


def _trials(folder: Path) -> Counter[object]:
    trials = journal.read(folder).trials
    return Counter((t.cell, t.trial, t.outcome, t.as_expected) for t in trials)


def _full(ground: Ground, size: str, what: str, *, enough: bool = False) -> Callable[[], list[str]]:
    """Give a disk that is too small; then make it larger, and resume."""

    def case() -> list[str]:
        folder = ground.new()
        small = folder / "out" if what == "out" else ground.temporary(folder)
        small.mkdir(exist_ok=True)
        _mount("-t", "tmpfs", "-o", f"size={size}", "none", str(small))
        try:
            done = ground.run(folder, *LAB, "--out", "out")
            problems = done.complaints(1, 2, 3)
            if not done.err and not done.out:
                problems.append("no word of it")
            _mount("-o", "remount,size=64m", str(small))
            done = ground.run(folder, "lab", "--resume", "--out", "out")
            if problems or done.status:
                problems += [*done.complaints(0), done.out[-400:]]
            else:
                problems += _differences(folder / "out", ground)
            if enough and not (folder / "out" / "report.html").exists():
                problems.append("no report.html in the end")
        finally:
            _mount("--lazy", str(small), command="umount")
        return problems

    return case


_WHOLE: dict[int, Counter[object]] = {}
_MAKING = threading.Lock()


def _differences(folder: Path, ground: Ground) -> list[str]:
    with _MAKING:
        if id(ground) not in _WHOLE:
            whole = ground.new()
            assert ground.run(whole, *LAB, "--out", "out").status == 0
            _WHOLE[id(ground)] = _trials(whole / "out")
    found, whole_trials = _trials(folder), _WHOLE[id(ground)]
    if found == whole_trials:
        return []
    return [f"lost: {list(whole_trials - found)[:2]}, others: {list(found - whole_trials)[:2]}"]


def _mount(*args: str, command: str = "mount") -> None:
    subprocess.run([shutil.which(command) or command, *args], check=True)


def _few(ground: Ground, number: int) -> Callable[[], list[str]]:
    """Give few descriptors to many jobs: what could not be run is not called safe."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))

    def case() -> list[str]:
        folder = ground.new()
        (folder / "a.py").write_text("print(1)\n", "utf-8")
        said = ("--trials", "8", "-j", "32", "--out", "out", "a.py")
        done = ground.run(folder, *RUN, *said, preexec_fn=limit)
        problems = done.complaints(0, 1, 2, 3)
        if done.status in (2, 3):
            return problems
        trials = list(journal.read(folder / "out").trials)
        lost = [each for each in trials if each.outcome != "ok"]
        if len(trials) != 24:
            problems.append(f"{len(trials)} trials of 24")
        if done.status == 0 and lost:
            problems.append(f"exit status 0, and {len(lost)} trials could not be run")
        if {each.outcome for each in lost} - {"unavailable"}:
            problems.append(f"{Counter(each.outcome for each in trials)}: {lost[0].reason[:300]}")
        return problems

    return case


def _nohup(ground: Ground, *, ignored: bool) -> Callable[[], list[str]]:
    """Hang up: a run under nohup goes on, another one ends as by Ctrl-C."""
    import signal

    def ignore() -> None:
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def case() -> list[str]:
        folder = ground.new()
        process = ground.start(folder, *LAB, "--out", "out", preexec_fn=ignore)
        _begun(folder / "out", process)
        process.send_signal(signal.SIGHUP)
        return finished(process).complaints(0 if ignored else 130)

    return case


def _begun(run: Path, process: subprocess.Popen[bytes], lines: int = 3) -> None:
    """Wait until so much is in the journal of a run, or it is over."""
    path = run / journal.NAME
    while process.poll() is None:
        with suppress(OSError):
            if path.read_bytes().count(b"\n") >= lines:
                return
        time.sleep(0.01)


# --- the engine of containers -------------------------------------------------------------------


class Door:
    """A socket before the one of the engine, which can be shut: to a client it has then died."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None

    def unlock(self) -> None:
        """Let connections through."""
        self.path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.path))
        listening.listen(64)
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def shut(self) -> None:
        """End all connections, and take no more."""
        with self._lock:
            ending = [*self._open, *([self._listening] if self._listening else [])]
            self._open.clear()
            self.path.unlink(missing_ok=True)
        for each in ending:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(str(ENGINE))
            except OSError:
                return
            with self._lock:
                self._open += [client, engine]
            for pair in ((client, engine), (engine, client)):
                threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def of_engines(ground: Ground, _: random.Random) -> dict[str, Callable[[], list[str]]]:
    """Deaths of the engine after so many lines of the journal."""
    if not ENGINE.exists():
        return {}
    deaths = {f"the engine dies after {lines} lines": lines for lines in (1, 3, 6)}
    return {name: _dies(ground, name, lines) for name, lines in deaths.items()}


def _dies(ground: Ground, name: str, lines: int) -> Callable[[], list[str]]:
    def case() -> list[str]:
        folder = ground.new()
        door = Door(ground.folder / f"{name.split()[-2]}.sock")
        door.unlock()
        env = {"DOCKER_HOST": f"unix://{door.path}"}
        process = ground.start(folder, *IN_CONTAINERS, "--out", "out", env=env)
        _begun(folder / "out", process, lines)
        door.shut()
        done = finished(process)
        problems = done.complaints(1, 3)
        if "engine" not in done.err + done.out:
            problems.append(f"no word of the engine: {done.err[-300:]!r}")
        kept = journal.read(folder / "out").trials
        before = Counter((t.cell, str(t.outcome)) for t in kept if t.outcome != "unavailable")
        door.unlock()
        resumed = ground.run(folder, "lab", "--resume", "--out", "out", env=env)
        problems += resumed.complaints(0)
        after = Counter((t.cell, str(t.outcome)) for t in journal.read(folder / "out").trials)
        if before - after:
            problems.append(f"not kept: {before - after}")
        _remove_containers_of(process.pid)
        return problems

    return case


def _remove_containers_of(pid: int) -> None:
    """Remove what the engine could not be asked to remove; others' containers are let be."""
    from startlab.backends.docker import engine

    with suppress(EngineError):
        api = engine.connect().api
        for each in api.containers(all=True, filters={"label": f"{engine.LABEL}=container"}):
            if each["Labels"].get(engine.OWNER, "").split(":")[1:2] == [str(pid)]:
                engine.remove_container(api, each["Id"])
