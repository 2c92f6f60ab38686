"""What is told of the libraries that a program calls, by the evidence of one trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from startlab.diagnosis import diagnose
from startlab.diagnosis.case import Case
from startlab.diagnosis.experiments import confirmed, rejected
from startlab.diagnosis.rules import (
    ORDER,
    fork_with_threads,
    left_unsent,
    library_state,
    lock_held_at_fork,
    random_copied,
)
from startlab.diagnosis.source.sources import Sources
from startlab.model import (
    Aspect,
    CauseExperiment,
    Frame,
    LeftUnsent,
    MainModule,
    NativeThreadsAtFork,
    OpenedBefore,
    PatchedThreads,
    Process,
    Program,
    PythonException,
    SameRandom,
    Thread,
    ThreadAtFork,
    Trial,
    Wait,
)
from startlab.output.compare import Difference
from tests import record
from tests.diagnosis.test_answer import LINUX

if TYPE_CHECKING:
    from startlab.diagnosis.case import Cause
    from startlab.model import Finding, Outcome, StartMethod

UNITS = """\
import multiprocessing
import measures

REGISTRY = measures.Registry()

def work(length):
    return length.grams()

if __name__ == "__main__":
    REGISTRY.define("spoon", 5)
    with multiprocessing.Pool(2) as pool:
        print(pool.map(work, [REGISTRY.spoon]))
"""

LIB = "/env/lib/python3.12"
UNKNOWN_UNIT = f"""\
Process SpawnPoolWorker-1:
Traceback (most recent call last):
  File "{LIB}/multiprocessing/process.py", line 108, in run
    self._target(*self._args, **self._kwargs)
  File "{LIB}/multiprocessing/pool.py", line 114, in worker
    task = get()
  File "{LIB}/multiprocessing/queues.py", line 384, in get
    return _ForkingPickler.loads(res)
  File "{LIB}/site-packages/measures/unit.py", line 93, in again
    raise UnknownUnit(name)
measures.UnknownUnit: spoon
"""


def trial(method: StartMethod, outcome: Outcome, **said: Any) -> Trial:
    return Trial(
        experiment="p.py", environment="host-3.12", method=method, trial=0, outcome=outcome,
        reason="", as_expected=True, expected=("ok",), method_used=(method,),
        **({"stdout": ""} | said),
    )  # fmt: skip


def sources(text: str) -> Sources:
    return Sources(
        Program(kind="script", name="p.py", target="p.py", root="/gone", sources={"p.py": text})
    )


def explained(text: str) -> Cause:
    """Give the first cause of a hang in which a worker could not read its task."""
    hung = trial(
        "spawn", "hang", where="p.py:12", stderr=UNKNOWN_UNIT,
        clues=(MainModule(how="imported"),),
    )  # fmt: skip
    case = Case(hung, sources(text), others=[trial("fork", "ok")])
    found = next((found for rule in ORDER["hang"] if (found := rule(case))), None)
    assert found is not None
    return found


def test_what_a_library_cannot_unpickle_is_told_with_what_the_parent_set_up_in_it() -> None:
    found = explained(UNITS)
    assert (found.mechanism, found.where) == ("library_state_differs", "p.py:10")
    assert "measures by `REGISTRY.define()` at p.py:10" in found.title
    assert "measures.UnknownUnit: spoon when it unpickles their work" in found.title


def test_or_with_the_line_that_gives_it() -> None:
    found = explained(UNITS.replace('    REGISTRY.define("spoon", 5)\n', "    pass\n"))
    assert (found.mechanism, found.where) == ("library_cannot_unpickle", "p.py:12")
    assert "measures" in found.title


SALES = """\
import multiprocessing
import collector

def sell(item):
    collector.setup("shop")
    collector.track(item)

if __name__ == "__main__":
    collector.setup("shop")
    collector.track("opened")
    collector.flush()
    multiprocessing.Process(target=sell, args=("tea",)).start()
"""


def test_what_was_seen_to_be_lost_is_told_where_an_experiment_shows_how_to_keep_it() -> None:
    """The experiment is told with it, and a flush() is nothing that sets the library up."""
    clue = LeftUnsent(number=1, type="collector.Consumer", thread="Thread-1", where="p.py:6")
    case = Case(trial("forkserver", "differs", clues=(clue,)), sources(SALES))
    seen = left_unsent.find(case)
    assert seen is not None
    assert "sets up in the parent" not in seen.text
    made = CauseExperiment(
        environment="host-3.12", method="forkserver", aspects=(Aspect(kind="exit in children"),),
        good="spawn", cured=3, of=3, confirmed=True,
    )  # fmt: skip
    found = confirmed(case, made, seen)
    assert (found.mechanism, found.where, found.grade) == ("left_unsent", "p.py:6", "confirmed")
    assert "in 3 of 3 trials" in found.text


SAMPLES = """\
import multiprocessing
import numpy as np

def draw(size):
    return np.random.random(size)

if __name__ == "__main__":
    multiprocessing.Process(target=draw, args=(3,)).start()
"""


def test_a_librarys_own_generator_is_told_with_the_line_that_draws_from_it() -> None:
    clues = (SameRandom(name="numpy.random", count=4), MainModule(how="inherited"))
    found = random_copied.in_output(Case(trial("fork", "differs", clues=clues), sources(SAMPLES)))
    assert found is not None
    assert found.title == "4 children draw the same numbers from `numpy.random` at p.py:5"
    assert found.where == "p.py:5"


QUOTES = """\
import multiprocessing
import socks

def serve(connection):
    for name in connection:
        connection.send(name)

def ask(connection):
    print(connection.recv())

if __name__ == "__main__":
    CONNECTION = socks.connect()
    multiprocessing.Process(target=ask, args=(CONNECTION,)).start()
"""


def waiting(pid: int, command: str, line: int) -> Process:
    """Give a process that waits in a library for a lock, called at a line of the program."""
    stack = (
        Frame(file=f"{LIB}/site-packages/socks/frames.py", line=90, function="take"),
        Frame(file="p.py", line=line, function="ask"),
    )
    thread = Thread(tid=pid, waits="waits for a lock", wait=Wait(kind="lock"), stack=stack)
    return Process(pid=pid, ppid=1, command=command, threads=(thread,))


def test_a_thread_of_a_library_is_told_that_a_fork_left_behind_and_no_other_program() -> None:
    """What the program has executed is no fork of it, whatever it waits for."""
    gone = ThreadAtFork(
        name="reader", where=f"{LIB}/site-packages/socks/io.py:8", started="p.py:12"
    )
    hung = trial(
        "fork", "hang", where="p.py:13", clues=(MainModule(how="inherited"), gone),
        processes=(
            Process(pid=1, ppid=0, command="python p.py"),
            waiting(2, "python p.py serve", 5),
            waiting(3, "python p.py", 9),
        ),
    )  # fmt: skip
    found = lock_held_at_fork.find(Case(hung, sources(QUOTES)))
    assert found is not None
    assert (found.mechanism, found.where) == ("thread_gone_at_fork", "p.py:9")
    assert 'p.py:9 in socks for thread "reader" (started at p.py:12)' in found.title


NOT_IN_A_FORK = f"""\
multiprocessing.pool.RemoteTraceback:
\"\"\"
Traceback (most recent call last):
  File "{LIB}/multiprocessing/pool.py", line 125, in worker
    result = (True, func(*args, **kwds))
  File "p.py", line 8, in ask
    print(connection.recv())
  File "{LIB}/site-packages/socks/io.py", line 8, in loop
    raise RuntimeError("this class is not fork-safe")
RuntimeError: this class is not fork-safe
\"\"\"
"""


def test_a_library_that_speaks_of_the_fork_is_believed() -> None:
    """It comes before the connection that the fork has copied, too."""
    raised = PythonException(type="RuntimeError", message="this class is not fork-safe")
    clues = (
        MainModule(how="inherited"),
        OpenedBefore(what="connection", address="127.0.0.1:1", by="socks"),
    )
    failed = trial("fork", "error", stderr=NOT_IN_A_FORK, exception=raised, clues=clues)
    case = Case(failed, sources(QUOTES))
    found = next((found for rule in ORDER["error"] if (found := rule(case))), None)
    assert found is not None
    assert (found.mechanism, found.where) == ("object_refused", "p.py:8")
    assert "socks refuses to work at p.py:8 in a forked child" in found.title


COMPILED = """\
import multiprocessing
import fastcode

@fastcode.compiled(parallel=True)
def kernel(size):
    return sum(range(size))

def work(results, size):
    results.put(kernel(size))

if __name__ == "__main__":
    kernel(3)
    results = multiprocessing.Queue()
    multiprocessing.Process(target=work, args=(results, 5)).start()
    print(results.get())
"""


def test_native_code_that_ends_a_forked_child_is_told_by_its_last_words() -> None:
    """That the program waits in vain comes of it. Where it was compiled, its calls are known."""
    hung = trial(
        "fork", "hang", where="p.py:15", clues=(MainModule(how="inherited"),),
        stderr="Terminating: fork() called from a process already using the runtime.\n",
        processes=(
            Process(pid=1, ppid=0, command="python p.py"),
            Process(pid=2, ppid=1, command="python p.py", exit_code=-15),
        ),
    )  # fmt: skip
    found = next(cause for rule in ORDER["hang"] if (cause := rule(Case(hung, sources(COMPILED)))))
    assert (found.mechanism, found.where) == ("fork_refused", "p.py:9")
    assert "native code of fastcode, used at p.py:9, ends a forked child (SIGTERM)" in found.title


SETTINGS = """\
import multiprocessing
import confs

CONF = confs.Conf()
CONF.set("rate", 1)

def price(amount):
    return amount * CONF.rate

if __name__ == "__main__":
    CONF.set("rate", 3)
    with multiprocessing.Pool(2) as pool:
        print(pool.map(price, [1, 2]))
"""


def test_what_the_parent_did_to_an_object_is_told_that_children_only_read() -> None:
    lines = Difference(only_first=("[1, 2]",), only_second=("[3, 6]",))
    differs = trial("spawn", "differs", clues=(MainModule(how="imported"),))
    found = library_state.suspect(Case(differs, sources(SETTINGS), lines=lines))
    assert found is not None
    assert found.title == (
        "every child makes its own `CONF` at p.py:4, without `CONF.set()` at p.py:11, "
        "and p.py:8 uses that"
    )


def test_native_threads_are_told_with_the_call_of_their_library() -> None:
    clues = (MainModule(how="inherited"), NativeThreadsAtFork(number=2, libraries=("confs",)))
    there = msgspec.structs.replace(LINUX, python="3.12.1")
    case = Case(trial("fork", "ok", clues=clues), sources(SETTINGS), environment=there)
    found = fork_with_threads.note(case)
    assert found is not None
    assert "2 native threads (confs, which the program first calls at p.py:4)" in found.title
    assert found.where == "p.py:4"


def test_aspects_that_were_tried_in_vain_may_have_no_names() -> None:
    made = CauseExperiment(
        environment="host-3.12", method="spawn", aspects=(Aspect(kind="calls"), Aspect(kind="ids"))
    )
    assert rejected(made) == " By experiment it is none of these: calls and ids."


MAILS = """\
import multiprocessing
import letters

def write(name):
    return letters.template("Dear").fill(name)

if __name__ == "__main__":
    letters.configure(language="en")
    with multiprocessing.Pool(2) as pool:
        print(pool.map(write, ["Ann"]))
"""

NOT_CONFIGURED = f"""\
multiprocessing.pool.RemoteTraceback:
\"\"\"
Traceback (most recent call last):
  File "{LIB}/multiprocessing/pool.py", line 48, in mapstar
    return list(map(*args))
  File "p.py", line 5, in write
    return letters.template("Dear").fill(name)
  File "letters/core.pyx", line 92, in letters.core.fill
    raise NotConfigured()
letters.NotConfigured: call configure()
\"\"\"

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "p.py", line 10, in <module>
    print(pool.map(write, ["Ann"]))
letters.NotConfigured: call configure()
"""


def test_a_spawned_child_need_not_have_said_that_it_imported_the_main_module() -> None:
    """It may be terminated before; and Cython's file is no line of the program's."""
    raised = PythonException(type="letters.NotConfigured", message="call configure()")
    failed = trial("spawn", "error", where="p.py:10", stderr=NOT_CONFIGURED, exception=raised)
    case = Case(failed, sources(MAILS), others=[trial("fork", "ok")])
    cause = library_state.find(case)
    assert cause is not None
    assert (cause.mechanism, cause.where) == ("library_state_differs", "p.py:8")
    assert cause.title.endswith("raises letters.NotConfigured: call configure() at p.py:5")


def in_a_native_pool(*experiments: CauseExperiment) -> Finding:
    """Give what is found in the recorded run of a program that hangs in OpenMP's threads."""
    case = next(each for each in record.cases() if each.name == "native_pool/program")
    run = msgspec.structs.replace(record.read(case), experiments=experiments)
    return diagnose(run).findings[0]


def with_variables(*variables: tuple[str, str], cured: int) -> CauseExperiment:
    return CauseExperiment(
        environment="host-3.11", method="fork", good="spawn", cured=cured, of=3,
        aspects=tuple(Aspect(kind="variable", words=each) for each in variables),
        confirmed=cured == 3,
    )  # fmt: skip


def test_a_variable_that_cures_is_advised_as_tried() -> None:
    found = in_a_native_pool(with_variables(("OMP_NUM_THREADS", "1"), cured=3))
    assert (found.mechanism, found.grade) == ("native_pool_after_fork", "confirmed")
    assert "waits at program.py:12 in faiss (libgomp, OpenMP)" in found.title
    assert "with OMP_NUM_THREADS=1 in the environment, fork does what spawn does" in found.text
    assert (
        "Or set OMP_NUM_THREADS=1 in the environment (tried: fixes fork on 3.11). Or set "
    ) in found.advice


def test_one_that_does_not_is_not_mentioned() -> None:
    found = in_a_native_pool(with_variables(("OMP_NUM_THREADS", "1"), cured=0))
    assert found == in_a_native_pool()
    assert "OMP_NUM_THREADS" not in found.text + found.advice


def test_installed_files_are_named_as_their_package_does() -> None:
    found = in_a_native_pool()
    assert "It was called by `IndexFlat.search` at faiss/swigfaiss.py:2910." in found.text


def test_what_one_trial_shows_is_the_cause_of_another_of_its_cell() -> None:
    """The thread that waits may be between two waits when it is looked at."""
    case = next(each for each in record.cases() if each.name == "native_pool/program")
    seen = record.read(case)
    hung = next(each for each in seen.trials if each.outcome == "hang")
    late = msgspec.structs.replace(hung, trial=1, grade="no end", processes=())
    run = msgspec.structs.replace(seen, trials=(*seen.trials, late))
    (found,) = diagnose(run).findings
    assert found.mechanism == "native_pool_after_fork"
    assert [(each.count, each.of) for each in found.cells] == [(2, 2)]


GREEN = """\
import greens
greens.patch_all()
import multiprocessing

if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        print(pool.map(abs, [1, 2]))
"""

NO_DESCRIPTORS = f"""\
Traceback (most recent call last):
  File "p.py", line 6, in <module>
    with multiprocessing.Pool(2) as pool:
  File "{LIB}/multiprocessing/context.py", line 300, in _Popen
    from .popen_forkserver import Popen
  File "{LIB}/multiprocessing/popen_forkserver.py", line 6, in <module>
    raise ImportError("No support for sending fds between processes")
ImportError: No support for sending fds between processes
"""


def refused_descriptors(*clues: PatchedThreads) -> Cause:
    message = "No support for sending fds between processes"
    failed = trial(
        "forkserver", "error", where="p.py:6", stderr=NO_DESCRIPTORS, clues=clues,
        exception=PythonException(type="ImportError", message=message),
    )  # fmt: skip
    case = Case(failed, sources(GREEN), others=[trial("fork", "hang")])
    found = next((found for rule in ORDER["error"] if (found := rule(case))), None)
    assert found is not None
    return found


def test_what_multiprocessing_cannot_do_with_green_threads_is_told_with_who_made_them() -> None:
    found = refused_descriptors(PatchedThreads(what="threading._allocate_lock", by="greens"))
    assert (found.mechanism, found.where) == ("threads_replaced", "p.py:6")
    assert "greens's here by `greens.patch_all()` at p.py:2" in found.title


def test_an_import_that_fails_under_one_start_method_misses_no_package() -> None:
    found = refused_descriptors()
    assert (found.mechanism, found.where) == ("exception", "p.py:6")
