"""How processes and what they share come to an end, as experiments show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import startlab
from startlab.diagnosis import diagnose
from startlab.engine.experiments.bench import Bench
from tests.engine.experiments.explained import LINUX, explained

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from startlab.model import Aspect, Cell, Trial
    from tests.conftest import Write

pytestmark = LINUX

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


@pytest.mark.wide
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
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGTERM})
            child = Process(target=beat)
            child.start()
            child.terminate()
            child.join()
        """)
    seen = explained(program, tmp_path, "fork")
    assert (seen.first.mechanism, seen.first.grade) == ("signal_blocked", "confirmed")
    assert seen.first.where == "program.py:10"
    assert "SIGTERM" in seen.first.title  # which terminate() sends, and not the first one


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


@pytest.mark.wide
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


@pytest.mark.wide
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
def test_an_attribute_that_multiprocessing_needs_is_shown_where_a_subclass_sets_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import multiprocessing

        class Agent(multiprocessing.Process):
            def __init__(self, config):
                super().__init__()
                self._config = config

            def run(self):
                results = multiprocessing.SimpleQueue()
                results.put(self._config["task"])
                print(results.get())

        if __name__ == "__main__":
            agent = Agent({"task": "look"})
            agent.start()
            agent.join()
            raise SystemExit(agent.exitcode)
        """)
    seen = explained(program, tmp_path, "fork", "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("attribute_replaced", "confirmed")
    assert seen.first.where == "program.py:6"
    assert "`Agent._config`" in seen.first.title


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


@pytest.mark.wide
@pytest.mark.parametrize(
    "wait",
    [
        "results.poll(0.1)",
        "begun.wait(0.1)",
        "(child.join(0.1), not child.is_alive())[1]",
    ],
)
def test_a_wait_that_is_too_short_for_the_start_of_a_child_is_shown(
    wait: str, write: Write, tmp_path: Path
) -> None:
    """What is imported takes a while, as big libraries do; a forked child has it."""
    program = write(f"""\
        import time
        from multiprocessing import Event, Pipe, Process

        begun_at = time.monotonic()
        while time.monotonic() < begun_at + 0.3:
            pass

        def work(begun, answers):
            answers.send("done")
            begun.set()

        if __name__ == "__main__":
            begun = Event()
            results, answers = Pipe(duplex=False)
            child = Process(target=work, args=(begun, answers))
            child.start()
            if not {wait}:
                child.terminate()
                raise SystemExit("the child does not answer")
            print(results.recv())
        """)
    seen = explained(program, tmp_path, "spawn")
    assert seen.kinds() == {"patience"}
    assert (seen.first.mechanism, seen.first.grade) == ("wait_too_short", "confirmed")
    assert seen.first.where == "program.py:17"


@pytest.mark.wide
def test_a_pool_that_is_made_before_what_its_workers_need_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Pool

        class Rates:
            known = {}

        def convert(amount):
            return amount * Rates.known["CHF"]

        def main():
            pool = Pool(1)
            Rates.known["CHF"] = 2
            print(pool.map(convert, [1, 2]))
            pool.close()
            pool.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"pool start"}
    assert (seen.first.mechanism, seen.first.grade) == ("started_too_early", "confirmed")
    assert seen.first.where == "program.py:10"
    assert "before `Rates.known` is set" in seen.first.title
    assert {each.cell.method for each in seen.first.cells} == {"fork", "spawn"}


@pytest.mark.wide
def test_a_file_that_is_removed_before_the_child_has_begun_is_shown_at_the_start(
    write: Write, tmp_path: Path
) -> None:
    """What is imported takes a while, as big libraries do; a forked child has it."""
    program = write("""\
        import os
        import time
        from multiprocessing import Process

        def spin(seconds):
            begun_at = time.monotonic()
            while time.monotonic() < begun_at + seconds:
                pass

        spin(0.9)

        def work(path):
            with open(path) as source:
                print(source.read())

        if __name__ == "__main__":
            with open("letter", "w") as out:
                out.write("dear reader")
            child = Process(target=work, args=("letter",))
            child.start()
            spin(0.4)
            os.remove("letter")
            child.join()
            raise SystemExit(child.exitcode)
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"begin"}
    assert (seen.first.mechanism, seen.first.grade) == ("begins_too_late", "confirmed")
    assert seen.first.where == "program.py:20"


@pytest.mark.wide
def test_a_wake_up_before_anyone_waits_is_the_cause_and_not_what_made_the_waiter_late(
    write: Write, tmp_path: Path
) -> None:
    """Only a forked child has the table: with it, the others would come in time, too."""
    program = write("""\
        import time
        from multiprocessing import Condition, Process

        _table = None

        def table():
            global _table
            if _table is None:
                time.sleep(2)
                _table = [1, 2, 3]
            return _table

        def work(ready):
            total = sum(table())
            with ready:
                ready.wait()
            print(total)

        if __name__ == "__main__":
            table()
            ready = Condition()
            child = Process(target=work, args=(ready,))
            child.start()
            time.sleep(1)
            with ready:
                ready.notify_all()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"waiters"}
    assert (seen.first.mechanism, seen.first.grade) == ("never_notified", "confirmed")
    assert seen.first.where == "program.py:16"


@pytest.mark.wide
def test_a_condition_of_one_process_is_waited_for_after_it_was_notified(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import threading

        ready = threading.Condition()
        notified = threading.Event()

        def work():
            with ready:
                ready.notify_all()
            notified.set()

        if __name__ == "__main__":
            worker = threading.Thread(target=work)
            worker.start()
            notified.wait(1.0)
            with ready:
                ready.wait()
            worker.join()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"waiters"}
    assert (seen.first.mechanism, seen.first.grade) == ("never_notified", "confirmed")
    assert seen.first.where == "program.py:16"
    assert "with a `notify_all()` that comes once those wait" in seen.first.text


@pytest.mark.wide
def test_a_global_that_is_changed_after_the_start_is_shown_where_it_is(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import time
        from multiprocessing import Process

        class Service:
            running = True

        def work():
            while Service.running:
                time.sleep(0.01)

        def stop():
            Service.running = False

        def main():
            child = Process(target=work)
            child.start()
            stop()
            child.join()
            print("done")

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"sent later"}
    assert (seen.first.mechanism, seen.first.grade) == ("changed_after_start", "confirmed")
    assert seen.first.where == "program.py:12"
    assert "`Service.running`" in seen.first.title


def test_a_hang_is_proven_also_with_all_changed_that_can_be(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each experiment takes its whole time limit."""
    program = write("""\
        from multiprocessing import Process, Queue

        def work(tasks):
            tasks.get()

        if __name__ == "__main__":
            child = Process(target=work, args=(Queue(),))
            child.start()
            child.join()
        """)
    seen: list[Trial | None] = []
    run = Bench.trial

    def trial(self: Bench, cell: Cell, aspects: Sequence[Aspect], limit_s: float) -> Trial | None:
        seen.append(run(self, cell, aspects, limit_s))
        return seen[-1]

    monkeypatch.setattr(Bench, "trial", trial)
    explained(program, tmp_path, "fork")
    assert {each.grade for each in seen if each is not None} == {"proven"}
