"""Causes that are shown by experiment: what is tried, what is confirmed, and at which line.

The programs are run natively, on the oldest Python that tells enough, and on a newer one. Most are
`wide`: others show what is like them.
"""

from __future__ import annotations

import ctypes.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import startlab
from startlab.backends import interpreters
from startlab.diagnosis import diagnose
from startlab.engine import lab
from startlab.engine.experiments import budget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from startlab.model import Finding, Method, Run
    from tests.conftest import Write

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="the programs hang, which is proven there"),
]


class Seen(NamedTuple):
    run: Run
    first: Finding

    def kinds(self) -> set[str]:
        """Name the kinds of aspect that were confirmed."""
        made = [each for each in self.run.experiments if each.confirmed]
        return {each.aspects[0].kind for each in made}


def explained(
    program: Path,
    tmp_path: Path,
    *methods: str,
    stdin: Path | None = None,
    pythons: Sequence[str] = ("host-3.12", "host-3.11"),
) -> Seen:
    """Run a program, or `-m package` in its folder, and find the cause of what is wrong."""
    there = {each.name for each in interpreters.find()}
    name = next((each for each in pythons if each in there), None)
    if name is None:
        pytest.skip(f"there is none of {pythons}")
    here = Path.cwd()
    os.chdir(program.parent)
    try:
        run = startlab.run(
            program.name.split(),
            environments=[name],
            methods=methods or ("fork", "spawn"),  # type: ignore[arg-type]
            backend="native",
            explain="full",
            stdin=stdin,
            folder=tmp_path / "run",
        )
    finally:
        os.chdir(here)
    findings = diagnose(run).findings
    assert findings
    return Seen(run, findings[0])


def test_a_value_set_by_another_module_is_shown_with_the_call(write: Write, tmp_path: Path) -> None:
    write(
        """
        class Settings:
            current = None

            def __init__(self, unit):
                self.unit = unit

        def configure(unit):
            Settings.current = Settings(unit)

        def unit():
            return Settings.current.unit if Settings.current else "metre"
        """,
        "settings.py",
    )
    program = write("""\
        from multiprocessing import Pool
        import settings

        def convert(value):
            return "%d %s" % (value, settings.unit())

        def main():
            settings.configure("foot")
            with Pool(1) as pool:
                print(pool.map(convert, [1, 2]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:8"
    assert "3 of 3 trials; without, in 0 of" in seen.first.text


def test_what_only_moves_a_failure_into_the_child_cures_nothing(
    write: Write, tmp_path: Path
) -> None:
    """An object with a lock could be sent by its name, which no child has."""
    program = write("""\
        import multiprocessing
        import threading

        class Crawler:
            def __init__(self):
                self.lock = threading.Lock()

            def crawl(self):
                pass

        if __name__ == "__main__":
            crawler = Crawler()
            process = multiprocessing.Process(target=crawler.crawl)
            process.start()
            process.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("unpicklable", "shown")
    assert seen.first.where == "program.py:14"
    assert not seen.kinds()


@pytest.fixture
def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Run]:
    """Run a program on two Pythons with defaults as of 3.13 and 3.14: fork and forkserver."""
    older, newer = "host-3.11", "host-3.12"
    if not {older, newer} <= {each.name for each in interpreters.find()}:
        pytest.skip("needs Python 3.11 and 3.12 here")
    defaults: dict[str, Method] = {older: "fork", newer: "forkserver"}
    monkeypatch.setattr(lab, "by_name", lambda _, environment: (defaults[environment.name],))

    def run(program: Path) -> Run:
        monkeypatch.chdir(program.parent)
        return startlab.run(
            program.name, environments=[older, newer], methods=["default"], backend="native",
            explain="full", folder=tmp_path / "run",
        )  # fmt: skip

    return run


def test_what_works_by_the_default_of_an_older_python_is_what_a_newer_one_is_measured_by(
    write: Write, migrated: Callable[[Path], Run]
) -> None:
    program = write("""\
        from multiprocessing import Pool

        rates = {}

        def convert(value):
            return value * rates["USD"]

        if __name__ == "__main__":
            rates["USD"] = 2
            with Pool(1) as pool:
                print(pool.map(convert, [1]))
        """)
    (finding,) = diagnose(migrated(program)).findings
    assert (finding.mechanism, finding.grade) == ("global_differs", "confirmed")
    assert finding.where == "program.py:9"
    assert "forkserver does what fork does on host-3.11 in 3 of 3 trials" in finding.text


@pytest.mark.wide
def test_what_multiprocessing_shares_is_not_to_be_made_again_in_forked_children(
    write: Write, migrated: Callable[[Path], Run]
) -> None:
    """They would print what the fork server's children do, which is wrong."""
    program = write("""\
        from multiprocessing import Pool, Value

        progress = Value("i", 0)

        def download(part):
            with progress.get_lock():
                progress.value += part

        if __name__ == "__main__":
            with Pool(1) as pool:
                pool.map(download, [1, 2])
            print(progress.value)
        """)
    (finding,) = diagnose(migrated(program)).findings
    assert (finding.mechanism, finding.where) == ("shared_made_again", "program.py:3")


ENDED_BEFORE_IT_WRITES = """\
    import sys
    import time
    from multiprocessing import Event, Process

    def work(ready, flush):
        print("checked", flush=flush)
        ready.set()
        time.sleep(600)

    if __name__ == "__main__":
        ready = Event()
        with open(sys.argv[1], "ab") as turns:
            turns.write(b".")
            flush = turns.tell() % 2 == 0
        child = Process(target=work, args=(ready, flush))
        child.start()
        ready.wait()
        child.terminate()
        child.join()
"""


@pytest.mark.wide
@pytest.mark.parametrize("expected", [True, False])
def test_what_a_child_printed_before_it_is_ended_is_shown_to_be_lost(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, expected: bool
) -> None:
    """Where it is to be printed, and where it is in every second trial."""
    program = write(ENDED_BEFORE_IT_WRITES)
    turns = "/dev/null" if expected else str(tmp_path / "turns")
    if expected:
        program.write_text(program.read_text().replace("turns.tell() % 2 == 0", "False"))
    (tmp_path / "right").write_text("checked\n")
    monkeypatch.chdir(program.parent)
    run = startlab.run(
        [program.name, turns], methods=["fork"], backend="native", environments=["host-3.11"],
        trials=2, jobs=1, explain="full", folder=tmp_path / "run",
        expect_stdout=tmp_path / "right" if expected else None,
    )  # fmt: skip
    (finding,) = diagnose(run).findings
    assert (finding.mechanism, finding.grade) == ("output_lost", "confirmed")
    assert finding.where == "program.py:18"


def test_a_module_that_children_cannot_find_is_shown_with_the_path_put_back(
    write: Write, tmp_path: Path
) -> None:
    write("def double(x):\n    return 2 * x\n", "plugins/doubler.py")
    program = write("""\
        import sys
        from multiprocessing import Pool

        if __name__ == "__main__":
            sys.path.insert(0, "plugins")
            import doubler
            sys.path.remove("plugins")
            with Pool(1) as pool:
                print(pool.map(doubler.double, [1, 2]))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("module_elsewhere", "confirmed")
    assert seen.first.where == "program.py:7"


def test_what_is_registered_in_the_parent_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import codecs
        from multiprocessing import Process

        def question(error):
            return "?", error.end

        def read():
            print(b"caf\\xc3".decode("ascii", "question"))

        if __name__ == "__main__":
            codecs.register_error("question", question)
            child = Process(target=read)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:11"
    assert "codecs and error handlers" in seen.first.title


@pytest.mark.wide
def test_a_sentinel_that_is_compared_by_identity_is_shown_where_it_is(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Process, Queue

        class Mark:
            pass

        END = Mark()

        def work(queue):
            while True:
                item = queue.get()
                if item is END:
                    return

        if __name__ == "__main__":
            queue = Queue()
            child = Process(target=work, args=(queue,))
            child.start()
            queue.put(1)
            queue.put(END)
            child.join()
            print("done")
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"identity"}
    assert (seen.first.mechanism, seen.first.grade) == ("end_mark_copied", "confirmed")
    assert seen.first.where == "program.py:11"


def test_unwritten_text_that_a_fork_copies_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        from multiprocessing import Process

        class Log:
            def __init__(self):
                self.file = open("log.txt", "w")

        def work(log):
            log.file.write("child\\n")
            log.file.close()

        def main():
            log = Log()
            log.file.write("begin\\n")
            child = Process(target=work, args=(log,))
            child.start()
            child.join()
            log.file.close()
            print(open("log.txt").read().count("begin"))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    if seen.run.trials[0].outcome == "differs":
        assert seen.first.mechanism == "buffer_copied"
    assert seen.first.grade in ("confirmed", "shown")


@pytest.mark.wide
def test_a_socket_that_a_fork_copies_is_shown_at_the_fork(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import socket
        import threading
        from multiprocessing import Event, Process

        def keep(done):
            done.wait()

        def read(client, got):
            while True:
                data = client.recv(100)
                if not data:
                    break
                got.append(data)

        def main():
            done = Event()
            server, client = socket.socketpair()
            got = []
            reader = threading.Thread(target=read, args=(client, got))
            reader.start()
            helper = Process(target=keep, args=(done,))
            helper.start()
            server.sendall(b"bye")
            server.close()
            reader.join()
            print(got)
            done.set()
            helper.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"descriptors"}
    assert (seen.first.mechanism, seen.first.grade) == ("pipe_end_inherited", "confirmed")
    assert seen.first.where == "program.py:22"
    assert "inherit a socket" in seen.first.title


@pytest.mark.wide
def test_a_setting_is_shown_where_it_is_set_and_not_where_it_is_put_back(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from contextvars import ContextVar
        from multiprocessing import Process

        unit = ContextVar("unit", default=None)

        def work():
            print(unit.get().upper())

        def main():
            token = unit.set("metre")
            child = Process(target=work)
            child.start()
            child.join()
            unit.reset(token)
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"registry"}
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:10"
    assert "`unit`" in seen.first.title


@pytest.mark.wide
def test_a_statement_that_the_children_need_does_not_hide_the_cause(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import logging
        import sys
        from multiprocessing import Process

        logger = logging.getLogger("work")

        def work():
            logger.info("at work")

        def main():
            logging.basicConfig(stream=sys.stdout, level=logging.INFO)
            child = Process(target=work)
            child.start()
            child.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"registry"}
    assert seen.first.grade == "confirmed"
    assert seen.first.where == "program.py:11"


def test_an_exception_that_cannot_be_made_again_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        from multiprocessing import Pool

        class Refused(Exception):
            def __init__(self, name, why):
                super().__init__(name + ": " + why)
                self.why = why

        def check(name):
            raise Refused(name, "too long")

        def main():
            with Pool(1) as pool:
                try:
                    pool.map(check, ["a"])
                except Refused as error:
                    print(error, error.why)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"exceptions"}
    assert (seen.first.mechanism, seen.first.grade) == ("unreadable_result", "confirmed")


@pytest.mark.wide
def test_a_seed_that_children_do_not_have_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import random
        from multiprocessing import Pool

        def draw(_):
            return random.randrange(10 ** 9)

        if __name__ == "__main__":
            random.seed(7)
            with Pool(2) as pool:
                print(sorted(pool.map(draw, range(4), chunksize=2)))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:8"
    assert "print the same" in seen.first.text


@pytest.mark.wide
def test_output_that_a_mock_keeps_from_varying_is_shown_where_the_mock_is_made(
    write: Write, tmp_path: Path
) -> None:
    """Spawn's children print another time in each trial, fork's the one that the mock gives."""
    program = write("""\
        import time
        from multiprocessing import Pool
        from unittest import mock

        class Clock:
            def now(self):
                return time.time()

        def stamp(name):
            return "%s@%r" % (name, Clock().now())

        if __name__ == "__main__":
            with mock.patch.object(Clock, "now", return_value=1000.0):
                with Pool(1) as pool:
                    print(pool.map(stamp, ["a"]))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.where, seen.first.grade) == ("program.py:13", "confirmed")


def test_random_output_without_a_seed_is_not_blamed(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import random
        from multiprocessing import Pool

        def draw(_):
            return random.randrange(10 ** 9)

        if __name__ == "__main__":
            with Pool(1) as pool:
                print(pool.map(draw, range(3)))
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == set()
    assert (seen.first.mechanism, seen.first.grade) == ("unstable_output", "unknown")


@pytest.mark.wide
def test_what_fails_alike_everywhere_is_no_start_methods_fault(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Pool

        RATES = {"EUR": 1.0}

        def rate(name):
            return RATES[name]

        if __name__ == "__main__":
            RATES.update(USD=1.1)
            with Pool(1) as pool:
                print(pool.map(rate, ["EUR", "JPY"]))
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == set()
    assert seen.first.mechanism == "exception"
    assert seen.first.where == "program.py:6"
    assert "JPY" in seen.first.title


def test_a_healthy_program_is_not_experimented_with(write: Write, tmp_path: Path) -> None:
    program = write("""\
        from multiprocessing import Pool

        def square(x):
            return x * x

        if __name__ == "__main__":
            with Pool(1) as pool:
                print(pool.map(square, range(3)))
        """)
    here = Path.cwd()
    os.chdir(program.parent)
    try:
        run = startlab.run(program.name, backend="native", explain="full", folder=tmp_path / "run")
    finally:
        os.chdir(here)
    assert run.experiments == ()
    assert diagnose(run).findings == ()


@pytest.mark.wide
def test_a_module_that_only_the_parent_imports_is_shown_where_it_does(
    write: Write, tmp_path: Path
) -> None:
    write("known = {}\n", "units.py")
    write("import units\nunits.known['foot'] = 12\n", "imperial.py")
    program = write("""\
        from multiprocessing import Pool
        import units

        def inches(name):
            return units.known.get(name, 1)

        if __name__ == "__main__":
            __import__("imperial")
            with Pool(1) as pool:
                print(pool.map(inches, ["foot", "inch"]))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("imported_by_parent", "confirmed")
    assert seen.first.where == "program.py:8"
    assert "`imperial`" in seen.first.title


@pytest.mark.wide
def test_a_class_made_as_the_parent_runs_is_shown_where_it_is_made(
    write: Write, tmp_path: Path
) -> None:
    write("class Model:\n    scale = 1\n", "models.py")
    program = write("""\
        from multiprocessing import Pool
        import models

        def scale(model):
            return model.scale

        def make(name, scale):
            made = type(name, (models.Model,), {"scale": scale, "__module__": "models"})
            setattr(models, name, made)
            return made

        if __name__ == "__main__":
            large = make("Large", 9)()
            with Pool(1) as pool:
                print(pool.apply_async(scale, [large]).get(2))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("made_at_run_time", "confirmed")
    assert seen.first.where == "program.py:9"


@pytest.mark.wide
def test_objects_known_by_their_id_are_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        from multiprocessing import Process

        class Part:
            pass

        def find(parts, places):
            print([places[id(each)] for each in parts])

        if __name__ == "__main__":
            parts = [Part(), Part()]
            places = {id(each): place for place, each in enumerate(parts)}
            child = Process(target=find, args=(parts, places))
            child.start()
            child.join()
            raise SystemExit(child.exitcode)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("keyed_by_id", "confirmed")
    assert seen.first.where == "program.py:11"


@pytest.mark.wide
def test_the_fork_server_taken_for_the_parent_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import os
        from multiprocessing import Process

        def work(owner):
            if os.getppid() == owner:
                print("working")

        if __name__ == "__main__":
            child = Process(target=work, args=(os.getpid(),))
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path, "fork", "spawn", "forkserver")
    assert (seen.first.mechanism, seen.first.grade) == ("parent_is_fork_server", "confirmed")
    assert seen.first.where == "program.py:5"
    assert {each.cell.method for each in seen.first.cells} == {"forkserver"}


@pytest.mark.wide
def test_a_way_to_pickle_that_only_the_parent_has_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import copyreg
        import types
        from multiprocessing import Pool

        def again(fields):
            return types.MappingProxyType(fields)

        def reduce(view):
            return again, (dict(view),)

        def view(number):
            return types.MappingProxyType({"number": number})

        if __name__ == "__main__":
            copyreg.pickle(types.MappingProxyType, reduce)
            with Pool(1) as pool:
                print(pool.map(view, [1]))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:15"
    assert "Tried: fixes spawn on 3.1" in seen.first.advice


@pytest.mark.wide
def test_a_pool_that_is_left_before_its_tasks_are_done_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Event, Pool

        go = Event()

        def work(number):
            go.wait(0.5)
            return number

        if __name__ == "__main__":
            with Pool(1) as pool:
                results = [pool.apply_async(work, (each,)) for each in range(3)]
            print([each.get() for each in results])
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("pool_ended_early", "confirmed")
    assert seen.first.where == "program.py:10"


@pytest.mark.wide
def test_a_queue_taken_for_empty_too_early_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        from multiprocessing import Process, Queue

        def work(tasks, results):
            while not tasks.empty():
                results.put(tasks.get())

        if __name__ == "__main__":
            tasks, results = Queue(), Queue()
            child = Process(target=work, args=(tasks, results))
            child.start()
            child.join(0.5)  # what is worked on is found meanwhile
            tasks.put(1)
            print(results.get())
            child.join()
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("empty_too_early", "confirmed")
    assert seen.first.where == "program.py:4"


def test_shared_memory_that_is_unlinked_too_early_is_shown_under_fork_too(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Process, shared_memory

        def read(name, ready):
            ready.wait()
            block = shared_memory.SharedMemory(name=name)
            print(bytes(block.buf[:2]))
            block.close()

        if __name__ == "__main__":
            from multiprocessing import Event
            block = shared_memory.SharedMemory(create=True, size=10)
            ready = Event()
            child = Process(target=read, args=(block.name, ready))
            child.start()
            block.unlink()
            ready.set()
            child.join()
            raise SystemExit(child.exitcode)
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("removed_before_start", "confirmed")
    assert seen.first.where == "program.py:15"


def test_shared_memory_that_another_program_removes_at_its_end_is_shown_where_it_opens_it(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        import sys
        from multiprocessing.shared_memory import SharedMemory

        block = SharedMemory(name=sys.argv[1])
        block.close()
        """,
        "helper.py",
    )
    program = write("""\
        import subprocess
        import sys
        from multiprocessing.shared_memory import SharedMemory

        if __name__ == "__main__":
            block = SharedMemory(create=True, size=8)
            helper = [sys.executable, "helper.py", block.name]
            subprocess.run(helper, stderr=subprocess.PIPE)  # until its tracker has closed that
            SharedMemory(name=block.name).close()
            block.unlink()
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("tracked_apart", "confirmed")
    assert seen.first.where == "helper.py:4"


def test_what_was_ok_once_and_fails_when_it_is_run_again_is_not_advised(
    write: Write, tmp_path: Path
) -> None:
    """The first trial under fork is ok; all others of both cells find that it was there."""
    left = tmp_path / "left"
    program = write(f"""\
        import multiprocessing

        if __name__ == "__main__":
            multiprocessing.Process(target=print, args=("begun",)).start()
            if multiprocessing.get_start_method() == "fork":
                open({str(left)!r}, "x").close()
            else:
                raise RuntimeError("not forked")
        """)
    seen = explained(program, tmp_path, "fork", "forkserver", "spawn")  # two compare with fork
    forked = {t.trial: t.outcome for t in seen.run.trials if t.method == "fork"}
    assert sorted(forked.values()) == ["error", "ok"]
    assert sum(trial.method == "fork" for trial in seen.run.trials) == 2
    assert not any("Set fork" in each.advice for each in diagnose(seen.run).findings)


def test_what_was_seen_not_to_be_pickled_stays_so_where_its_name_would_do(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Pool

        class Finder:
            def find(self, text):
                return len(text)

        if __name__ == "__main__":
            finder = Finder()
            finder.report = lambda found: None
            with Pool(1) as pool:
                print(list(pool.imap(finder.find, ["a", "bc"])))
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.where) == ("unpicklable", "program.py:11")
    assert "Finder.report" in seen.first.title


def test_what_run_keeps_on_itself_is_shown_where_it_does(write: Write, tmp_path: Path) -> None:
    program = write("""\
        from multiprocessing import Process

        class Counter(Process):
            total = None

            def __init__(self):
                super().__init__()
                self.seen = []

            def run(self):
                self.seen.append(3)

        if __name__ == "__main__":
            counter = Counter()
            counter.start()
            counter.join()
            print(max(counter.seen))
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("kept_by_child", "confirmed")
    assert seen.first.where == "program.py:11"


@pytest.mark.wide
def test_what_a_pools_workers_keep_in_a_global_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        from multiprocessing import Pool

        found = []

        def look(number):
            found.append(number)

        if __name__ == "__main__":
            with Pool(2) as pool:
                pool.map(look, [1, 2])
            print(max(found))
        """)
    seen = explained(program, tmp_path, "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("kept_by_child", "confirmed")
    assert seen.first.where == "program.py:6"


@pytest.mark.wide
def test_what_a_pools_workers_keep_in_a_class_is_shown_beside_wrapped_functions(
    write: Write, tmp_path: Path
) -> None:
    """What dataclass() makes is wrapped, and knows other globals than its module's."""
    program = write("""\
        from dataclasses import dataclass
        from multiprocessing import Pool

        class Totals:
            done = 0

        @dataclass
        class Order:
            goods: str

        def take(goods):
            Totals.done += 1
            return Order(goods)

        if __name__ == "__main__":
            with Pool(1) as pool:
                print(pool.map(take, ["tea", "milk"]))
            raise SystemExit(Totals.done != 2)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("kept_by_child", "confirmed")
    assert seen.first.where == "program.py:12"
    assert "`Totals.done`" in seen.first.title


def test_a_listening_socket_that_each_child_makes_for_itself_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import socket
        from multiprocessing import Process

        LISTENER = socket.create_server(("127.0.0.1", 0))
        LISTENER.settimeout(3)

        def serve():
            connection, _ = LISTENER.accept()
            connection.sendall(b"hello")
            connection.close()

        if __name__ == "__main__":
            child = Process(target=serve)
            child.start()
            with socket.create_connection(LISTENER.getsockname()) as connection:
                connection.settimeout(1)
                print(connection.recv(10))
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("made_in_each_child", "confirmed")
    assert seen.first.where == "program.py:4"


def test_what_only_forks_share_is_told_for_either_meaning(write: Write, tmp_path: Path) -> None:
    """It cannot be pickled: a fork that makes it again does as the others do."""
    program = write("""\
        import mmap
        from multiprocessing import Process

        COUNTS = mmap.mmap(-1, 4)

        def work():
            COUNTS[0] += 1

        if __name__ == "__main__":
            child = Process(target=work)
            child.start()
            child.join()
            print(COUNTS[0])
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("made_in_each_child", "confirmed")
    assert seen.first.where == "program.py:4"
    assert "a forked child has its parent's, any other child makes its own" in seen.first.title


def test_a_module_that_is_handed_over_is_not_cured_by_its_name(
    write: Write, tmp_path: Path
) -> None:
    write("def check(text):\n    return len(text)\n", "checks/tabs.py")
    program = write("""\
        import checks.tabs
        from multiprocessing import Process

        class Check:
            def __init__(self, module):
                self.module = module

            def run(self):
                print(self.module.check("text"))

        if __name__ == "__main__":
            child = Process(target=Check(checks.tabs).run)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("unpicklable", "shown")
    assert seen.first.where == "program.py:13"


def test_a_umask_that_the_fork_server_does_not_have_is_shown_where_it_is_set(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        from multiprocessing import Process

        def work(path):
            os.mkdir(path)

        def run(path):
            child = Process(target=work, args=(path,))
            child.start()
            child.join()
            return oct(os.stat(path).st_mode)

        if __name__ == "__main__":
            os.umask(0o022)
            run("first")
            os.umask(0o077)
            print(run("second"))
        """)
    seen = explained(program, tmp_path, "spawn", "forkserver")
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:16"
    assert "fork server is started with the first child" in seen.first.text


def test_a_name_that_each_start_method_gives_otherwise_is_shown_where_it_is_read(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import multiprocessing

        def number(_):
            name = multiprocessing.current_process().name
            return int(name.replace("ForkPoolWorker-", ""))

        if __name__ == "__main__":
            with multiprocessing.Pool(1) as pool:
                print(pool.map(number, "ab"))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("process_name", "confirmed")
    assert seen.first.where == "program.py:4"


def test_an_epoll_that_a_child_shares_is_shown_where_it_changes_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import selectors
        import socket
        from multiprocessing import Process

        selector = selectors.DefaultSelector()
        ours, theirs = socket.socketpair()

        def work():
            if ours in selector.get_map():
                selector.unregister(ours)

        if __name__ == "__main__":
            selector.register(ours, selectors.EVENT_READ)
            child = Process(target=work)
            child.start()
            child.join()
            theirs.send(b"x")
            print("events", len(selector.select(1)))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("epoll_shared", "confirmed")
    assert seen.first.where == "program.py:10"


@pytest.mark.parametrize("python", ["host-3.12", "host-3.13"])
def test_what_a_library_keeps_for_the_thread_that_forks_is_named(
    write: Write, tmp_path: Path, python: str
) -> None:
    write(
        """\
        import threading

        class _Run(threading.local):
            def __init__(self):
                self.running = False

        RUN = _Run()

        def run(function):
            if RUN.running:
                raise RuntimeError("run() within run()")
            RUN.running = True
            try:
                return function()
            finally:
                RUN.running = False
        """,
        "my-packages/reactor.py",
    )
    program = write("""\
        import sys
        import threading
        from multiprocessing import Process

        sys.path.append("my-packages")

        import reactor

        SEEN = threading.local()

        def fetch():
            print("fetched")

        def work():
            reactor.run(fetch)

        def main():
            SEEN.here = True
            child = Process(target=work)
            child.start()
            child.join()
            if child.exitcode:
                raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            reactor.run(main)
        """)
    seen = explained(program, tmp_path, pythons=[python])
    assert (seen.first.mechanism, seen.first.grade) == ("thread_copied", "confirmed")
    assert "`reactor.RUN`" in seen.first.title


@pytest.mark.wide
def test_what_a_child_does_to_a_librarys_object_is_shown(write: Write, tmp_path: Path) -> None:
    write(
        """\
        class Study:
            def __init__(self):
                self.trials = {"all": []}

            def optimize(self, function):
                self.trials["all"].append(function(3))

            def best(self):
                return min(self.trials["all"])
        """,
        "my-packages/tuning.py",
    )
    program = write("""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import tuning

        def square(x):
            return x * x

        def tune(study):
            study.optimize(square)

        if __name__ == "__main__":
            study = tuning.Study()
            child = Process(target=tune, args=(study,))
            child.start()
            child.join()
            print(study.best())
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("kept_by_child", "confirmed")
    assert "`study`" in seen.first.title
    assert seen.first.where == "program.py:12"


@pytest.mark.wide
def test_what_a_target_changes_that_it_is_a_method_of_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Process

        if __name__ == "__main__":
            found = []
            child = Process(target=found.append, args=(1,))
            child.start()
            child.join()
            print(found[0])
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("kept_by_child", "confirmed")


@pytest.mark.wide
def test_a_child_that_an_executors_thread_forks_is_shown_where_it_is_started(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from concurrent.futures import ThreadPoolExecutor
        from multiprocessing import Process

        def work():
            print("done")

        def run():
            child = Process(target=work)
            child.start()
            child.join()
            return child.exitcode

        if __name__ == "__main__":
            with ThreadPoolExecutor(1) as executor:
                raise SystemExit(executor.submit(run).result())
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("forked_by_executor", "confirmed")
    assert seen.first.where == "program.py:9"


@pytest.mark.wide
def test_what_a_function_has_cached_before_a_fork_is_shown_where_it_is(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import functools
        import os
        from multiprocessing import Process

        @functools.lru_cache
        def region():
            return os.environ.get("REGION", "eu")

        def work():
            assert region() == "us"

        if __name__ == "__main__":
            assert region() == "eu"
            os.environ["REGION"] = "us"
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("cache_copied", "confirmed")
    assert "`region()`" in seen.first.title
    assert seen.first.where == "program.py:5"


@pytest.mark.wide
def test_a_handler_that_cannot_be_pickled_is_shown_where_it_is_set(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        import signal
        from multiprocessing import Process

        def work():
            os.kill(os.getpid(), signal.SIGUSR1)

        if __name__ == "__main__":
            seen = []
            signal.signal(signal.SIGUSR1, lambda *args: seen.append(args))
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(-child.exitcode)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert "SIGUSR1" in seen.first.title
    assert seen.first.where == "program.py:10"


@pytest.mark.wide
def test_one_of_the_parents_calls_is_made_by_itself_where_another_does_harm(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        KINDS = set()

        def add(kind):
            KINDS.add(kind)

        def say(text):
            with open("said.txt", "a") as file:
                file.write(text + ", ".join(sorted(KINDS)) + "; ")
        """,
        "my-packages/talk.py",
    )
    program = write("""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import talk

        def work():
            talk.say("child ")

        if __name__ == "__main__":
            talk.add("loud")
            talk.say("parent ")
            child = Process(target=work)
            child.start()
            child.join()
            with open("said.txt") as file:
                print(file.read())
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:12"


@pytest.mark.wide
def test_a_position_in_a_file_that_children_share_is_shown_where_it_was_opened(
    write: Write, tmp_path: Path
) -> None:
    write("one\ntwo\n", "table.txt")
    program = write("""\
        import os
        from multiprocessing import Process

        class Table:
            def __init__(self, path):
                self.descriptor = os.open(path, os.O_RDONLY)

            def rest(self):
                return os.read(self.descriptor, 100)

        TABLE = Table("table.txt")

        def show():
            print(len(TABLE.rest()))

        if __name__ == "__main__":
            for _ in range(2):
                child = Process(target=show)
                child.start()
                child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("file_shared", "confirmed")
    assert seen.first.where == "program.py:6"
    assert "`table.txt`" in seen.first.title


def test_what_forked_children_share_is_shown_where_nothing_but_forks_was_run(
    write: Write, tmp_path: Path
) -> None:
    write("one\ntwo\n", "table.txt")
    program = write("""\
        import os
        from multiprocessing import Process

        TABLE = os.open("table.txt", os.O_RDONLY)

        def show():
            assert os.read(TABLE, 100)

        if __name__ == "__main__":
            for _ in range(2):
                child = Process(target=show)
                child.start()
                child.join()
            raise SystemExit(child.exitcode)
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("file_shared", "confirmed")
    assert seen.first.where == "program.py:4"


def test_functions_of_a_packages_main_are_shown_as_not_imported(
    write: Write, tmp_path: Path
) -> None:
    main = write(
        """\
        from multiprocessing import Process

        def work():
            print("done")

        if __name__ == "__main__":
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)
        """,
        "harvest/__main__.py",
    )
    seen = explained(main.parent.parent / "-m harvest", tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("main_of_package", "shown")
    assert seen.first.where == "harvest/__main__.py:3"


def test_a_library_that_has_something_for_one_process_is_named(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        import os
        import sqlite3

        class Ledger:
            def __init__(self):
                self.owner = os.getpid()
                self.database = sqlite3.connect("ledger.sqlite")

            def add(self):
                if os.getpid() != self.owner:
                    raise SystemExit(3)
        """,
        "my-packages/ledger.py",
    )
    program = write("""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import ledger

        LEDGER = ledger.Ledger()

        def work():
            LEDGER.add()

        if __name__ == "__main__":
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("made_before_fork", "confirmed")
    assert seen.first.where == "program.py:8"
    assert "ledger" in seen.first.title


@pytest.mark.wide
def test_a_context_of_a_library_that_only_the_parent_is_in_is_shown(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        import threading

        STATE = threading.local()

        class frozen:
            def __init__(self, day):
                self.day = day

            def __enter__(self):
                STATE.day = self.day

            def __exit__(self, *error):
                del STATE.day

        def today():
            return getattr(STATE, "day", "some day")
        """,
        "my-packages/clock.py",
    )
    program = write("""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import clock

        def show():
            print(clock.today())

        if __name__ == "__main__":
            with clock.frozen("Sunday"):
                show()
            with clock.frozen("Monday"):
                child = Process(target=show)
                child.start()
                child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:14"
    assert "clock" in seen.first.title


@pytest.mark.wide
def test_a_call_of_a_library_s_object_that_only_the_parent_makes_is_shown(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        class Registry:
            def __init__(self):
                self.__units = {}

            def define(self, name, weight):
                self.__units[name] = weight

            def weigh(self, name):
                return self.__units[name]
        """,
        "my-packages/scales.py",
    )
    program = write("""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import scales

        UNITS = scales.Registry()

        def work():
            print(UNITS.weigh("crate"))

        def main():
            weight = 12
            UNITS.define("crate", weight)
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"calls"}
    assert seen.first.grade == "confirmed"
    assert seen.first.where == "program.py:15"
    assert "scales" in seen.first.title


def test_what_cannot_be_pickled_is_told_where_it_is_put_not_where_somebody_waits(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import threading
        from multiprocessing import Process, Queue

        class Job:
            def __init__(self):
                self.guard = threading.Lock()

        def work(todo, done):
            todo.get()
            done.put("done")

        if __name__ == "__main__":
            todo, done = Queue(), Queue()
            child = Process(target=work, args=(todo, done))
            child.start()
            todo.put(Job())
            print(done.get())
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("unpicklable", "shown")
    assert seen.first.where == "program.py:16"
    assert "Job.guard" in seen.first.title


def test_an_exit_handler_that_no_child_runs_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import atexit
        import os
        from multiprocessing import Process

        def work():
            atexit.register(os.mkdir, "made")

        if __name__ == "__main__":
            child = Process(target=work)
            child.start()
            child.join()
            os.rmdir("made")
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("exit_handler_not_run", "confirmed")
    assert seen.first.where == "program.py:6"


def test_what_is_made_once_for_all_forked_children_is_shown(write: Write, tmp_path: Path) -> None:
    write("import tempfile\n\nFOLDER = tempfile.mkdtemp()\n", "scratch.py")
    program = write("""\
        import os
        from multiprocessing import Process
        import scratch

        def work():
            os.mkdir(os.path.join(scratch.FOLDER, "part"))

        if __name__ == "__main__":
            children = [Process(target=work) for _ in range(2)]
            for each in children:
                each.start()
            for each in children:
                each.join()
            raise SystemExit(any(each.exitcode for each in children))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("made_before_fork", "confirmed")
    assert seen.first.where == "scratch.py:3"


def test_a_call_that_only_the_parent_makes_is_shown_where_it_does(
    write: Write, tmp_path: Path
) -> None:
    write("READY = []\n\ndef setup(name):\n    READY.append(name)\n", "framework.py")
    write(
        """\
        import framework

        if not framework.READY:
            raise RuntimeError("not set up")

        def work():
            print("done")
        """,
        "tasks.py",
    )
    program = write("""\
        from multiprocessing import Process
        import framework

        def main():
            framework.setup("orders")
            from tasks import work
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:5"
    assert "framework.setup()" in seen.first.title


@pytest.mark.wide
def test_the_name_that_children_know_the_main_module_by_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from concurrent.futures import ProcessPoolExecutor

        TABLES = {}

        def persisted(kind):
            TABLES[kind.__module__ + "." + kind.__name__] = kind
            return kind

        @persisted
        class Widget:
            pass

        def describe(key):
            return TABLES[key].__name__

        if __name__ == "__main__":
            with ProcessPoolExecutor(1) as pool:
                print(*pool.map(describe, list(TABLES)))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("main_has_another_name", "confirmed")
    assert seen.first.where == "program.py:6"


@pytest.mark.wide
def test_a_main_module_that_is_imported_again_is_shown_where_it_is(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        def title(text):
            import program
            return program.THEME["prefix"] + text
        """,
        "tasks.py",
    )
    program = write("""\
        from concurrent.futures import ProcessPoolExecutor
        import tasks

        THEME = None

        def use():
            global THEME
            THEME = {"prefix": "* "}

        if __name__ == "__main__":
            with ProcessPoolExecutor(1, initializer=use) as pool:
                print(*pool.map(tasks.title, ["one"]))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("main_twice", "confirmed")
    assert seen.first.where == "tasks.py:2"


@pytest.mark.wide
def test_a_resource_tracker_of_a_childs_own_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import os
        from multiprocessing import Pipe, Process
        from multiprocessing.shared_memory import SharedMemory

        def look(names, stderr):
            os.dup2(stderr.fileno(), 2)
            block = SharedMemory(name=names.recv())
            print(block.buf[0])
            block.close()

        if __name__ == "__main__":
            for_names, names = Pipe()
            stderr, for_stderr = Pipe(duplex=False)
            child = Process(target=look, args=(names, for_stderr))
            child.start()
            for_stderr.close()
            block = SharedMemory(create=True, size=8)
            for_names.send(block.name)
            child.join()
            with open(stderr.fileno(), "rb", closefd=False) as output:
                output.read()  # until the child has ended, and whatever it has started
            block.close()
            block.unlink()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("tracker_of_child", "confirmed")
    assert seen.first.where == "program.py:7"


@pytest.mark.wide
def test_signals_that_children_block_are_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import signal
        import time
        from multiprocessing import Process

        def beat():
            while True:
                time.sleep(0.05)

        if __name__ == "__main__":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            child = Process(target=beat)
            child.start()
            child.terminate()
            child.join()
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("signal_ignored", "confirmed")
    assert seen.first.where == "program.py:10"
    assert "SIGTERM" in seen.first.title


def test_a_folder_that_each_child_makes_is_shown_where_it_is_made(
    write: Write, tmp_path: Path
) -> None:
    """Not the call that fills the parent's: made again, it would fill the child's."""
    program = write("""\
        import os
        import tempfile
        from multiprocessing import Pool

        FOLDER = tempfile.mkdtemp(prefix="a-name-that-is-longer-than-what-is-shown-of-a-text-")

        def path(name):
            return os.path.join(FOLDER, name)

        def fill():
            with open(path("part"), "w") as file:
                file.write("data")

        def read(name):
            with open(path(name)) as file:
                return file.read()

        def main():
            fill()
            with Pool(1) as pool:
                print(pool.map(read, ["part"]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path, "fork", "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("made_in_each_child", "confirmed")
    assert seen.first.where == "program.py:5"


@pytest.mark.wide
def test_globals_that_only_methods_use_are_shown_together(write: Write, tmp_path: Path) -> None:
    program = write("""\
        from multiprocessing import Pool

        class Bill:
            def total(self, count):
                try:
                    return count * price + fee
                except NameError:
                    return None

        if __name__ == "__main__":
            price = 3
            fee = 1
            with Pool(1) as pool:
                print(pool.map(Bill().total, [1, 2]))
        """)
    seen = explained(program, tmp_path, "fork", "spawn")
    assert seen.kinds() == {"global"}
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:12"


@pytest.mark.wide
def test_an_exit_that_a_handler_takes_from_multiprocessing_is_shown_where_it_does(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        import signal
        import time
        from multiprocessing import Process

        def reap(number, frame):
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass

        if __name__ == "__main__":
            signal.signal(signal.SIGCHLD, reap)
            child = Process(target=time.sleep, args=(0.2,))
            child.start()
            while child.exitcode is None:
                time.sleep(0.1)
            print("ended with", child.exitcode)
        """)
    seen = explained(program, tmp_path, "fork", "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("child_reaped", "confirmed")
    assert seen.first.where == "program.py:8"


def test_ignored_exits_are_shown_where_they_are_ignored(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import signal
        from multiprocessing import Process

        if __name__ == "__main__":
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            child = Process(target=print, args=("at work",))
            child.start()
            child.join()
            assert child.exitcode == 0, child.exitcode
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("child_reaped", "confirmed")
    assert seen.first.where == "program.py:5"


def test_a_module_loaded_by_its_file_is_shown_where_it_is(write: Write, tmp_path: Path) -> None:
    write("def double(x):\n    return 2 * x\n", "plugins/doubler.py")
    program = write("""\
        import importlib.util
        import sys
        from multiprocessing import Pool

        def load(name):
            spec = importlib.util.spec_from_file_location(name, "plugins/" + name + ".py")
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            spec.loader.exec_module(module)
            return module

        if __name__ == "__main__":
            doubler = load("doubler")
            with Pool(1) as pool:
                print(pool.map(doubler.double, [1, 2]))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("module_elsewhere", "confirmed")
    assert seen.first.where == "program.py:8"
    assert "`doubler`" in seen.first.title


@pytest.mark.wide
def test_a_lock_dropped_before_a_child_has_opened_it_is_shown_where_it_is_made(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Lock, Process

        def work(lock):
            with lock:
                pass

        def launch():
            lock = Lock()
            child = Process(target=work, args=(lock,))
            child.start()
            return child

        if __name__ == "__main__":
            child = launch()
            child.join()
            raise SystemExit(child.exitcode)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("removed_before_start", "confirmed")
    assert seen.first.where == "program.py:8"


def test_shared_memory_removed_before_a_child_has_opened_it_is_shown_where_it_is(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Process
        from multiprocessing.shared_memory import SharedMemory

        def work(block):
            print(block.buf[0])

        if __name__ == "__main__":
            block = SharedMemory(create=True, size=1)
            child = Process(target=work, args=(block,))
            child.start()
            block.unlink()
            child.join()
            raise SystemExit(child.exitcode)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("removed_before_start", "confirmed")
    assert seen.first.where == "program.py:11"


def test_standard_input_that_children_read_again_is_shown_where_they_do(
    write: Write, tmp_path: Path
) -> None:
    write("import sys\n\nNAMES = sys.stdin.read().split()\n", "names.py")
    (tmp_path / "stdin").write_text("one two\n", "utf-8")
    program = write("""\
        from multiprocessing import Process
        import names

        def work():
            print(names.NAMES)

        if __name__ == "__main__":
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path, stdin=tmp_path / "stdin")
    assert (seen.first.mechanism, seen.first.grade) == ("stdin_in_child", "confirmed")
    assert seen.first.where == "names.py:3"


def test_a_statement_that_ends_each_child_is_shown_though_its_call_is_made_again(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        from concurrent.futures import ProcessPoolExecutor

        def only_one():
            try:
                os.mkdir("lock")
            except FileExistsError:
                raise SystemExit("another one runs")

        _ = only_one()

        if __name__ == "__main__":
            with ProcessPoolExecutor(1) as executor:
                print(executor.submit(abs, -1).result())
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("main_runs_again", "confirmed")
    assert seen.first.where == "program.py:10"


@pytest.mark.wide
def test_what_a_packages_main_sets_is_shown_as_never_run_in_children(
    write: Write, tmp_path: Path
) -> None:
    write("factor = 1\n\ndef scale(x):\n    return factor * x\n", "pack/units.py")
    write("", "pack/__init__.py")
    main = write(
        """\
        from multiprocessing import Pool
        from pack import units

        units.factor = 3

        if __name__ == "__main__":
            with Pool(1) as pool:
                print(pool.map(units.scale, [1, 2]))
        """,
        "pack/__main__.py",
    )
    seen = explained(main.parent.parent / "-m pack", tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "pack/__main__.py:4"
    assert "__main__.py" in seen.first.title


@pytest.mark.wide
def test_a_hash_that_each_process_salts_is_shown_though_a_call_may_hide_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        from multiprocessing import Process

        def path(key):
            return "shard-%d" % hash(key)

        def store(key):
            open(path(key), "w").close()

        def work(key):
            raise SystemExit(not os.path.exists(path(key)))

        def main():
            store("a")
            child = Process(target=work, args=("a",))
            child.start()
            child.join()
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("hash_seed", "confirmed")
    assert seen.first.where == "program.py:5"


@pytest.mark.wide
def test_what_a_call_of_a_library_sets_up_is_shown_where_it_is_called(
    write: Write, tmp_path: Path
) -> None:
    """Not the calls that set up nothing."""
    program = write("""\
        import logging
        import textwrap
        from multiprocessing import Process

        def work():
            print("this is", logging.getLevelName(25))

        if __name__ == "__main__":
            print(textwrap.dedent(" begin"))
            logging.addLevelName(25, "NOTICE")
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:10"
    assert "logging.addLevelName()" in seen.first.title


@pytest.mark.wide
@pytest.mark.parametrize(
    "statement",
    [
        'sys.modules["today"] = types.ModuleType("today")',
        "sys.meta_path.append(Empty())",
    ],
)
def test_modules_that_only_the_parent_can_import_are_shown(
    statement: str, write: Write, tmp_path: Path
) -> None:
    """Also where the program ends with 0 though a child has failed."""
    program = write(f"""\
        import importlib.util
        import sys
        import types
        from multiprocessing import Process

        class Empty:
            def find_spec(self, name, path=None, target=None):
                return importlib.util.spec_from_loader(name, self) if name == "today" else None

            def create_module(self, spec):
                return None

            def exec_module(self, module):
                pass

        def work():
            import today

            print("imported", today.__name__)

        if __name__ == "__main__":
            {statement}
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:22"


def test_a_variable_that_keeps_a_library_from_threads_is_tried(
    write: Write, tmp_path: Path
) -> None:
    if ctypes.util.find_library("gomp") is None:
        pytest.skip("GNU's OpenMP is not installed")
    program = write("""
        import ctypes
        import multiprocessing

        gomp = ctypes.CDLL("libgomp.so.1")
        REGION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

        def threads():
            numbers = []
            region = REGION(lambda _: numbers.append(gomp.omp_get_thread_num()))
            gomp.GOMP_parallel(region, None, 0, 0)
            return len(numbers)

        def work():
            print("in the child:", threads() > 0)

        if __name__ == "__main__":
            print("in the parent:", threads() > 0)
            child = multiprocessing.Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"variable"}
    assert (seen.first.mechanism, seen.first.where) == ("native_pool_after_fork", "program.py:11")
    assert "By experiment: with OMP_NUM_THREADS=1 in the environment" in seen.first.text
    assert "Or set OMP_NUM_THREADS=1 in the environment (tried: fixes fork on" in seen.first.advice


def test_what_ends_well_by_chance_confirms_nothing(write: Write, tmp_path: Path) -> None:
    """The bad world is run again: here it is as the good one from its fourth trial on."""
    program = write(f"""\
        import multiprocessing
        from pathlib import Path

        LEVEL = 0
        RUNS = Path({str(tmp_path / "runs")!r})

        def work(count):
            assert LEVEL >= 0
            print("late" if count > 3 else "early")

        if __name__ == "__main__":
            LEVEL, count = 1, 4
            if multiprocessing.get_start_method() == "spawn":
                with RUNS.open("a") as runs:
                    runs.write("x")
                count = RUNS.stat().st_size
            child = multiprocessing.Process(target=work, args=(count,))
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert max(each.cured for each in seen.run.experiments) == 3
    assert seen.kinds() == set()


def test_what_is_not_run_again_without_a_change_confirms_nothing(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is over before the program was run without the change as often as it has to be."""

    class Ending(budget.Budget):
        trials = 0

        def use(self, seconds: float, load: float) -> None:
            super().use(seconds, load)
            self.trials += 1

        def is_over(self, to_come: int = 0) -> bool:
            return self.trials >= 7 or super().is_over(to_come)

    monkeypatch.setattr(budget, "Budget", Ending)
    program = write("""\
        from multiprocessing import Process

        LEVEL = 0

        def work():
            print(LEVEL)

        if __name__ == "__main__":
            LEVEL = 1
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert seen.run.experiments[0].cured == 3
    assert seen.kinds() == set()
    assert seen.first.grade == "suspected"


@pytest.mark.wide
def test_what_no_child_can_be_given_is_shown_by_forked_ones_without_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import urllib.request
        from multiprocessing import Process

        class Local(urllib.request.BaseHandler):
            def local_open(self, request):
                raise LookupError(request.host)

        def fetch(url):
            try:
                urllib.request.urlopen(url)
            except LookupError as found:
                print("asked for", found)

        def main():
            opener = urllib.request.build_opener(Local)
            urllib.request.install_opener(opener)
            child = Process(target=fetch, args=("local://shop",))
            child.start()
            child.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:16"
    assert "undone in its children, fork does what spawn does in 3 of 3 trials" in seen.first.text


@pytest.mark.wide
def test_a_statement_that_calls_c_is_shown_where_the_parent_makes_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import tracemalloc
        from multiprocessing import Process

        def work():
            print(tracemalloc.get_traceback_limit() if tracemalloc.is_tracing() else None)

        def main(frames):
            tracemalloc.start(
                frames,
            )
            child = Process(target=work)
            child.start()
            child.join()

        if __name__ == "__main__":
            main(5)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:8"
    assert "`tracemalloc.start()`" in seen.first.title


@pytest.mark.wide
def test_what_runs_in_forked_children_is_shown_where_it_is_registered(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        from multiprocessing import Process

        KNOWN = {"a": 1}
        os.register_at_fork(after_in_child=KNOWN.clear)

        def work():
            print(KNOWN.get("a"))

        if __name__ == "__main__":
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("hook_after_fork", "confirmed")
    assert seen.first.where == "program.py:5"


@pytest.mark.wide
def test_a_folder_that_a_forked_child_removes_with_its_copy_is_shown_where_that_goes(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        import tempfile
        from multiprocessing import Process

        held = []

        def work():
            held.clear()

        def main():
            held.append(tempfile.TemporaryDirectory())
            child = Process(target=work)
            child.start()
            child.join()
            print(os.path.isdir(held[0].name))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("destructor_again", "confirmed")
    assert seen.first.where == "program.py:8"


def test_an_exit_handler_that_a_child_of_a_fork_runs_too_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import atexit
        import os
        import shutil
        import sys
        import tempfile

        class Spool:
            def __init__(self):
                self.path = tempfile.mkdtemp()
                atexit.register(self.close)

            def close(self):
                shutil.rmtree(self.path)

        if __name__ == "__main__":
            spool = Spool()
            if os.fork() == 0:
                sys.exit(0)
            os.wait()
            print(os.listdir(spool.path))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("exit_handler_inherited", "confirmed")
    assert seen.first.where == "program.py:10"
    assert "`Spool.close`" in seen.first.title
    assert "os._exit()" in seen.first.advice


def test_a_queue_that_log_records_go_to_is_to_be_given_to_the_children(
    write: Write, tmp_path: Path
) -> None:
    """A child that sets up the same logging would write to a queue of its own."""
    program = write("""\
        import logging
        import logging.handlers
        from multiprocessing import Process, Queue

        RECORDS = Queue()

        def work():
            logging.warning("in the child")

        if __name__ == "__main__":
            logging.getLogger().addHandler(logging.handlers.QueueHandler(RECORDS))
            child = Process(target=work)
            child.start()
            child.join()
            logging.warning("in the parent")
            while (record := RECORDS.get()).msg != "in the parent":
                print(record.msg)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("shared_made_again", "confirmed")
    assert seen.first.where == "program.py:5"
    assert "with the parent's queue" in seen.first.advice


@pytest.mark.wide
def test_a_destructor_that_runs_for_a_pickled_copy_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import os
        import tempfile
        from multiprocessing import Pool

        class Workspace:
            def __init__(self):
                self.path = tempfile.mkdtemp()

            def __del__(self):
                os.rmdir(self.path)

        def work(workspace):
            return os.listdir(workspace.path)

        def main():
            workspace = Workspace()
            with Pool(1) as pool:
                for _ in range(2):
                    print(pool.apply(work, (workspace,)))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("destructor_again", "confirmed")
    assert seen.first.where == "program.py:9"


@pytest.mark.wide
def test_what_varies_with_the_hash_seed_is_shown_by_fixed_ones(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Process

        def work():
            print(*{"red", "green", "blue", "white", "black"})

        if __name__ == "__main__":
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("hash_seed", "confirmed")


def test_a_handler_of_signals_is_shown_where_the_parent_sets_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import signal
        from multiprocessing import Process

        def wake(number, frame):
            print("woken")

        def work():
            signal.raise_signal(signal.SIGUSR1)

        def main():
            signal.signal(signal.SIGUSR1, wake)
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:11"


@pytest.mark.wide
def test_what_the_parent_has_cached_is_shown_by_forked_children_without_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import functools
        from multiprocessing import Process

        @functools.lru_cache
        def rate(currency):
            print("asking for", currency, flush=True)
            return {"EUR": 1.08}[currency]

        def invoice(amount):
            print("%.2f EUR" % (amount * rate("EUR")), flush=True)

        def main():
            rate("EUR")
            biller = Process(target=invoice, args=(100,))
            biller.start()
            biller.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("cache_empty", "confirmed")
    assert seen.first.where == "program.py:4"


@pytest.mark.wide
def test_a_statement_of_main_is_shown_though_children_need_another_one(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Process

        print("loading rules")
        RULES = [n * n for n in range(10)]

        def work():
            print(RULES[3])

        if __name__ == "__main__":
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("main_runs_again", "confirmed")
    assert seen.first.where == "program.py:3"


def test_a_member_that_pickle_cannot_make_again_is_shown_where_it_is_handed_over(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import enum
        from multiprocessing import Pool

        class Missing(enum.Enum):
            UNSET = object()

        UNSET = Missing.UNSET

        def show(value):
            return "none" if value is UNSET else value

        def main():
            with Pool(1) as pool:
                print(pool.map(show, ["a", UNSET]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("unpickling_fails", "confirmed")
    assert seen.first.where == "program.py:14"
    assert "`UNSET`" in seen.first.title


@pytest.mark.wide
def test_modules_that_the_fork_server_imports_are_shown_where_it_is_told_to(
    write: Write, tmp_path: Path
) -> None:
    write('import os\n\nSIZE = os.environ.get("SIZE", "16")\n', "tiles.py")
    program = write("""\
        import multiprocessing as mp
        import os

        def probe():
            pass

        def work(size):
            os.environ["SIZE"] = size
            import tiles
            print(tiles.SIZE)

        def start(*args, target):
            child = mp.Process(target=target, args=args)
            child.start()
            child.join()

        if __name__ == "__main__":
            mp.set_forkserver_preload(["tiles"])
            start(target=probe)
            start("64", target=work)
        """)
    seen = explained(program, tmp_path, "forkserver", "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("main_preloaded", "confirmed")
    assert seen.first.where == "program.py:18"
    assert "the fork server imports `tiles`" in seen.first.title


def test_a_file_whose_lock_a_forked_child_keeps_is_shown_where_it_is_opened(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import fcntl
        from multiprocessing import Event, Process

        def locked(path):
            file = open(path, "a")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file

        def work(ready, go):
            ready.set()
            go.wait()

        def main():
            store = locked("store")
            ready, go = Event(), Event()
            child = Process(target=work, args=(ready, go))
            child.start()
            ready.wait()
            store.close()
            try:
                print(locked("store").closed)
            except BlockingIOError:
                print("in use")
            go.set()
            child.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("pipe_end_inherited", "confirmed")
    assert seen.first.where == "program.py:5"


@pytest.mark.wide
def test_an_attribute_of_a_function_is_shown_where_the_parent_sets_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Process

        def work(text):
            print(text.lower() if work.fold else text)

        work.fold = False

        def main():
            work.fold = True
            child = Process(target=work, args=("To Be",))
            child.start()
            child.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:9"


@pytest.mark.wide
def test_what_each_process_makes_for_itself_is_told_for_either_meaning(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        from multiprocessing import Process

        NAME = "part-%d" % os.getpid()

        def work():
            print("new" if not os.path.exists(NAME) else "there")
            open(NAME, "w").close()

        if __name__ == "__main__":
            for _ in range(2):
                child = Process(target=work)
                child.start()
                child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("made_in_each_child", "confirmed")
    assert seen.first.where == "program.py:4"
    assert "a forked child has its parent's" in seen.first.title
    assert "If each process is to have its own, make it where it is used." in seen.first.advice


def test_of_a_thread_that_a_fork_leaves_behind_the_line_that_waits_for_it_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import queue
        import threading
        from multiprocessing import Process

        lines = queue.Queue()

        def serve():
            while True:
                print(lines.get())
                lines.task_done()

        threading.Thread(target=serve, daemon=True).start()

        def work():
            lines.put("hello")
            lines.join()

        if __name__ == "__main__":
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("thread_gone_at_fork", "confirmed")
    assert seen.first.where == "program.py:16"  # and not 12, which starts the thread


@pytest.mark.wide
def test_a_folder_changed_before_the_children_import_main_is_shown_where_it_is(
    write: Write, tmp_path: Path
) -> None:
    write("3", "rate.txt")
    program = write("""\
        import os
        import tempfile
        from concurrent.futures import ProcessPoolExecutor

        with open("rate.txt") as file:
            RATE = int(file.read())

        def price(amount):
            return RATE * amount

        def main():
            os.chdir(tempfile.mkdtemp())
            with ProcessPoolExecutor(1) as executor:
                print(list(executor.map(price, [1, 2])))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("other_folder", "confirmed")
    assert seen.first.where == "program.py:12"


def test_a_call_of_the_standard_library_is_shown_where_the_parent_makes_it(
    write: Write, tmp_path: Path
) -> None:
    """What it changes is in an object of that library, which no table of settings knows."""
    program = write("""\
        import calendar
        from multiprocessing import Pool

        def first_day(month):
            return calendar.monthcalendar(2025, month)[1][0]

        def main():
            calendar.setfirstweekday(calendar.SUNDAY)
            with Pool(1) as pool:
                print(pool.map(first_day, [1, 2]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:8"


@pytest.mark.wide
def test_what_is_kept_for_the_thread_that_set_it_is_shown_where_it_is_set(
    write: Write, tmp_path: Path
) -> None:
    """Under fork too: another thread has started the child."""
    program = write("""\
        import threading
        from multiprocessing import Process

        session = threading.local()

        def visit():
            print(session.user)

        def start(codes):
            visitor = Process(target=visit)
            visitor.start()
            visitor.join()
            codes.append(visitor.exitcode)

        def main():
            session.user = "ann"
            codes = []
            starter = threading.Thread(target=start, args=(codes,))
            starter.start()
            starter.join()
            raise SystemExit(codes[0])

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("kept_by_thread", "confirmed")
    assert seen.first.where == "program.py:16"


@pytest.mark.wide
def test_a_key_that_a_proxy_loses_is_shown_where_its_manager_gets_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing.managers import SyncManager

        def count(counts, word):
            counts[word] = len(word)

        def main():
            manager = SyncManager(authkey=b"words")
            manager.start()
            counts = manager.dict()
            with ProcessPoolExecutor(1) as executor:
                executor.submit(count, counts, "birch").result()
            print(counts)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("key_not_sent", "confirmed")
    assert seen.first.where == "program.py:8"


@pytest.mark.wide
def test_an_interpreter_that_is_not_there_is_shown_where_it_is_named(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import multiprocessing

        def work():
            print("done")

        def main():
            multiprocessing.set_executable("/no/such/python")
            worker = multiprocessing.Process(target=work)
            worker.start()
            worker.join()
            raise SystemExit(worker.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("other_interpreter", "confirmed")
    assert seen.first.where == "program.py:7"


@pytest.mark.wide
def test_log_records_that_each_forked_child_writes_again_are_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import logging
        import logging.handlers
        import sys
        from multiprocessing import Process

        log = logging.getLogger("program")

        def configure():
            target = logging.StreamHandler(sys.stdout)
            log.addHandler(logging.handlers.MemoryHandler(9, target=target))

        def work():
            if not log.handlers:
                configure()
            log.error("bad row")

        def main():
            configure()
            log.warning("begins")
            worker = Process(target=work)
            worker.start()
            worker.join()

        if __name__ == "__main__":
            main()
            log.handlers[0].close()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("buffer_copied", "confirmed")
    assert seen.first.where == "program.py:10"


@pytest.mark.wide
def test_a_change_to_a_cached_object_is_shown_where_the_parent_makes_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from functools import lru_cache
        from multiprocessing import Pool

        class Settings:
            region = "local"

        @lru_cache
        def settings():
            return Settings()

        def tariff(amount):
            return {"north": 3}[settings().region] * amount

        def main():
            settings().region = "north"
            with Pool(1) as pool:
                print(pool.map(tariff, [1, 2]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("cache_empty", "confirmed")
    assert seen.first.where == "program.py:15"


@pytest.mark.wide
def test_a_variable_set_after_what_reads_it_was_imported_is_shown_where_it_is(
    write: Write, tmp_path: Path
) -> None:
    """It is not the constant of the module, which differs too."""
    write(
        """
        import os
        MODE = os.environ.get("MODE", "debug")
        """,
        "settings.py",
    )
    program = write("""\
        import os
        from multiprocessing import Pool
        import settings

        def build(unit):
            return "%s %s" % (settings.MODE, unit)

        def main():
            os.environ["MODE"] = "release"
            with Pool(1) as pool:
                print(pool.map(build, ["a", "b"]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("environment_at_import", "confirmed")
    assert seen.first.where == "program.py:9"


@pytest.mark.wide
def test_a_program_that_takes_the_fork_server_for_fork_is_shown_where_it_asks(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import multiprocessing

        ROOT = None

        def show(root):
            print((ROOT or root).upper())

        def given():
            return ROOT if multiprocessing.get_start_method() == "spawn" else None

        def main():
            global ROOT
            ROOT = "here"
            viewer = multiprocessing.Process(target=show, args=(given(),))
            viewer.start()
            viewer.join()
            raise SystemExit(viewer.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path, "fork", "forkserver", "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("method_by_name", "confirmed")
    assert seen.first.where == "program.py:9"


@pytest.mark.wide
def test_an_exit_code_read_too_early_is_shown_where_it_is(write: Write, tmp_path: Path) -> None:
    program = write("""\
        from multiprocessing import Process

        def copy():
            print("copied")

        def main():
            copier = Process(target=copy)
            copier.start()
            if copier.exitcode != 0:
                raise RuntimeError("copy has failed")

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path, "spawn")  # a forked child may have ended by then
    assert (seen.first.mechanism, seen.first.grade) == ("exit_code_too_early", "confirmed")
    assert seen.first.where == "program.py:9"


@pytest.mark.wide
def test_a_counter_that_children_begin_anew_is_shown_where_it_counts(
    write: Write, tmp_path: Path
) -> None:
    """It is written in C, and no text of a dictionary or list."""
    program = write("""\
        import itertools
        from multiprocessing import Pool

        numbers = itertools.count(1)

        def number(name):
            return "%d %s" % (next(numbers), name)

        def main():
            names = [number("root")]
            with Pool(1) as pool:
                names += pool.map(number, ["a"])
            assert names[1] == "2 a", names

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:7"


@pytest.mark.wide
def test_a_mock_that_only_the_parent_has_is_shown_where_it_is_made(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Pool
        from unittest import mock

        class World:
            def answer(self):
                return 1

        def ask(number):
            return number * World().answer()

        def main():
            with mock.patch.object(World, "answer", return_value=42):
                with Pool(1) as pool:
                    assert pool.map(ask, [2]) == [84]

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"calls"}
    assert seen.first.grade == "confirmed"
    assert seen.first.where == "program.py:12"


@pytest.mark.wide
def test_words_of_the_command_line_that_are_dropped_are_shown_where_they_are(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import sys
        from concurrent.futures import ProcessPoolExecutor

        NAME = sys.argv.pop(0)

        def length(word):
            return len(word)

        def main():
            with ProcessPoolExecutor(1) as executor:
                print(list(executor.map(length, ["one", "three"])))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("arguments_at_import", "confirmed")
    assert seen.first.where == "program.py:4"


def test_of_a_child_that_fails_everywhere_unseen_the_cause_is_shown(
    write: Write, tmp_path: Path
) -> None:
    """The program ends well; its transaction locks the child out of the database."""
    program = write("""\
        import sqlite3
        from multiprocessing import Process

        def book(path):
            with sqlite3.connect(path, timeout=0.1) as database:
                database.execute("INSERT INTO booking VALUES (7)")

        def main():
            database = sqlite3.connect("ledger.db")
            database.execute("CREATE TABLE booking (cents INTEGER)")
            database.execute("INSERT INTO booking VALUES (5)")
            booker = Process(target=book, args=("ledger.db",))
            booker.start()
            booker.join()
            database.commit()
            print("booked")

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("transaction_open", "confirmed")
    assert seen.first.where == "program.py:13"


@pytest.mark.wide
def test_an_item_that_a_child_has_not_written_when_it_leaves_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        from multiprocessing import Process, Queue

        def export(results):
            results.put("0" * 1000000)
            os._exit(0)

        def main():
            results = Queue()
            Process(target=export, args=(results,)).start()
            print(len(results.get()))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path, "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("item_lost_at_exit", "confirmed")
    assert seen.first.where == "program.py:6"


def test_what_the_parent_has_changed_besides_is_not_the_cause(write: Write, tmp_path: Path) -> None:
    """Its folder, environment, command line, thread-locals, caches and the calendar differ too."""
    program = write("""\
        import calendar
        import functools
        import os
        import sys
        import tempfile
        import threading
        from multiprocessing import Pool

        FOLDER, MODE, WORDS = os.getcwd(), os.environ.get("MODE"), list(sys.argv)
        RATES = {}
        local = threading.local()

        @functools.cache
        def unit():
            return {"name": "m"}

        def price(name):
            return RATES[name] * len(unit())

        def main():
            os.chdir(tempfile.mkdtemp())
            os.environ["MODE"] = "fast"
            sys.argv.append("--fast")
            local.user = "ann"
            unit()["name"] = "ft"
            calendar.setfirstweekday(calendar.SUNDAY)
            RATES["oak"] = 3
            with Pool(1) as pool:
                print(pool.map(price, ["oak"]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"global"}
    assert (seen.first.mechanism, seen.first.where) == ("global_differs", "program.py:27")


def test_children_that_are_started_before_a_thread_do_without_it(
    write: Write, tmp_path: Path
) -> None:
    """A loop that runs already cannot be run again in the child: it has to have one of its own."""
    program = write("""\
        import asyncio
        import multiprocessing
        import threading

        class Service:
            loop = None

            def double(self, value):
                if self.loop is None:
                    self.loop = asyncio.new_event_loop()
                    threading.Thread(target=self.loop.run_forever, daemon=True).start()
                return asyncio.run_coroutine_threadsafe(self.answer(value), self.loop).result()

            async def answer(self, value):
                return 2 * value

        service = Service()

        def double(value):
            return service.double(value)

        def main():
            print(double(1))
            with multiprocessing.Pool(1) as pool:
                print(pool.map(double, [2]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"earlier"}
    assert (seen.first.mechanism, seen.first.grade) == ("thread_gone_at_fork", "confirmed")
    assert seen.first.where == "program.py:12"
    assert "before the parent first comes to program.py:20" in seen.first.advice


@pytest.mark.wide
def test_a_context_variable_that_cannot_be_pickled_is_taken_from_forked_children(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import contextvars
        import multiprocessing
        import threading

        class App:
            def __init__(self, name):
                self.name = name
                self.lock = threading.Lock()

        current = contextvars.ContextVar("current")

        def work(item):
            return current.get().name + item

        def main():
            current.set(App("shop"))
            with multiprocessing.Pool(1) as pool:
                print(pool.map(work, ["1"]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert "contexts" in seen.kinds()
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:16"


def test_of_several_variables_the_one_that_children_lack_is_shown_where_it_is_set(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        from multiprocessing import Process

        def work():
            print(os.environ.get("B_COMMIT"))

        def run():
            child = Process(target=work)
            child.start()
            child.join()

        if __name__ == "__main__":
            run()
            os.environ["A_FOLDER"] = "/tmp"
            os.environ["B_COMMIT"] = "4f1c2aa"
            os.environ["C_SEED"] = "3"
            run()
        """)
    seen = explained(program, tmp_path, "spawn", "forkserver")
    assert (seen.first.mechanism, seen.first.grade) == ("environment_differs", "confirmed")
    assert seen.first.where == "program.py:15"
    assert "`B_COMMIT`" in seen.first.title


def test_what_is_set_anew_for_each_child_is_shown_where_it_is_not_where_it_is_put_back(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import contextvars
        from multiprocessing import Process

        tenant = contextvars.ContextVar("tenant", default=None)

        def work():
            print(tenant.get())

        def export(name):
            token = tenant.set(name)
            child = Process(target=work)
            child.start()
            child.join()
            tenant.reset(token)

        if __name__ == "__main__":
            export("acme")
            export("globex")
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:10"
