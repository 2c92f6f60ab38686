"""The injection, on every interpreter of this host: it forces, it sees, and it does not show."""

from __future__ import annotations

import errno
import os
import platform
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from packaging.version import Version

from startlab.agent import injection
from startlab.model import (
    ChangedGlobal,
    ChangedSetting,
    ExitCodeRead,
    LeftUnsent,
    NativeThreadsAtFork,
    PinnedMethod,
    SameRandom,
    SignalSent,
    ThreadAtFork,
    Unpicklable,
)

if TYPE_CHECKING:
    from startlab.backends.conversation import Conversation
    from startlab.model import Environment, Observation

pytestmark = pytest.mark.native

# Where nothing says how a process is to be started, every program below asks multiprocessing.
METHOD_OF_BOTH = """
    from __future__ import print_function
    import multiprocessing, sys

    def name():
        get = getattr(multiprocessing, "get_start_method", None)
        return get() if get else "fork"

    def child(): print("child", name()); sys.stdout.flush()

    if __name__ == "__main__":
        if hasattr(multiprocessing, "get_start_method"):
            assert multiprocessing.get_start_method(allow_none=True) is None
        print("parent", name(), *sys.argv[1:]); sys.stdout.flush()
        process = multiprocessing.Process(target=child)
        process.start()
        process.join()
        print("exit code", process.exitcode)
"""


def heard(interpreter: Environment) -> bool:
    """Tell whether the interpreter has audit events."""
    return Version(interpreter.python) >= Version("3.8")


def python2(interpreter: Environment) -> bool:
    return Version(interpreter.python) < Version("3")


def used(seen: Observation) -> list[tuple[str, str | None, int | None]]:
    """Give the method, caller and exit code of every start."""
    return [
        (start.method, start.where and Path(start.where).name, start.exit_code)
        for start in seen.starts
    ]


def unsigned(code: int, interpreter: Environment, method: str) -> int:
    """Give the exit code that a starter learns; the fork server of 3.6 knows no signals."""
    return 255 if method == "forkserver" and interpreter.python.startswith("3.6.") else code


KEEPS_ALIVE = """
    import gc, multiprocessing, threading, weakref

    gc.disable()  # what is in no cycle ends with its last name

    class Item(object):
        pass

    def work(item, queue):
        queue.put(type(item).__name__)

    def process():
        item = Item()
        queue = multiprocessing.Queue()
        process = multiprocessing.Process(target=work, args=(item, queue))
        process.start()
        queue.get()
        process.join()
        return item, process

    def pool():
        item = Item()
        pool = multiprocessing.Pool(1)
        pool.map(type, [item])
        pool.close()
        pool.join()
        return (item,)

    def manager():
        manager = multiprocessing.Manager()
        return manager, manager.Queue()

    def shared():
        return multiprocessing.Lock(), multiprocessing.Event()

    def thread():
        thread = threading.Thread(target=len, args=("",))
        thread.start()
        thread.join()
        return (thread,)

    def alive(made):
        refs = list(map(weakref.ref, made()))
        return [ref() for ref in refs if ref() is not None]

    if __name__ == "__main__":
        print([made.__name__ for made in (process, pool, manager, shared, thread) if alive(made)])
"""


def test_it_keeps_nothing_of_the_programs_alive(
    run: Any, interpreter: Environment, method: str
) -> None:
    """A manager, say, ends its server when it is gone: later than it should be is another run."""
    seen = run(KEEPS_ALIVE, python=interpreter.executable, method=method)
    assert seen.stdout.text() == "[]\n", seen.stderr.text()


# --- it forces ---------------------------------------------------------------------------------


def test_a_script(run: Any, interpreter: Environment, method: str) -> None:
    seen = run(METHOD_OF_BOTH, "an", "argument", python=interpreter.executable, method=method)
    assert seen.stderr.text() == ""
    assert seen.stdout.text() == (f"parent {method} an argument\nchild {method}\nexit code 0\n")
    assert seen.forced is (None if python2(interpreter) else True)
    assert used(seen) == [(method, "program.py:16", 0)]


@pytest.mark.parametrize("module", ["package.tool", "package"])
def test_a_module(
    agent: Conversation, write: Any, request_of: Any, interpreter: Environment, method: str,
    module: str,
) -> None:  # fmt: skip
    """A child imports `package.tool` again by its name; `package` is run from its `__main__`."""
    root = write("", "package/__init__.py").parents[1]
    write(METHOD_OF_BOTH, "package/tool.py")
    run_tool = "import runpy; runpy.run_module('package.tool', run_name='__main__', alter_sys=True)"
    write(run_tool, "package/__main__.py")
    seen = agent.run(
        request_of(
            interpreter.executable, "-m", module, method=method, env={"PYTHONPATH": str(root)}
        )
    )
    lines = seen.stdout.text().splitlines()
    assert lines[0] == f"parent {method}"
    assert used(seen)[0][0] == method
    if module == "package.tool":
        assert (lines[1:], seen.stderr.text()) == ([f"child {method}", "exit code 0"], "")


@pytest.mark.parametrize("own", ["tool.py", "mine/tool.py", "tools"])
def test_what_was_installed_from_the_project_is_its_own(
    agent: Conversation, write: Any, request_of: Any, interpreter: Environment, own: str
) -> None:
    """A start is told by the innermost line of the program's own, which a library's is not."""
    library = """
        import multiprocessing
        def start():
            child = multiprocessing.Process(target=len, args=("",))
            child.start()
            child.join()
    """
    path = write(library, "site-packages/tool.py").parent
    program = write("""
        import tool
        if __name__ == "__main__":
            tool.start()
    """)
    env = {"PYTHONPATH": str(path), "STARTLAB_OWN": own}
    method = None if python2(interpreter) else "spawn"
    seen = agent.run(request_of(interpreter.executable, str(program), method=method, env=env))
    where = next(iter(seen.starts)).where or ""
    assert Path(where).name == ("tool.py:5" if own != "tools" else "program.py:4")


@pytest.mark.parametrize("way", ["-c", "-"])
def test_a_command_and_stdin(
    agent: Conversation, request_of: Any, interpreter: Environment, method: str, way: str
) -> None:
    """There is no file that a child could import: its target must be in another module."""
    code = textwrap.dedent("""
        import multiprocessing, os
        if __name__ == "__main__":
            process = multiprocessing.Process(target=os.getpid)
            process.start()
            process.join()
    """)
    given = {"stdin": code.encode()} if way == "-" else {}
    argv = [interpreter.executable, way] + ([code] if way == "-c" else [])
    seen = agent.run(request_of(*argv, method=method, **given))
    assert [each[0] for each in used(seen)] == [method]
    assert seen.forced is (None if python2(interpreter) else True)
    if way == "-c":
        assert (seen.exit_status, seen.stderr.text(), used(seen)[0][2]) == (0, "", 0)
        assert used(seen)[0][1] == "<string>:5"


def test_nothing_is_forced_where_nothing_is_asked(run: Any, interpreter: Environment) -> None:
    seen = run(METHOD_OF_BOTH, python=interpreter.executable)
    assert seen.stdout.text().startswith(f"parent {interpreter.default_method}\n")
    assert seen.forced is None
    assert used(seen) == [(interpreter.default_method, "program.py:16", 0)]


def test_the_programs_own_choice_wins(run: Any, interpreter: Environment, method: str) -> None:
    if python2(interpreter):
        pytest.skip("there is no choice")
    seen = run(
        """
        import multiprocessing

        if __name__ == "__main__":
            multiprocessing.set_start_method("spawn")
            assert multiprocessing.get_start_method() == "spawn"
            try:
                multiprocessing.set_start_method("fork")
            except RuntimeError as error:
                print(error)
            process = multiprocessing.Process(target=print, args=("set",), kwargs={"flush": True})
            process.start()
            process.join()
            context = multiprocessing.get_context("forkserver")
            process = context.Process(target=print, args=("got",), kwargs={"flush": True})
            process.start()
            process.join()
            assert multiprocessing.get_context().get_start_method() == "spawn"
            assert multiprocessing.get_context("fork").get_start_method() == "fork"
        """,
        python=interpreter.executable,
        method=method,
    )
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    assert seen.stdout.text() == "context has already been set\nset\ngot\n"
    assert [each[0] for each in used(seen)] == ["spawn", "forkserver"]


def test_looking_for_the_module_first_does_not_lose_it(run: Any, interpreter: Environment) -> None:
    if python2(interpreter):
        pytest.skip("there is nothing to force")
    seen = run(
        """
        import importlib.util
        assert importlib.util.find_spec("multiprocessing.popen_fork")
        import multiprocessing
        if __name__ == "__main__":
            print(multiprocessing.get_start_method())
            multiprocessing.Process(target=print).start()
        """,
        python=interpreter.executable,
        method="spawn",
    )
    assert seen.stdout.text().startswith("spawn\n")
    assert [each[0] for each in used(seen)] == ["spawn"]


@pytest.mark.parametrize("option", ["-I", "-E", "-S"])
def test_an_interpreter_that_is_kept_from_it_is_known(
    agent: Conversation, write: Any, request_of: Any, interpreter: Environment, option: str
) -> None:
    if python2(interpreter) and option == "-I":
        pytest.skip("2.7 has no -I")
    path = str(write("import multiprocessing\nprint('ran')"))
    seen = agent.run(request_of(interpreter.executable, option, path, method="fork"))
    assert (seen.stdout.text(), seen.forced) == ("ran\n", False)


# --- it sees -----------------------------------------------------------------------------------


def test_ends_of_processes(run: Any, interpreter: Environment, method: str) -> None:
    seen = run(
        """
        import multiprocessing, os, sys, time

        def leave(code): sys.exit(code)
        def kill(number): os.kill(os.getpid(), number)
        def wait(): time.sleep(600)

        if __name__ == "__main__":
            for target, args in [(leave, (0,)), (leave, (3,)), (kill, (9,)), (wait, ())]:
                process = multiprocessing.Process(target=target, args=args)
                process.start()
                if target is wait:
                    process.terminate()
                process.join()
        """,
        python=interpreter.executable,
        method=method,
    )
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    codes = (0, 3, unsigned(-9, interpreter, method), unsigned(-15, interpreter, method))
    assert used(seen) == [(method, "program.py:11", code) for code in codes]
    children = [start.child for start in seen.starts]
    assert None not in children
    assert len(set(children)) == 4
    for start in seen.starts:
        assert start.exit_s is not None
        assert 0 < start.time_s <= start.exit_s < seen.duration_s + 0.1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_signal_that_the_program_sends_its_child(
    run: Any, interpreter: Environment, method: str
) -> None:
    seen = run(
        """
        import multiprocessing, os, signal, time

        if __name__ == "__main__":
            process = multiprocessing.Process(target=time.sleep, args=(600,))
            process.start()
            os.kill(process.pid, 0)
            os.kill(process.pid, signal.SIGILL)
            process.join()
        """,
        python=interpreter.executable,
        method=method,
    )
    sent = [clue for clue in seen.clues if isinstance(clue, SignalSent)]
    lines = [(clue.number, (clue.where or "").rpartition("/")[2]) for clue in sent]
    assert lines == ([(4, "program.py:8")] if heard(interpreter) else [])


def test_a_process_that_is_never_waited_for_has_no_end(run: Any, interpreter: Environment) -> None:
    seen = run(
        """
        import multiprocessing, os
        if __name__ == "__main__":
            multiprocessing.Process(target=os.getpid).start()
            os._exit(0)
        """,
        python=interpreter.executable,
        method="fork",
    )
    assert used(seen) == [("fork", "program.py:4", None)]


def test_the_copy_of_multiprocessing_that_pathos_has(run: Any) -> None:
    seen = run(
        """
        import glob, multiprocessing, os, sys

        if __name__ == "__main__":
            copy = os.path.abspath("site-packages/multiprocess")
            os.makedirs(copy)
            sys.path.append(os.path.dirname(copy))
            os.environ["PYTHONPATH"] += os.pathsep + os.path.dirname(copy)
            for path in glob.glob(os.path.dirname(multiprocessing.__file__) + "/*.py"):
                with open(path) as file:
                    text = file.read().replace("multiprocessing", "multiprocess")
                with open(os.path.join(copy, os.path.basename(path)), "w") as file:
                    file.write(text.replace("_multiprocess", "_multiprocessing"))
            import multiprocess
            process = multiprocess.Process(target=print, args=("child",), kwargs={"flush": True})
            process.start()
            process.join()
        """,
        method="spawn",
    )
    assert (seen.stdout.text(), seen.stderr.text()) == ("child\n", "")
    assert used(seen) == [("spawn", "program.py:16", 0)]


def test_a_pool(run: Any, interpreter: Environment, method: str) -> None:
    seen = run(
        """
        import multiprocessing
        if __name__ == "__main__":
            pool = multiprocessing.Pool(2)
            print(pool.map(abs, [-1, -2]))
            pool.close()
            pool.join()
        """,
        python=interpreter.executable,
        method=method,
    )
    assert (seen.stdout.text(), seen.stderr.text()) == ("[1, 2]\n", "")
    assert used(seen) == [(method, "program.py:4", 0)] * 2


def test_an_executor(run: Any, interpreter: Environment, method: str) -> None:
    if python2(interpreter):
        pytest.skip("2.7 has none")
    seen = run(
        """
        from concurrent.futures import ProcessPoolExecutor
        if __name__ == "__main__":
            with ProcessPoolExecutor(2) as executor:
                futures = [executor.submit(abs, -1) for _ in range(2)]
                print([each.result() for each in futures])
        """,
        python=interpreter.executable,
        method=method,
    )
    assert (seen.stdout.text(), seen.stderr.text()) == ("[1, 1]\n", "")
    assert 1 <= len(seen.starts) <= 2
    assert set(used(seen)) == {(method, "program.py:5", 0)}


def test_processes_of_processes_are_seen_too(
    run: Any, interpreter: Environment, method: str
) -> None:
    seen = run(
        """
        import multiprocessing, os

        def inner(): multiprocessing.Process(target=os.getpid).start()

        if __name__ == "__main__":
            process = multiprocessing.Process(target=inner)
            process.start()
            process.join()
        """,
        python=interpreter.executable,
        method=method,
    )
    outer, inner = seen.starts
    assert (outer.method, inner.method) == (method, method)
    assert inner.pid == outer.child
    assert (outer.exit_code, inner.exit_code) == (0, 0)


ABORT = """
    import multiprocessing, os, sys

    def die(): os.abort()

    if __name__ == "__main__":
        process = multiprocessing.Process(target=die)
        process.start()
        process.join()
        print(process.exitcode)
"""


def test_a_crash_of_a_child_leaves_its_stacks_and_no_word_on_stderr(
    run: Any, interpreter: Environment, method: str
) -> None:
    seen = run(ABORT, python=interpreter.executable, method=method)
    code = unsigned(-6, interpreter, method)
    assert (seen.exit_status, seen.stdout.text(), seen.stderr.text()) == (0, f"{code}\n", "")
    assert used(seen) == [(method, "program.py:8", code)]
    if python2(interpreter):
        assert seen.crashes == ()  # 2.7 has no faulthandler
        return
    (crash,) = seen.crashes
    assert crash.startswith("Fatal Python error: Aborted")
    assert 'program.py", line 4 in die' in crash


def test_the_programs_own_faulthandler_is_its_own(run: Any, interpreter: Environment) -> None:
    if python2(interpreter):
        pytest.skip("2.7 has none")
    seen = run(
        "import faulthandler, os; faulthandler.enable(); os.abort()", python=interpreter.executable
    )
    assert "Fatal Python error: Aborted" in seen.stderr.text()
    assert seen.crashes == ()


# --- it does not show ----------------------------------------------------------------------------


class Done(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def compare(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run a command with the injection and without, and give both outcomes."""

    def once(argv: list[str], path: list[str], **more: str) -> Done:
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path)} | more
        env["PYTHONDONTWRITEBYTECODE"] = "1"  # 2.7 tells by __file__ which run was the first
        done = subprocess.run(
            argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False
        )
        return Done(done.returncode, *(re.sub("0x[0-9a-f]+|(pid|parent)=[0-9]+", "", text)
                                       for text in (done.stdout, done.stderr)))  # fmt: skip

    def compare(*argv: str, path: str = "", method: str = "") -> tuple[Done, Done]:
        events = tmp_path / "events"
        for file in (events, tmp_path / "events.crashes"):
            file.write_bytes(b"")
        more = {"STARTLAB_EVENTS": str(events)}
        if method:
            more["STARTLAB_START_METHOD"] = method
        rest = [path] if path else []
        plain = once(list(argv), rest)
        injected = once(list(argv), [injection.INSTALLED, *rest], **more)
        assert events.read_bytes().startswith(b"interpreter")
        return plain, injected

    return compare


def test_no_frame_of_it_is_in_a_traceback(
    compare: Any, write: Any, interpreter: Environment
) -> None:
    """Neither in the parent's, nor in a child's, nor where a child cannot be started."""
    program = write("""
        import multiprocessing, sys

        def fail(): raise KeyError("in a child")

        class Unpicklable(object):
            def __reduce__(self): raise ValueError("not me")

        if __name__ == "__main__":
            context = multiprocessing
            if hasattr(multiprocessing, "get_context"):
                context = multiprocessing.get_context(sys.argv[1])
            process = context.Process(target=fail)
            process.start()
            process.join()
            if sys.argv[1] != "fork":
                context.Process(target=id, args=(Unpicklable(),)).start()
            1 / 0
    """)
    for method in interpreter.methods:
        plain, injected = compare(interpreter.executable, str(program), method)
        assert plain == injected
        assert "KeyError" in injected.err
        assert "sitecustomize" not in injected.err
        if method != "fork":
            assert "not me" in injected.err


def test_a_shadowed_module_fails_as_it_really_does(
    compare: Any, write: Any, interpreter: Environment
) -> None:
    """A module of the user's beside the script, with the name of one that multiprocessing needs."""
    for name in ("pickle", "socket", "threading"):
        write("mine = 1", f"{name}/{name}.py")
        program = write("import multiprocessing\nprint(1)", f"{name}/program.py")
        plain, injected = compare(interpreter.executable, str(program), method="fork")
        assert plain == injected
        assert "sitecustomize" not in injected.err
    program = write("import multiprocessing\nprint(1)", "pickle/program.py")
    if not python2(interpreter):
        assert "has no attribute 'Pickler'" in compare(interpreter.executable, str(program))[1].err


def test_another_sitecustomize_is_run_too(
    compare: Any, write: Any, interpreter: Environment
) -> None:
    folder = write("import sys; sys.other = __file__, __name__", "site/sitecustomize.py").parent
    program = write(
        "import sys; print(sys.other); import sitecustomize; print(sitecustomize.__file__)"
    )
    plain, injected = compare(interpreter.executable, str(program), path=str(folder), method="fork")
    assert plain == injected
    assert str(folder) in injected.out


@pytest.mark.parametrize("text", ["1 / 0", "import nowhere_to_be_found", "def syntax error"])
def test_another_sitecustomize_fails_as_without(
    compare: Any, write: Any, interpreter: Environment, text: str
) -> None:
    folder = write(text, "site/sitecustomize.py").parent
    program = write("import sys; print('sitecustomize' in sys.modules)")
    plain, injected = compare(interpreter.executable, str(program), path=str(folder))
    assert plain == injected


def test_a_module_that_another_sitecustomizes_folder_shadows_is_not_imported(
    compare: Any, write: Any, interpreter: Environment
) -> None:
    """Running the other sitecustomize imports nothing that it does not import itself."""
    folder = write("import sys; sys.other = 1", "site/sitecustomize.py").parent
    names = ["importlib.util", "importlib.abc", "typing", "pickle", "multiprocessing", "re"]
    program = write(f"import sys; print(sorted(n for n in sys.modules if n in {names}))")
    plain, injected = compare(interpreter.executable, str(program), path=str(folder), method="fork")
    assert plain == injected


def test_output_is_the_same_with_and_without(
    compare: Any, write: Any, interpreter: Environment
) -> None:
    program = write("""
        from __future__ import print_function
        import atexit, logging, os, sys, threading, warnings
        import multiprocessing

        class Noisy(object):
            def __del__(self): print("deleted", file=sys.stderr)

        def child(lock, queue):
            with lock: print("child", sys.argv, __name__); sys.stdout.flush()
            queue.put(threading.current_thread().name)

        if __name__ == "__main__":
            noisy = Noisy()
            atexit.register(print, "at exit")
            warnings.warn("careful")
            logging.warning("logged")
            multiprocessing.log_to_stderr().warning("of multiprocessing")
            print(__file__, sys.argv, sys.flags, sys.path[0], __doc__, sorted(globals()))
            lock, queue = multiprocessing.Lock(), multiprocessing.Queue()
            Process = multiprocessing.Process
            processes = [Process(target=child, args=(lock, queue)) for _ in range(2)]
            for process in processes: process.start()
            print(sorted(queue.get() for _ in processes))
            for process in processes: process.join(); print(process)
            sys.exit("the end")
    """)
    plain, injected = compare(interpreter.executable, str(program), "a", "b")
    assert plain == injected
    assert plain.status == 1


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_trial_that_is_over_stays_so(
    write: Any, tmp_path: Path, interpreter: Environment
) -> None:
    """Where the events file is gone, a late process makes no new one and does not complain."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": injection.INSTALLED,
           "STARTLAB_EVENTS": str(tmp_path / "gone" / "events"),
           "STARTLAB_START_METHOD": "fork"}  # fmt: skip
    done = subprocess.run(
        [interpreter.executable, str(write(METHOD_OF_BOTH))],
        env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "gone").exists()


# --- it looks inside ---------------------------------------------------------------------------


def test_it_says_why_a_child_cannot_be_given_something(
    run: Any, interpreter: Environment, method: str
) -> None:
    if python2(interpreter):
        pytest.skip("2.7 pickles nothing")
    seen = run(
        """
        import multiprocessing, threading

        class Session(object):
            def __init__(self):
                self.lock = threading.Lock()

        class Client(object):
            def __init__(self):
                self.sessions = {"a": [1, Session()]}

            @property
            def name(self): raise AssertionError("called by startlab")
            __repr__ = __len__ = __iter__ = lambda self: self.name

            def fetch(self): pass

        if __name__ == "__main__":
            client = Client()
            multiprocessing.Process(target=client.fetch).start()
        """,
        python=interpreter.executable,
        method=method,
    )
    told = [clue for clue in seen.clues if isinstance(clue, Unpicklable)]
    if method == "fork":
        assert (seen.exit_status, told) == (0, [])
        return
    assert "called by startlab" not in seen.stderr.text()
    assert "startlab" not in seen.stderr.text().replace(seen.work, "").replace("/startlab-", "")
    (clue,) = told
    assert clue.path == "Session.lock of Client.sessions via target=client.fetch"
    assert clue.type == "_thread.lock"
    assert clue.where is not None
    assert clue.where.endswith("program.py:20")


def test_the_line_that_gives_it_is_the_programs_before_a_librarys(run: Any) -> None:
    seen = run(
        """
        import multiprocessing, threading

        library = compile('''
        def start(context, *args):
            context.Process(target=print, args=args).start()
        ''', "/opt/site-packages/starter.py", "exec")

        if __name__ == "__main__":
            exec(library)
            start(multiprocessing.get_context("spawn"), threading.Lock())
        """
    )
    (clue,) = [clue for clue in seen.clues if isinstance(clue, Unpicklable)]
    assert clue.where is not None
    assert clue.where.endswith("program.py:11")


@pytest.mark.parametrize(
    ("given", "path", "kind"),
    [
        ("work", "target=work", "local function"),
        ("Task()", "target=Task", "local Task object"),
        ("print, args=(As314(), work)", "args[1]=work", "local function"),
        ("functools.partial(work, 1)", "partial.func via target=partial", "local function"),
        ("functools.partial(print, work)", "partial.args[0] via target=partial", "local function"),
    ],
)
def test_it_names_what_is_local(run: Any, given: str, path: str, kind: str) -> None:
    """Since 3.14 pickle says of a local object what its representation is."""
    seen = run(
        f"""
        import functools, multiprocessing, pickle

        class As314:
            def __reduce__(self):
                raise pickle.PicklingError(
                    "Can't pickle local object <function main.<locals>.work at 0x7f94>"
                )

        def main():
            def work(): pass
            class Task:
                def __call__(self): pass
            multiprocessing.Process(target={given}).start()

        if __name__ == "__main__":
            main()
        """,
        method="spawn",
    )
    told = [(each.path, each.type) for each in seen.clues if isinstance(each, Unpicklable)]
    assert told == [(path, kind)]


def test_it_compares_globals_without_calling_them(
    run: Any, interpreter: Environment, method: str
) -> None:
    if python2(interpreter):
        pytest.skip("2.7 only forks")
    seen = run(
        """
        import multiprocessing

        class Odd(object):
            def __init__(self): self.level = 1
            def __repr__(self): raise AssertionError("repr was called")
            def __eq__(self, other): raise AssertionError("eq was called")
            __hash__ = None

        ODD, SAME, UNUSED = Odd(), {"a": 1}, 1
        def work(): print(ODD.level, SAME)

        if __name__ == "__main__":
            ODD.level, UNUSED = 2, 2
            process = multiprocessing.Process(target=work)
            process.start()
            process.join()
        """,
        python=interpreter.executable,
        method=method,
    )
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    differing = [(c.name, c.parent, c.child) for c in seen.clues if isinstance(c, ChangedGlobal)]
    if method == "fork":
        assert differing == []
    else:
        assert differing == [("ODD", "Odd(level=2)", "Odd(level=1)")]


def test_it_compares_the_globals_of_a_module_that_a_task_brings(
    run: Any, write: Any, interpreter: Environment, method: str
) -> None:
    if python2(interpreter):
        pytest.skip("2.7 only forks")
    write(
        """
        RATES, SAME = {}, 1
        class Limits(object): most = 9
        def price(amount): return min(amount, Limits.most) * RATES['USD'] * SAME
        """,
        "tool.py",
    )
    seen = run(
        """
        import multiprocessing

        if __name__ == "__main__":
            import tool
            tool.RATES["USD"] = 2
            tool.Limits.most = 3
            with multiprocessing.Pool(1) as pool:
                print(pool.map(tool.price, [4]))
        """,
        python=interpreter.executable,
        method=method,
    )
    differing = {(c.name, c.parent, c.child) for c in seen.clues if isinstance(c, ChangedGlobal)}
    if method == "fork":
        assert (seen.stdout.text(), differing) == ("[6]\n", set())
    else:
        assert differing == {("tool.RATES", "{'USD': 2}", "{}"), ("tool.Limits.most", "3", "9")}


def test_a_module_that_stands_in_for_another_one_is_no_patch_of_it(run: Any) -> None:
    """Its class has methods of the program, as all that the program makes."""
    seen = run(
        """
        import multiprocessing, sys, types
        class Scanner(object):
            def scan(self): return 1
        Scanner.__module__ = "scanner"
        scanner = sys.modules["scanner"] = types.ModuleType("scanner")
        scanner.Scanner = Scanner
        def work(): return scanner.Scanner().scan()

        if __name__ == "__main__":
            Scanner.scan = lambda self: 2
            with multiprocessing.Pool(1) as pool:
                pool.apply(work)
        """,
        method="spawn",
    )
    assert seen.exit_status == 0
    assert not [clue for clue in seen.clues if isinstance(clue, ChangedSetting)]


def test_it_sees_what_the_main_module_makes_and_registers_again(
    run: Any, interpreter: Environment, method: str
) -> None:
    if python2(interpreter):
        pytest.skip("2.7 only forks")
    seen = run(
        """
        import atexit, multiprocessing
        DONE = multiprocessing.Event()
        atexit.register(len, "")
        def work(): DONE.set()

        if __name__ == "__main__":
            process = multiprocessing.Process(target=work)
            process.start()
            process.join()
            print(DONE.is_set())
        """,
        python=interpreter.executable,
        method=method,
    )
    assert "Traceback" not in seen.stderr.text()  # but there are leaked semaphores, as ever
    lines = {
        type(c).__name__: c.where.rpartition(":")[2]
        for c in seen.clues
        if getattr(c, "where", None)
    }
    if method == "fork":
        assert (seen.stdout.text(), lines) == ("True\n", {})
    else:
        assert seen.stdout.text() == "False\n"
        assert lines == {"MadeAgain": "3", "ExitHandler": "4"}


def test_it_sees_the_program_choose_a_method(run: Any, interpreter: Environment) -> None:
    if python2(interpreter):
        pytest.skip("2.7 has no choice")
    seen = run(
        """
        import multiprocessing
        if __name__ == "__main__":
            context = multiprocessing.get_context("fork")
            multiprocessing.set_start_method("spawn")
            process = context.Process(target=len, args=("",))
            process.start()
            process.join()
        """,
        python=interpreter.executable,
        method="forkserver",
    )
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    pinned = [(c.method, c.by, c.where.rpartition(":")[2]) for c in seen.clues
              if isinstance(c, PinnedMethod) and c.where]  # fmt: skip
    assert pinned == [("fork", "get_context", "4"), ("spawn", "set_start_method", "5")]


def test_a_context_can_still_be_sent_to_a_child(run: Any, interpreter: Environment) -> None:
    """Pool libraries keep one in what they give their workers."""
    if python2(interpreter):
        pytest.skip("2.7 has no contexts")
    seen = run(
        """
        import multiprocessing

        def tell(context):
            print(context.get_start_method())

        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            process = context.Process(target=tell, args=(context,))
            process.start()
            process.join()
        """,
        python=interpreter.executable,
        method="spawn",
    )
    assert (seen.exit_status, seen.stdout.text(), seen.stderr.text()) == (0, "spawn\n", "")


def test_it_compares_what_the_interpreter_and_libraries_are_set_to(
    run: Any, interpreter: Environment, method: str
) -> None:
    if python2(interpreter):
        pytest.skip("2.7 only forks")
    seen = run(
        """
        import builtins, csv, decimal, json, logging, multiprocessing, socket, sys, threading

        def work(): json.dumps(1)
        def changed(*args, **kwargs): raise AssertionError("was called")

        class Quiet:
            def __getattr__(self, name): return getattr(sys.__stdout__, name)

        if __name__ == "__main__":
            sys.setrecursionlimit(1234)
            sys.setswitchinterval(0.5)
            threading.stack_size(1 << 20)
            decimal.getcontext().prec = 7
            decimal.getcontext().traps[decimal.Inexact] = True
            socket.setdefaulttimeout(9)
            csv.field_size_limit(99)
            csv.register_dialect("dots", delimiter=".")
            logging.getLogger("noted").setLevel("INFO")
            logging.getLogger("json.tool").addHandler(logging.NullHandler())  # its library's
            logging.disable(logging.DEBUG)
            json.dumps = changed
            builtins.EXTRA = [1]
            sys.stdout = Quiet()
            process = multiprocessing.Process(target=work)
            if multiprocessing.get_start_method() == "fork": json.dumps = len
            process.start()
            process.join()
            assert threading.stack_size() == 1 << 20
        """,
        python=interpreter.executable,
        method=method,
    )
    told = {c.name: (c.parent, c.child) for c in seen.clues if isinstance(c, ChangedSetting)}
    if method == "fork":
        assert told == {}
        return
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    changed = told.pop("json.dumps")
    assert changed[0].startswith("changed at ")
    assert changed[0].endswith("program.py:5")
    assert changed[1] is None
    traps = "DivisionByZero InvalidOperation Overflow"
    assert told == {
        "sys.getrecursionlimit()": ("1234", "1000"),
        "sys.getswitchinterval()": ("0.5", "0.005"),
        "threading.stack_size()": ("1048576 bytes", "the system's default"),
        "decimal.getcontext().prec": ("7", "28"),
        "decimal.getcontext().traps": (
            "DivisionByZero Inexact InvalidOperation Overflow", traps,
        ),
        "socket.getdefaulttimeout()": ("9.0", "None"),
        "csv.field_size_limit()": ("99", "131072"),
        "csv.list_dialects()": ("dots", ""),
        "logging.getLogger('noted')": ("INFO", None),
        "logging.disable()": ("DEBUG", "NOTSET"),
        "builtins.EXTRA": ("[1]", None),
        "sys.stdout": ("a Quiet of the program's", "an io.TextIOWrapper"),
    }  # fmt: skip


def test_it_sees_generators_wherever_a_fork_copies_them(
    run: Any, interpreter: Environment, method: str
) -> None:
    """And only those that the children have drawn from."""
    if python2(interpreter):
        pytest.skip("2.7 only forks")
    seen = run(
        """
        import functools, multiprocessing, random

        class Own(random.Random):
            def getstate(self): raise AssertionError("was called")

        class Dice(object):
            shared = {"d6": [random.Random()]}
            def __init__(self): self.source = Own()

        @functools.lru_cache()
        def cached(): return random.Random()

        DICE, UNDRAWN, SYSTEM = Dice(), random.Random(), random.SystemRandom()
        draw = random.Random().random

        def work():
            Dice.shared["d6"][0].random(); DICE.source.random(); cached().random(); draw()
            SYSTEM.random(); UNDRAWN

        if __name__ == "__main__":
            cached()
            processes = [multiprocessing.Process(target=work) for _ in range(2)]
            for process in processes: process.start()
            for process in processes: process.join()
        """,
        python=interpreter.executable,
        method=method,
    )
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    copied = {(c.name, c.count) for c in seen.clues if isinstance(c, SameRandom)}
    every = ["Dice.shared['d6'][0]", "DICE.source", "cached()", "draw"]
    if interpreter.python.startswith("3.6."):
        every.remove("cached()")  # a cache of 3.6 does not show what is in it
    if method == "forkserver" and Version(interpreter.python) >= Version("3.14"):
        every.remove("cached()")  # the server has the main module, but not what is called below it
    elif method != "fork":
        every = []
    assert copied == {(name, 2) for name in every}


def test_it_sees_that_an_exit_code_is_read(run: Any, interpreter: Environment, method: str) -> None:
    seen = run(
        """
        import multiprocessing, sys

        def fail(): sys.exit(3)

        if __name__ == "__main__":
            for look in (True, False):
                process = multiprocessing.Process(target=fail)
                process.start()
                process.join()
                process.is_alive(), repr(process)
                if look:
                    for _ in range(3): process.exitcode
        """,
        python=interpreter.executable,
        method=method,
    )
    read = [(c.code, c.where.rpartition(":")[2], c.count)
            for c in seen.clues if isinstance(c, ExitCodeRead) and c.where]  # fmt: skip
    assert read == [(3, "13", 1)]


def test_a_line_of_generated_code_is_none_of_the_programs(
    run: Any, interpreter: Environment
) -> None:
    """A manager's proxies have methods that were made from a string."""
    if python2(interpreter):
        pytest.skip("2.7 tells no clues")
    seen = run(
        """
        import multiprocessing, threading

        def wait(queue): queue.get()

        if __name__ == "__main__":
            with multiprocessing.Manager() as manager:
                queue = manager.Queue()
                threads = [threading.Thread(target=wait, args=(queue,)),
                           threading.Thread(target=queue.get, name="made")]
                for thread in threads: thread.start()
                import sys, os
                def waiting():
                    names = [f.f_code.co_name for f in sys._current_frames().values()]
                    return names.count("_recv") == 2 or names.count("read") == 2
                while not waiting(): pass
                process = multiprocessing.Process(target=os.getpid)
                process.start()
                process.join()
                for _ in threads: queue.put(1)
                for thread in threads: thread.join()
        """,
        python=interpreter.executable,
        method="fork",
    )
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    lines = {c.where and c.where.rpartition("/")[2] for c in seen.clues
             if isinstance(c, ThreadAtFork)}  # fmt: skip
    assert lines == {None, "program.py:4"}


def test_a_thread_that_a_librarys_thread_starts_is_the_line_that_started_that_one(
    run: Any, interpreter: Environment
) -> None:
    """A server has a thread for each connection: the program has started the server's."""
    seen = run(
        """
        import multiprocessing, os, threading

        if __name__ == "__main__":
            go = threading.Event()
            inner = threading.Thread(target=go.wait, name="inner")
            outer = threading.Thread(target=inner.start)
            outer.start()
            outer.join()
            child = multiprocessing.Process(target=os.getpid)
            child.start()
            child.join()
            go.set()
        """,
        python=interpreter.executable,
        method="fork",
    )
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    (clue,) = (each for each in seen.clues if isinstance(each, ThreadAtFork))
    assert clue.name == "inner"
    assert (clue.started or "").endswith("program.py:8")


def test_a_thread_that_has_only_just_started_is_named(run: Any, interpreter: Environment) -> None:
    """start() returns when the thread has begun to register itself, not when it is done."""
    seen = run(
        """
        import multiprocessing, threading

        def wait(): pass

        class Held(type(threading.Event())):
            def set(self):
                super(Held, self).set()
                go.wait()

        if __name__ == "__main__":
            go = threading.Event()
            thread = threading.Thread(target=wait, name="early")
            attribute = "_Thread__started" if hasattr(thread, "_Thread__started") else "_started"
            setattr(thread, attribute, Held())
            thread.start()
            child = multiprocessing.Process(target=wait)
            child.start()
            child.join()
            go.set()
        """,
        python=interpreter.executable,
        method="fork",
    )
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    assert [each.name for each in seen.clues if isinstance(each, ThreadAtFork)] == ["early"]


def test_names_of_all_kinds_are_told_whole(run: Any, interpreter: Environment, method: str) -> None:
    """What parts fields and lines does not, within a name."""
    seen = run(
        r"""
        import multiprocessing, threading

        def wait(): go.wait()
        def work(): pass

        if __name__ == "__main__":
            go = threading.Event()
            name = "a\tb\nc\r\\t\xe9 at x.py:3"
            thread = threading.Thread(target=wait, name=name)
            thread.start()
            multiprocessing.Process(target=work, name=name).start()
            for child in multiprocessing.active_children(): child.join()
            go.set()
        """,
        python=interpreter.executable,
        method=method,
    )
    assert (seen.exit_status, seen.stderr.text(), seen.dropped_events) == (0, "", 0)
    ((used_method, where, code),) = used(seen)
    assert (used_method, where, code) == (method, "program.py:12", 0)
    told = {clue.name for clue in seen.clues if isinstance(clue, ThreadAtFork)}
    e = "\\xe9" if python2(interpreter) else "\xe9"  # there it is a byte
    assert told == ({f"a\tb\nc\r\\t{e} at x.py:3"} if method == "fork" else set())
    if not python2(interpreter):
        assert seen.starts[0].began_s is not None  # its name was found again


FAILED_FORK = """
import ctypes, os, resource

libc = ctypes.CDLL(None, use_errno=True)
ident = ctypes.c_ulong()
libc.pthread_create(ctypes.byref(ident), None, libc.pause, None)
if os.geteuid() == 0:  # a pid namespace whose first process is gone takes no other
    assert libc.unshare(0x20000000) == 0, ctypes.get_errno()
    os.waitpid(os.fork() or os._exit(0), 0)
else:
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
try:
    os.fork()
except OSError as error:
    print(error.errno)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for them on Linux alone")
def test_a_fork_that_fails_beside_native_threads_keeps_its_errno(run: Any) -> None:
    """Up to 3.11 it is read after the injection has looked for them."""
    seen = run(FAILED_FORK)
    assert seen.stdout.text() in (f"{errno.ENOMEM}\n", f"{errno.EAGAIN}\n"), seen.stderr.text()


NATIVE_THREADS = """
import ctypes, os, time, warnings

warnings.simplefilter("ignore")  # of a fork beside threads, since 3.12
libc = ctypes.CDLL(None)
waits = [ctypes.create_string_buffer(64) for _ in range(2)]
for each in waits:
    semaphore = ctypes.byref(each, 16)
    libc.sem_init(semaphore, 0, 0)
    libc.pthread_create(ctypes.byref(ctypes.c_ulong()), None, libc.sem_wait, semaphore)
for tid in os.listdir("/proc/self/task"):
    while int(tid) != os.getpid() and open("/proc/self/task/%s/syscall" % tid).read()[:1] in "r0-":
        time.sleep(0.01)

@ctypes.CFUNCTYPE(None)
def in_child():
    ctypes.memset(ctypes.byref(waits[0], 8), 1, 8)

libc.__register_atfork(None, None, in_child, None)
os.waitpid(os.fork() or os._exit(0), 0)
os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for them on Linux alone")
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it takes glibc's own name")
def test_a_thread_that_its_library_takes_care_of_at_a_fork_is_left_out(run: Any) -> None:
    """As jemalloc does: its handler makes anew, in the child, what its thread waited for."""
    seen = run(NATIVE_THREADS)
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    assert [c.number for c in seen.clues if isinstance(c, NativeThreadsAtFork)] == [1]


EXECUTOR_AT_FORK = """
import concurrent.futures, multiprocessing, queue, threading

def work():
    pass

class Exporter(threading.Thread):
    items = None

    def run(self):
        while self.items.get():
            pass

if __name__ == "__main__":
    exporter = Exporter(daemon=True)
    exporter.items = queue.Queue()
    exporter.start()
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        executor.submit(work).result()
        process = multiprocessing.get_context("fork").Process(target=exporter.items.put, args=(1,))
        process.start()
        process.join()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it takes fork")
def test_what_a_pool_of_threads_puts_into_its_own_queue_is_no_loss(run: Any) -> None:
    """At a child's end it puts there what ends its threads; another queue's items are lost."""
    seen = run(EXECUTOR_AT_FORK)
    assert (seen.exit_status, seen.stderr.text()) == (0, "")
    lost = [(each.type, each.number) for each in seen.clues if isinstance(each, LeftUnsent)]
    assert lost == [("Exporter", 1)]
