"""That no living program is called dead, and every dead one is, on real interpreters.

The programs under `alive` and `dead` are run under the smallest agent there is, `watch.py`.
A program is given a fresh directory. Its first comment lines say what it needs:

- `# outside`: the same program, run with `outside` as second argument beside the job, not in it,
  does its part from there.
- `# stdin`, `# slow reader`: somebody types, or reads, only after a while.
- `# needs: X.Y`: the oldest Python it runs on.
- `# pollers: <X.Y` or `>=X.Y`: where its deadlock is one but for the standard library's pollers.
- `# assumes: ...`: it lives by what a proof may assume not to be; then the proof must say so.
- `# verdict: ...`, `# waits: ...`: what a dead one is (`proven` unless it says something else),
  and who waits for whom, at the lines that end with these numbers.

A program that cannot live here, for want of a right or of a system call, says so as `skipped: ...`.
A dead one writes into `stamp`, in its directory, the moment just before its last thread blocks.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import pytest
from packaging.specifiers import SpecifierSet

from startlab.judge.waiting import ASSUMPTIONS
from startlab.model import Obstacle, Wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark.structures import ParameterSet

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a thread waits for"),
]

AT_ONCE = 6  # most programs sleep most of the time
WITHIN_LOOKS = 100  # one in 50 ms, or fewer where others keep the cores busy; 10 is the aim
WITHIN_LOOKS_WATCHED = 400  # threads that go round, and what has a name, are watched for seconds

HERE = Path(__file__).parents[1]
SOURCE = HERE.parents[1] / "src"
VERSIONS = ("2.7", "3.6", "3.9", "3.12", "3.13", "3.14", "3.15")
AFTER_S = 1.2
# pytest changes its own with every test, while programs are started from other threads: a child
# before its execve, which has that memory too, may find it gone (EFAULT).
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}
ENVIRONMENT.pop("PYTHONUNBUFFERED", None)

Kind = Literal["alive", "dead"]
Cell = tuple[Kind, str, str]


# What the prover gets wrong today: dead programs that it does not see through. `python
# tests/attacks.py` runs them. Whoever fixes one removes it here. What a coroutine that beats is to
# do next no stack shows, and a loop that keeps what it was told may be about to have heard enough.
KNOWN_WRONG: frozenset[str] = frozenset(
    {"dead/asyncio_heartbeat", "dead/child_signal_handler_spins"}
)


# What is told of some living programs: what stood in the way of a proof.
KEPT_BY = {
    "sleep": "call",
    "alarm_kills_child": "alarm",
    "posix_timer": "posix timer",
    "socket_receive_timeout": "socket timeout",
    "pipe_reopened_outside": "held by outsider",
    "traces_outside": "traces outsider",
    "stdin": "held outside",
    "sigio": "signal when ready",
    "flock": "file lock",
    "sigio_of_a_descriptor_given_away": "handles readiness",
}


def every(kind: Kind) -> list[str]:
    return sorted(path.stem for path in (HERE / kind).glob("*.py"))


def programs(kind: Kind) -> list[str]:
    return [name for name in every(kind) if f"{kind}/{name}" not in KNOWN_WRONG]


@lru_cache
def interpreter(version: str) -> str | None:
    """Find an interpreter that really is of that version; a shim may be none."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [str(path) for path in sorted(root.glob(f"versions/{version}.*/bin/python"))]
    if on_path := shutil.which(f"python{version}"):
        found.append(on_path)
    for python in found:
        told = subprocess.run(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if told.stdout.strip() == version:
            return python
    return None


def py_spy() -> str | None:
    """Find the py-spy that was installed beside this interpreter."""
    beside = Path(sysconfig.get_path("scripts")) / "py-spy"
    return str(beside) if beside.exists() else shutil.which("py-spy")


class Program(NamedTuple):
    kind: Kind
    name: str

    @property
    def path(self) -> Path:
        return HERE / self.kind / f"{self.name}.py"

    def note(self, pattern: str) -> str | None:
        found = re.search(rf"^# {pattern}$", self.path.read_text(), re.MULTILINE)
        return found and found.group(found.lastindex or 0)

    def runs_on(self, version: str) -> bool:
        needs = self.note(r"needs: (\S+)")
        return needs is None or version in SpecifierSet(f">={needs}")

    def polls_on(self, version: str) -> bool:
        pollers = self.note(r"pollers: (\S+)")
        return pollers is not None and version in SpecifierSet(pollers)

    def verdict(self, version: str) -> str:
        """Give what is right to say of it, for a dead one: the grade, and what that assumes."""
        if self.polls_on(version):
            return "proven-given-pollers"
        return self.note(r"verdict: (.*)") or "proven"

    def run(
        self, python: str, *, spy: str | None = None, limit_s: float = 200.0, times: int = 1
    ) -> dict[str, Any]:
        """Run it; give what watch.py tells, and the `stamp`. Some wait so many times as long."""
        outside = None
        with tempfile.TemporaryDirectory(prefix="startlab-") as place:
            argv = [python, str(self.path), place]
            if self.note("outside"):
                environment = {**ENVIRONMENT, "TMPDIR": place, "TIMES": str(times)}
                outside = subprocess.Popen([*argv, "outside"], env=environment)
            try:
                told = watched(
                    argv=argv,
                    place=place,
                    limit_s=limit_s,
                    py_spy=spy,
                    times=times,
                    stdin_after=AFTER_S * times if self.note("stdin") else None,
                    read_after=AFTER_S if self.note("slow reader") else 0.0,
                )
            finally:
                if outside is not None:
                    outside.kill()
                    outside.wait()
            told["stamp"] = stamped(Path(place))
        return told


WATCHERS: queue.SimpleQueue[subprocess.Popen[str]] = queue.SimpleQueue()


def watched(**asked: object) -> dict[str, Any]:
    """Have a program run by a watch.py that has nothing to do."""
    try:
        watcher = WATCHERS.get_nowait()
    except queue.Empty:
        watcher = subprocess.Popen(
            [sys.executable, "-W", "error", str(HERE / "watch.py")],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert watcher.stdin is not None
    assert watcher.stdout is not None
    try:
        watcher.stdin.write(json.dumps(asked) + "\n")
        watcher.stdin.flush()
        told: dict[str, Any] = json.loads(watcher.stdout.readline() or '{"failed": "it has ended"}')
    finally:
        WATCHERS.put(watcher)
    if "failed" in told:
        raise RuntimeError(told["failed"])
    return told


@pytest.fixture(scope="module", autouse=True)
def _watchers_end() -> Iterator[None]:
    yield
    while not WATCHERS.empty():
        with WATCHERS.get() as watcher:
            watcher.kill()


def stamped(place: Path) -> float | None:
    """Read the stamp of a program: there is none, or half of one, where it ended before."""
    try:
        return float((place / "stamp").read_text())
    except (FileNotFoundError, ValueError):
        return None


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[dict[Cell, Future[dict[str, Any]]]]:
    """Run the programs of all tests that were selected, some at once, in the tests' order."""
    with ThreadPoolExecutor(AT_ONCE) as executor:
        futures: dict[Cell, Future[dict[str, Any]]] = {}
        for item in request.session.items:
            match getattr(getattr(item, "callspec", None), "params", {}).get("cell"):
                case ("alive" | "dead" as kind, str(name), str(version)):
                    python = interpreter(version) or ""
                    run = executor.submit(Program(kind, name).run, python, spy=py_spy())
                    futures[kind, name, version] = run
                case _:  # a test of another kind
                    pass
        yield futures
        for future in futures.values():
            future.cancel()


def cells(kind: Kind) -> Iterator[ParameterSet]:
    """Give each program on each interpreter here; all but one, in turn, are `wide`."""
    for at, name in enumerate(programs(kind)):
        there = [v for v in VERSIONS if interpreter(v) and Program(kind, name).runs_on(v)]
        for step, version in enumerate(there):
            marks = () if step == at % len(there) else pytest.mark.wide
            yield pytest.param((kind, name, version), marks=marks, id=f"{kind}-{name}-{version}")


@pytest.mark.parametrize("cell", [*cells("alive")])
def test_a_living_program_is_never_called_dead(
    results: dict[Cell, Future[dict[str, Any]]], cell: Cell
) -> None:
    told = results[cell].result()
    _, name, version = cell
    program = Program("alive", name)
    assumed = program.note("assumes: (.*)")
    if told["grade"] and assumed:
        assert assumed in [ASSUMPTIONS[each] for each in told["assumptions"]]
        return
    assert told["grade"] is None, told["threads"]
    assert told["status"] == 0, told["output"]
    blockers = {msgspec.convert(each, Obstacle).kind for each in told["blockers"]}
    for times in (2, 4, 8, 16, 32):  # it blocks for a second, in which others may have the cores
        if KEPT_BY.get(name) in {None, *blockers}:
            return
        told = program.run(interpreter(version) or "", spy=py_spy(), times=times)
        blockers |= {each["kind"] for each in told["blockers"]}
    assert KEPT_BY.get(name) in {None, *blockers}, f"after {told['looks']} looks"


@pytest.mark.parametrize("cell", [*cells("dead")])
def test_a_dead_program_is_shown_to_be_dead(
    results: dict[Cell, Future[dict[str, Any]]], cell: Cell
) -> None:
    told = results[cell].result()
    _, name, version = cell
    polls = Program("dead", name).polls_on(version)
    grade, _, assumed = Program("dead", name).verdict(version).partition(", assuming that ")
    rounds = grade in ("stuck", "busy")
    if (polls or rounds) and py_spy() is None:
        pytest.skip("there is no py-spy here")
    ended = {each: told[each] for each in ("grade", "status", "stamp", "blockers", "output")}
    # Where a poller spins, what runs beside it decides whether it is ever caught in its poll.
    right = {grade, "busy"} if Program("dead", name).note("spins") else {grade}
    # On a busy machine one may be running at each look, until it has gone round often enough.
    if polls and any(each["kind"] == "running" for each in told["blockers"]):
        right |= {"stuck"}
    assert told["grade"] in right, ended
    assert told["stamp"] is not None, ended
    assert ("opened by name" in told["assumptions"]) == (assumed == ASSUMPTIONS["opened by name"])
    watched = told["grade"] in ("stuck", "busy") or assumed
    within = WITHIN_LOOKS_WATCHED if watched else WITHIN_LOOKS
    assert sum(told["stamp"] < at for at in told["looked"]) < within
    tids = [each["tid"] for each in told["threads"]]
    assert {tid for _, tid in told["ring"]} <= set(tids)
    assert len(tids) == len(set(tids))
    pids = {each["pid"] for each in told["threads"]}
    for each in told["threads"]:
        assert pids.issuperset(each.get("waits_for", ()))
        alive = each["wait"].get("poller", False) or each["wait"].get("rounds", False)
        assert alive or each["waits_for"]
        msgspec.convert(each["wait"], Wait)


def test_the_facts_of_an_inherited_lock() -> None:
    told = Program("dead", "lock_inherited").run(sys.executable)
    ((pid, tid),) = told["ring"]
    child, parent = sorted(told["threads"], key=lambda each: each["pid"] != pid)
    assert (child["wait"]["kind"], tid) == ("lock", pid)
    assert int(child["wait"]["object"], 16) > 0
    assert "others" not in child["wait"]
    assert (parent["wait"], parent["waits_for"]) == ({"kind": "child"}, [pid])


def test_the_facts_of_a_ring() -> None:
    told = Program("dead", "child_waits_for_parent").run(sys.executable)
    (parent, _), (child, _) = told["ring"]
    waits = {each["pid"]: (each["wait"]["kind"], each["waits_for"]) for each in told["threads"]}
    assert waits == {parent: ("child", [child]), child: ("pipe read", [parent])}


def test_pollers_are_not_told_from_others_without_py_spy() -> None:
    told = Program("dead", "manager_queue").run(sys.executable, limit_s=3.0)
    assert told["grade"] is None
    assert ("call", "futex", True) in [
        (each["kind"], each.get("name"), each.get("timed")) for each in told["blockers"]
    ]


def test_looking_is_cheap() -> None:
    """On an idle machine a look takes 0.1 ms; the bound is for one that is not."""
    told = Program("alive", "sleep").run(sys.executable, spy=py_spy())
    costs = sorted(told["costs"])
    assert costs[len(costs) // 2] < 0.005
