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
WITHIN_LOOKS_AT_ROUNDS = 400  # threads that go round are watched for some seconds

Cell = tuple[str, str, str]
HERE = Path(__file__).parents[1]
SOURCE = HERE.parents[1] / "src"
VERSIONS = ("2.7", "3.6", "3.9", "3.12", "3.13", "3.14", "3.15")
AFTER_S = 1.2
# pytest changes its own with every test, while programs are started from other threads: a child
# before its execve, which has that memory too, may find it gone (EFAULT).
ENVIRONMENT = dict(os.environ)

Kind = Literal["alive", "dead"]


# What the prover gets wrong today: dead programs that it does not see through. `python
# tests/attacks.py` runs them. Whoever fixes one removes it here. Those that wait for a FIFO, a
# semaphore, a System V object or a connection that has a name or number look to the kernel just as
# living ones do that somebody outside was told of: `alive/named_fifo`, say.
KNOWN_WRONG: frozenset[str] = frozenset(
    {
        "dead/asyncio_heartbeat",
        "dead/child_signal_handler_spins",
        "dead/fifo",
        "dead/named_semaphore",
        "dead/system_v_message_queue",
        "dead/system_v_semaphore",
        "dead/unix_listener",
    }
)


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

    def run(self, python: str, *, spy: str | None = None, limit_s: float = 200.0) -> dict[str, Any]:
        """Run it; give what watch.py tells, and the `stamp`."""
        command = [sys.executable, "-W", "error", str(HERE / "watch.py")]
        if spy:
            command += ["--py-spy", spy]
        if self.note("stdin"):
            command += ["--stdin-after", str(AFTER_S)]
        if self.note("slow reader"):
            command += ["--read-after", str(AFTER_S)]
        outside = None
        with tempfile.TemporaryDirectory(prefix="startlab-") as place:
            environment = {**ENVIRONMENT, "PYTHONPATH": str(SOURCE), "TMPDIR": place}
            environment.pop("PYTHONUNBUFFERED", None)
            if self.note("outside"):
                argv = [python, str(self.path), place, "outside"]
                outside = subprocess.Popen(argv, env=environment)
            try:
                watched = subprocess.run(
                    [*command, str(limit_s), python, str(self.path), place],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=limit_s + 30,
                )
            finally:
                if outside is not None:
                    outside.kill()
                    outside.wait()
            if watched.returncode:
                raise RuntimeError(watched.stdout + watched.stderr)
            told: dict[str, Any] = json.loads(watched.stdout.splitlines()[-1])
            stamp = Path(place) / "stamp"
            told["stamp"] = float(stamp.read_text()) if stamp.exists() else None
        return told


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> Iterator[dict[Cell, Future[dict[str, Any]]]]:
    """Run the programs of all tests that were selected, some at once, in the tests' order."""
    with ThreadPoolExecutor(AT_ONCE) as executor:
        futures: dict[Cell, Future[dict[str, Any]]] = {}
        for item in request.session.items:
            if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
                continue
            cell = tuple(
                str(item.callspec.params.get(each)) for each in ("kind", "name", "version")
            )
            match cell:
                case ("alive" | "dead" as kind, name, version):
                    program, python = Program(kind, name), interpreter(version)
                    if python is not None and program.runs_on(version):
                        run = executor.submit(program.run, python, spy=py_spy())
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
            yield pytest.param(kind, name, version, marks=marks)


@pytest.mark.parametrize(("kind", "name", "version"), [*cells("alive")])
def test_a_living_program_is_never_called_dead(
    results: dict[Cell, Future[dict[str, Any]]], kind: str, name: str, version: str
) -> None:
    told = results[kind, name, version].result()
    assumed = Program("alive", name).note("assumes: (.*)")
    if told["grade"] and assumed:
        assert assumed in [ASSUMPTIONS[each] for each in told["assumptions"]]
    else:
        assert told["grade"] is None, told["threads"]
        assert told["status"] == 0, told["output"]


@pytest.mark.parametrize(("kind", "name", "version"), [*cells("dead")])
def test_a_dead_program_is_shown_to_be_dead(
    results: dict[Cell, Future[dict[str, Any]]], kind: str, name: str, version: str
) -> None:
    told = results[kind, name, version].result()
    polls = Program("dead", name).polls_on(version)
    grade = Program("dead", name).verdict(version).partition(",")[0]
    rounds = grade in ("stuck", "busy")
    if (polls or rounds) and py_spy() is None:
        pytest.skip("there is no py-spy here")
    assert told["grade"] == grade, told["blockers"]
    within = WITHIN_LOOKS_AT_ROUNDS if rounds else WITHIN_LOOKS
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


@pytest.mark.parametrize(
    ("name", "kind", "called"),
    [
        ("sleep", "call", "clock_nanosleep"),
        ("alarm_kills_child", "alarm", None),
        ("posix_timer", "posix timer", None),
        ("socket_receive_timeout", "socket timeout", None),
        ("named_semaphore", "named semaphore", None),
        ("pipe_reopened_outside", "held by outsider", None),
        ("traces_outside", "traces outsider", None),
        ("stdin", "held outside", None),
        ("sigio", "signal when ready", None),
        ("flock", "file lock", None),
        ("descriptor_in_flight", "descriptor under way", None),
        ("sigio_of_a_descriptor_given_away", "handles readiness", None),
    ],
)
def test_what_keeps_a_job_alive_is_told(name: str, kind: str, called: str | None) -> None:
    blockers: list[Obstacle] = []
    for _ in range(5):  # it blocks for a second, in which others may have the cores
        told = Program("alive", name).run(sys.executable)
        blockers += [msgspec.convert(each, Obstacle) for each in told["blockers"]]
        if any(each.kind == kind and called in (None, each.name) for each in blockers):
            return
    pytest.fail(f"{kind} is not among {blockers}")


def test_looking_is_cheap() -> None:
    """On an idle machine a look takes 0.1 ms; the bound is for one that is not."""
    told = Program("alive", "sleep").run(sys.executable, spy=py_spy())
    costs = sorted(told["costs"])
    assert costs[len(costs) // 2] < 0.005
