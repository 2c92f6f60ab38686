"""What is told of the libraries that a program calls, by the evidence of one trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from startlab.diagnosis import diagnose
from startlab.diagnosis.case import Case, Cause
from startlab.diagnosis.experiments import confirmed, rejected
from startlab.diagnosis.rules import (
    ORDER,
    connection_shared,
    crash,
    fork_with_threads,
    global_differs,
    left_unsent,
    library_copy,
    library_state,
    lock_held_at_fork,
    random_copied,
    unpicklable,
)
from startlab.diagnosis.source.calls import Calls
from startlab.diagnosis.source.sources import Sources
from startlab.model import (
    Aspect,
    CauseExperiment,
    ChangedGlobal,
    ChangedSetting,
    ForkedBy,
    Frame,
    LeftUnsent,
    MainModule,
    Moved,
    NativeThreadsAtFork,
    Noted,
    OpenedBefore,
    PatchedThreads,
    Process,
    Program,
    PythonException,
    Raised,
    SameRandom,
    Start,
    Thread,
    ThreadAtFork,
    Trial,
    Unpicklable,
    Wait,
)
from startlab.output.compare import Difference
from tests import record
from tests.diagnosis.test_answer import LINUX

if TYPE_CHECKING:
    from startlab.model import Clue, Finding, Outcome, StartMethod

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


@pytest.mark.parametrize(
    ("own", "kind", "advice"),
    [
        ("Test._outcome", "local function of _pytest", "Give the child a function of a module: "),
        ("Test.made", "local function", "Move it to the top level of a module."),
        ("Source.rows", "_csv.reader", "Open it in the child, "),
        ("", "_csv.reader", "Give the child a function of a module: "),
    ],
)
def test_what_to_do_with_what_a_method_takes_along(own: str, kind: str, advice: str) -> None:
    clue = Unpicklable(
        given="target=self.work", bound="bound", own=own, attribute="func", type=kind,
        where="p.py:9",
    )  # fmt: skip
    failed = trial("spawn", "error", clues=(clue,))
    found = unpicklable.find(Case(failed, sources("import library")))
    assert found is not None
    assert found.advice.startswith(advice)


def test_a_forked_child_that_dies_at_no_known_line() -> None:
    died = Start(pid=7, method="fork", time_s=0.1, child=8, exit_code=-4, exit_s=0.3)
    crashed = trial("fork", "crash", starts=(died,), clues=(MainModule(how="inherited"),))
    found = crash.find(Case(crashed, sources("import library")))
    assert found.title == "a forked child dies by SIGILL: it uses what was made before the fork"


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


@pytest.mark.parametrize(
    ("outcome", "advice"), [("differs", "If forked children are not to have it"), ("error", "")]
)
def test_where_outputs_differ_a_call_may_be_meant_for_all_children_or_for_none(
    outcome: Outcome, advice: str
) -> None:
    made = CauseExperiment(
        environment="host-3.12", method="spawn", good="fork", cured=3, of=3, confirmed=True,
        aspects=(Aspect(kind="calls"),),
        noted=(Noted(what="call", name="count()", where="p.py:11"),),
    )  # fmt: skip
    cause = confirmed(Case(trial("spawn", outcome), sources(SETTINGS)), made, None)
    assert cause.advice.partition(",")[0] == advice


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


GENERATED = """\
import multiprocessing
import people

made = people.Maker()

def names(count):
    return [made.name() for _ in range(count)]

if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        print(pool.map(names, [1, 2]))
"""


def test_a_generator_in_what_a_library_has_made_is_told_by_its_maker() -> None:
    clue = SameRandom(name="made._factories['en']._Maker__random", count=2)
    forked = trial("fork", "differs", clues=(clue, MainModule(how="inherited")))
    found = random_copied.in_output(Case(forked, sources(GENERATED)))
    assert found is not None
    assert "the same numbers from `made`, made by people at p.py:4" in found.title
    assert found.where == "p.py:4"


def test_native_threads_of_a_library_that_children_call_and_end_well_are_no_remark() -> None:
    clues = (MainModule(how="inherited"), NativeThreadsAtFork(number=2, libraries=("people",)))
    there = msgspec.structs.replace(LINUX, python="3.12.1")
    ok = Case(trial("fork", "ok", clues=clues), sources(GENERATED), environment=there)
    assert fork_with_threads.note(ok) is None


LATER = """\
import multiprocessing
import people

made = None

def maker():
    global made
    if made is None:
        made = people.Maker()
    return made

def name(count):
    return maker().name()

if __name__ == "__main__":
    maker()
    with multiprocessing.Pool(2) as pool:
        print(pool.map(name, [1, 2]))
"""


@pytest.mark.parametrize(("program", "remarks"), [(GENERATED, 0), (LATER, 1)])
@pytest.mark.parametrize(
    "clue",
    [
        NativeThreadsAtFork(number=2, libraries=("people-worker", "libpeople")),
        ThreadAtFork(name="sender", where="/v/lib/python3.12/site-packages/people/io.py:3"),
    ],
)
def test_threads_of_a_library_that_children_call_are_a_remark_if_they_may_be_for_the_parents_object(
    program: str, remarks: int, clue: Clue
) -> None:
    """What a function keeps in a global may have been opened before the fork, and be shared."""
    there = msgspec.structs.replace(LINUX, python="3.12.1")
    ok = trial("fork", "ok", clues=(MainModule(how="inherited"), clue))
    found = fork_with_threads.note(Case(ok, sources(program), environment=there))
    assert (found is not None) == bool(remarks)


ROWS = """\
import multiprocessing
import rowbase

class Stock:
    link = None

    def open(self):
        self.link = self.link or rowbase.connect()

    def level(self, item):
        return self.link.ask(item)

stock = Stock()

def level(item):
    stock.open()
    return stock.level(item)

if __name__ == "__main__":
    print(level("pen"))
    with multiprocessing.Pool(2) as pool:
        print(pool.map(level, ["ink", "paper"]))
"""


def test_a_connection_that_is_an_attribute_is_shared_where_only_forks_print_by_turns() -> None:
    """What one of them prints may be right by chance."""
    opened = OpenedBefore(what="connection", address="127.0.0.1:1", by="rowbase", where="p.py:8")
    clues = (MainModule(how="inherited"), opened)
    lines = Difference(only_first=("[2, 1]",), only_second=("[1, 2]",))
    forked = trial("fork", "differs", clues=clues)
    case = Case(forked, sources(ROWS), others=[trial("spawn", "ok")], lines=lines)
    found = connection_shared.in_output(case)
    assert found is not None
    assert found.title.startswith(
        "forked children share one connection of rowbase that the parent opened at p.py:8: "
    )
    assert next(e for rule in ORDER["unstable"] if (e := rule(case))) == found


QUEUED = """\
import multiprocessing
import laterqueue

later = laterqueue.Queue("mails")

@later.task()
def write(name):
    return "Dear " + name

def look(names):
    for name in names:
        write(name)

if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        pool.map(look, [["anna"], ["bert"]])
    print(later.pending())
"""


def test_what_children_put_into_their_copy_of_a_librarys_queue_is_told_with_the_line() -> None:
    found = library_copy.find(Case(trial("fork", "wrong"), sources(QUEUED)))
    assert found is not None
    assert found.title.startswith("what children do by `write()` at p.py:12 stays in them")
    assert "its own `later`, of laterqueue" in found.title


def test_a_library_that_forks_by_itself_is_named() -> None:
    thread = Thread(
        tid=8, name="main", stack=(Frame(file="p.py", line=5, function="send"),),
        wait=Wait(kind="lock"),
    )  # fmt: skip
    clues = (
        MainModule(how="inherited"), ThreadAtFork(name="Thread-1", where="p.py:9"),
        ForkedBy(by="billiard", where="p.py:14"),
    )  # fmt: skip
    child = Process(pid=8, ppid=7, command="python p.py", threads=(thread,))
    root = Process(pid=7, ppid=1, command="python p.py", threads=())
    hung = trial("spawn", "hang", clues=clues, processes=(root, child))
    found = lock_held_at_fork.find(Case(hung, sources("")))
    assert found is not None
    assert "a child, which billiard forks at p.py:14 whatever the start method is," in found.title


def test_an_exception_of_a_librarys_is_named_with_the_line_that_called_it() -> None:
    hung = trial("spawn", "hang", where="p.py:9")
    noted = Noted(what="exception", name="modelapi.Refused", where="p.py:5")
    made = CauseExperiment(
        environment="host-3.12", method="spawn", aspects=(Aspect(kind="exceptions"),),
        cured=3, of=3, confirmed=True, noted=(noted,),
    )  # fmt: skip
    case = Case(hung, sources(QUEUED))
    seen = Cause("unreadable_result", "a result cannot be unpickled", where="p.py:9")
    found = confirmed(case, made, seen)
    assert found.where == "p.py:5"
    assert found.title == "`modelapi.Refused` at p.py:5 cannot be made again from its pickle"
    assert "Catch the library's exception in the worker" in found.advice


SUITE = """\
import multiprocessing
import warnings
import clockstop
import pytest

def month(_):
    return "2026-11"

def old(_):
    warnings.warn("goes away", DeprecationWarning)

def in_child(function):
    with multiprocessing.Pool(1) as pool:
        return pool.map(function, [1])

@clockstop.freeze("2020-03-05")
def test_month():
    assert in_child(month) == ["2020-03"]

@pytest.fixture
def stopped():
    with clockstop.freeze("2021-04-05"):
        yield

@pytest.mark.parametrize("number", [1])
def test_again(stopped, number):
    assert in_child(month) == ["2021-04"]

@pytest.fixture
def strict():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield

def test_old(strict):
    with pytest.raises(DeprecationWarning):
        in_child(old)
"""


def of_suite(test: str, line: int, *clues: Clue, raised: str = "AssertionError") -> Cause:
    """Give the first cause that is seen of a test that fails where children import modules."""
    failed = msgspec.structs.replace(
        trial(
            "spawn", "error", where=f"p.py:{line}", clues=(MainModule(how="imported"), *clues),
            exception=PythonException(type=raised, message="assert 1 == 2"),
        ),
        experiment=f"p.py::{test}",
    )  # fmt: skip
    case = Case(failed, sources(SUITE), others=[trial("fork", "ok")])
    found = next((found for rule in ORDER["error"] if (found := rule(case))), None)
    assert found is not None
    return found


FILTERS = ChangedSetting(
    setting="warnings.filters", part="", parent="error Warning", child="default DeprecationWarning"
)


def test_what_decorates_a_test_holds_in_the_parent_alone() -> None:
    found = of_suite("test_month", 18, FILTERS)
    assert (found.mechanism, found.where) == ("library_state_differs", "p.py:16")
    assert "within `@clockstop.freeze('2020-03-05')` of clockstop at p.py:16" in found.title


def test_a_fixtures_context_holds_in_the_parent_alone() -> None:
    found = of_suite("test_again[1]", 27, FILTERS)
    assert (found.mechanism, found.where) == ("library_state_differs", "p.py:22")


CALLS = """\
import multiprocessing
from unittest import mock

def get(url):
    raise OSError(url)

def size(url):
    return len(get(url))

if __name__ == "__main__":
    with mock.patch("__main__.get", return_value="abc"):
        with multiprocessing.Pool(1) as pool:
            print(pool.map(size, ["a"]))
"""

UNPATCHED = """\
Process Process-1:
Traceback (most recent call last):
  File "{LIB}/multiprocessing/process.py", line 314, in _bootstrap
    self.run()
  File "p.py", line 8, in size
    return len(get(url))
  File "p.py", line 5, in get
    raise OSError(url)
OSError: a
"""


def test_a_function_that_ran_in_the_child_is_what_the_parent_has_replaced() -> None:
    clue = ChangedGlobal(name="get", parent="MagicMock", child="<function get>")
    failed = trial("spawn", "error", stderr=UNPATCHED, clues=(MainModule(how="imported"), clue))
    found = global_differs.find(Case(failed, sources(CALLS), others=[trial("fork", "ok")]))
    assert found is not None
    assert "the parent's change to `get`" in found.title


LOST = """\
Exception in thread Thread-3 (_handle_results):
Traceback (most recent call last):
  File "{LIB}/multiprocessing/pool.py", line 579, in _handle_results
    task = get()
TypeError: Refused.__init__() missing 1 required positional argument: 'reason'
"""


def test_what_ended_a_thread_is_known_though_the_program_printed_it_elsewhere() -> None:
    """In a trial that ends well it is nobody's business."""
    clue = Raised(traceback=LOST)
    found = Case(trial("spawn", "hang", clues=(clue,)), sources(CALLS)).tracebacks
    assert [(each.exception.type, each.passing) for each in found] == [("TypeError", True)]
    printed = trial("spawn", "hang", clues=(clue,), stderr=LOST)
    assert len(Case(printed, sources(CALLS)).tracebacks) == 1
    assert not Case(trial("spawn", "ok", clues=(clue,)), sources(CALLS)).tracebacks


NO_MODULE = """\
Process child:
Traceback (most recent call last):
  File "<string>", line 1, in <module>
    from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=4, pipe_handle=6)
  File "{LIB}/multiprocessing/spawn.py", line 122, in spawn_main
    exitcode = _main(fd, parent_sentinel)
  File "{LIB}/multiprocessing/spawn.py", line 132, in _main
    self = reduction.pickle.load(from_parent)
ModuleNotFoundError: No module named 'plugins'
"""

PLUGINS = """\
import multiprocessing, sys, types

def test_job():
    sys.modules["plugins"] = made = types.ModuleType("plugins")
    exec("def job(): pass", vars(made))
    child = multiprocessing.Process(target=made.job)
    child.start()
    child.join()
    assert child.exitcode == 0
"""


def test_a_module_that_only_the_parent_has_is_named_though_its_childs_stderr_is_elsewhere() -> None:
    failed = trial(
        "spawn", "error", where="p.py:9", clues=(Raised(traceback=NO_MODULE),),
        exception=PythonException(type="AssertionError", message="assert 1 == 0"),
    )  # fmt: skip
    case = Case(failed, sources(PLUGINS), others=[trial("fork", "ok")])
    found = next(found for rule in ORDER["error"] if (found := rule(case)))
    assert (found.mechanism, found.where) == ("module_elsewhere", "p.py:4")
    assert "cannot import the module `plugins` of what they are to run" in found.title


@pytest.mark.parametrize("moved", [True, False])
def test_a_module_is_elsewhere_where_the_parent_was_seen_to_change_its_folder(
    *, moved: bool
) -> None:
    program = Program(
        kind="script", name="p.py", target="p.py", root="/gone",
        sources={"p.py": "import os\nos.chdir('/')\n", "plugins.py": ""},
    )  # fmt: skip
    clues = (Raised(traceback=NO_MODULE), *([Moved(where="p.py:7")] if moved else []))
    failed = trial(
        "spawn", "error", where="p.py:9", clues=clues,
        exception=PythonException(type="AssertionError", message="assert 1 == 0"),
    )  # fmt: skip
    case = Case(failed, Sources(program), others=[trial("fork", "ok")])
    found = next(found for rule in ORDER["error"] if (found := rule(case)))
    assert found.mechanism == "module_elsewhere"
    assert (found.where == "p.py:7") == moved


RESOLVED = """\
import multiprocessing
import settle

def rate(kind):
    return 7

def price(config, kind):
    return config.goods[kind]

if __name__ == "__main__":
    settle.Conf.register("vat", rate)
    config = settle.Conf.create({"book": "${vat:book}"})
    with multiprocessing.Pool(2) as pool:
        print(pool.starmap(price, [(config, "book")]))
"""

UNRESOLVED = """\
Process Process-1:
Traceback (most recent call last):
  File "{LIB}/multiprocessing/process.py", line 314, in _bootstrap
    self.run()
  File "p.py", line 8, in price
    return config.goods[kind]
  File "/venv/lib/python3.12/site-packages/settle/base.py", line 40, in resolve
    raise UnknownResolver(name)
settle.errors.UnknownResolver: vat
"""


def test_an_object_that_children_are_given_is_known_by_the_library_that_raises() -> None:
    clues = (MainModule(how="imported"),)
    failed = trial("spawn", "error", stderr=UNRESOLVED, clues=clues)
    case = Case(failed, sources(RESOLVED), others=[trial("fork", "ok")])
    found = library_state.find(case)
    assert found is not None
    assert found.where == "p.py:11"
    assert "the parent set up in settle by `settle.Conf.register()` at p.py:11" in found.title


MONEY = """\
import multiprocessing

import arrow_like as al

def kind(data):
    return al.open_stream(data)

def main():
    al.register_type(kind)
    with al.new_stream("sink", "schema") as writer:
        writer.write(1)
    with multiprocessing.Pool(1) as pool:
        print(pool.map(kind, ["sink"]))

if __name__ == "__main__":
    main()
"""


def test_what_is_set_up_for_good_goes_before_what_holds_for_a_block() -> None:
    calls = Calls(sources(MONEY))
    used = next(iter(calls.uses_in_children()))
    assert [each.told for each in calls.set_up(used)] == [
        "`al.register_type()`",
        "`al.new_stream()`",
    ]


STORED = """\
import multiprocessing

import store_like

def lines(path):
    with store_like.open(path) as file:
        return file.read()

def main():
    with store_like.open("memory://a", "w") as file:
        file.write("a")
    with multiprocessing.Pool(1) as pool:
        print(pool.map(lines, ["memory://a"]))

if __name__ == "__main__":
    main()
"""


def test_what_the_parent_writes_and_children_read_is_another_call_of_the_same_name() -> None:
    calls = Calls(sources(STORED))
    assert calls.in_first_alone("store_like") == []
    assert [each.where for each in calls.in_first_otherwise("store_like")] == ["p.py:10"]
