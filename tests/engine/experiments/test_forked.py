"""What forked children have a copy of, or share, as experiments show it."""

from __future__ import annotations

import ctypes.util
from typing import TYPE_CHECKING

import pytest

from tests.engine.experiments.explained import LINUX, explained

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write

pytestmark = LINUX


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


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
def test_a_file_that_machine_code_has_opened_is_shown_where_forks_print_something_else(
    write: Write, tmp_path: Path
) -> None:
    """Neither output is known to be right: what the others lack comes after what forks share."""
    write("one\ntwo\n", "table.txt")
    program = write("""\
        import ctypes
        import os
        from multiprocessing import Process

        TABLE = None

        def table():
            global TABLE
            if TABLE is None:
                TABLE = ctypes.CDLL(None).open(b"table.txt", os.O_RDONLY)
            return TABLE

        def show():
            print(len(os.read(table(), 100)))

        if __name__ == "__main__":
            print(table() > 0)
            for _ in range(2):
                child = Process(target=show)
                child.start()
                child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("file_shared", "confirmed")
    assert seen.first.where == "program.py:10"
    assert {each.cell.method for each in seen.first.cells} == {"fork"}


@pytest.mark.wide
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


@pytest.mark.wide
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

        def main(opener):
            urllib.request.install_opener(opener)
            child = Process(target=fetch, args=("local://shop",))
            child.start()
            child.join()

        if __name__ == "__main__":
            main(urllib.request.build_opener(Local))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:15"
    assert "undone in its children, fork does what spawn does in 3 of 3 trials" in seen.first.text


@pytest.mark.wide
def test_what_an_object_is_known_by_is_shown_where_the_parent_sets_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import weakref
        from multiprocessing import Process

        class Shape:
            pass

        COLORS = weakref.WeakKeyDictionary()

        def paint(shape, color):
            COLORS[shape] = color

        def draw(shape):
            print(COLORS[shape])

        def main():
            shape = Shape()
            paint(shape, "red")
            child = Process(target=draw, args=(shape,))
            child.start()
            child.join()
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:17"
    assert "`paint()`" in seen.first.title


@pytest.mark.wide
def test_what_a_library_keeps_for_its_thread_is_shown_where_the_parent_calls_it(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        import threading

        _local = threading.local()

        class Command:
            def __init__(self, function):
                self.function, self.lock = function, threading.Lock()

            def __call__(self):
                _local.stack = [self]
                self.function()

        def current():
            if not getattr(_local, "stack", None):
                raise RuntimeError("no command is running")
            return _local.stack[-1]
        """,
        "my-packages/commands.py",
    )
    program = write("""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import commands

        def work():
            print(type(commands.current()).__name__)

        def main():
            child = Process(target=work)
            child.start()
            child.join()
            sys.exit(child.exitcode)

        if __name__ == "__main__":
            commands.Command(main)()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"forking thread"}
    assert (seen.first.grade, seen.first.where) == ("confirmed", "program.py:18")
    assert "with nothing kept in `commands._local`" in seen.first.text


@pytest.mark.wide
def test_what_a_module_keeps_for_its_thread_is_shown_at_the_call_that_keeps_it(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        import sqlite3
        import threading

        _local = threading.local()

        def connection():
            if not hasattr(_local, "connection"):
                _local.connection = sqlite3.connect(":memory:")
            return _local.connection
        """,
        "ledger.py",
    )
    program = write("""\
        from multiprocessing import Process

        import ledger

        def work():
            print(*ledger.connection().execute("SELECT sum(amount) FROM entries"))

        def main():
            made = ledger.connection()
            made.executescript("CREATE TABLE entries (amount); INSERT INTO entries VALUES (7)")
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"forking thread"}
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:9"


@pytest.mark.wide
def test_a_context_variable_of_a_library_in_c_is_shown_where_the_parent_sets_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import _contextvars
        import _thread
        from multiprocessing import Process

        unit = _contextvars.ContextVar("unit")

        def work():
            print(unit.get("none") == "none")

        def main():
            unit.set(_thread.allocate_lock())
            child = Process(target=work)
            child.start()
            child.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:11"


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


@pytest.mark.wide
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
    assert (seen.first.mechanism, seen.first.grade) == ("file_kept", "confirmed")
    assert seen.first.where == "program.py:5"


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
def test_what_forked_children_use_through_a_library_is_not_taken_for_left_over(
    write: Write, tmp_path: Path
) -> None:
    """Without it they print what children of spawn do, that never had it."""
    program = write("""\
        import logging
        import logging.handlers
        import multiprocessing
        import threading

        def work():
            logging.getLogger("jobs").warning("a job is done")

        def show(queue):
            for record in iter(queue.get, None):
                print(record.getMessage())

        def main():
            queue = multiprocessing.Queue()
            logging.getLogger("jobs").addHandler(logging.handlers.QueueHandler(queue))
            thread = threading.Thread(target=show, args=(queue,))
            thread.start()
            child = multiprocessing.Process(target=work)
            child.start()
            child.join()
            queue.put(None)
            thread.join()
            print("all jobs are done")

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert not seen.kinds() & {"descriptors", "earlier"}
    assert seen.first.where == "program.py:15"


@pytest.mark.wide
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


@pytest.mark.wide
def test_a_forked_child_that_speaks_on_its_parents_socket_is_shown_at_its_line(
    write: Write, tmp_path: Path
) -> None:
    """The child says good-bye to the server, which then no longer answers its parent."""
    program = write("""\
        import multiprocessing
        import socket
        import threading

        def serve(connection):
            with connection, connection.makefile("rwb") as lines:
                for line in lines:
                    if line == b"bye\\n":
                        return
                    lines.write(line.upper())
                    lines.flush()

        class Client:
            def __init__(self, connection):
                self.lines = connection.makefile("rwb")

            def ask(self, word):
                self.lines.write(word + b"\\n")
                self.lines.flush()
                return self.lines.readline()

            def leave(self):
                self.lines.write(b"bye\\n")
                self.lines.flush()

        class Session:
            client = None

        def work(number):
            if Session.client is not None:
                Session.client.leave()
            return number

        def main():
            ours, theirs = socket.socketpair()
            threading.Thread(target=serve, args=(theirs,), daemon=True).start()
            Session.client = Client(ours)
            first = Session.client.ask(b"one")
            with multiprocessing.Pool(1) as pool:
                pool.map(work, [1])
            print(first, Session.client.ask(b"two"))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("connection_shared", "confirmed")
    assert seen.first.where == "program.py:23"


def test_a_connection_that_forked_children_share_is_shown_before_others_are_tried(
    write: Write, tmp_path: Path
) -> None:
    """A child that begins to speak is told, on its parent's connection, that it has begun."""
    program = write("""\
        import multiprocessing
        import socket
        import subprocess
        import sys

        SERVER = '''
        import socketserver

        class Counts(socketserver.StreamRequestHandler):
            def handle(self):
                for number, line in enumerate(self.rfile):
                    self.wfile.write(b"%d\\\\n" % number)

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Counts)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        '''

        class Shop:
            lines = None

            def ask(self, port):
                if self.lines is None:
                    connection = socket.create_connection(("127.0.0.1", port))
                    self.lines = connection.makefile("rwb", buffering=0)
                self.lines.write(b"again\\n")
                return int(self.lines.readline())

        shop = Shop()

        def work(port):
            number = shop.ask(port)
            if number != 0:
                raise ConnectionError("this connection has been used already")

        def main():
            command = [sys.executable, "-c", SERVER]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
                try:
                    port = int(server.stdout.readline())
                    shop.ask(port)
                    with multiprocessing.Pool(1) as pool:
                        pool.map(work, [port])
                finally:
                    server.kill()
            print("done")

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"earlier"}
    assert seen.first.grade == "confirmed"
    assert len(seen.run.experiments) == 1


@pytest.mark.wide
def test_a_lock_that_is_held_beside_a_shared_connection_is_no_matter_of_that(
    write: Write, tmp_path: Path
) -> None:
    """A child that is forked before the connection is opened does without both."""
    program = write("""\
        import multiprocessing
        import sqlite3
        import threading

        lock = threading.Lock()
        held, over = threading.Event(), threading.Event()

        def hold():
            with lock:
                held.set()
                over.wait()

        def work():
            with lock:
                print("worked", flush=True)

        def main():
            prices = sqlite3.connect("prices.db")
            prices.execute("CREATE TABLE IF NOT EXISTS prices (price)")
            threading.Thread(target=hold, daemon=True).start()
            held.wait()
            child = multiprocessing.Process(target=work)
            child.start()
            child.join()
            over.set()
            prices.close()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.where) == ("lock_held_at_fork", "program.py:14")


@pytest.mark.wide
def test_what_a_library_lets_one_do_once_is_shown_where_the_parent_does_it(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        class Engine:
            def __init__(self):
                self.__ran = False

            def run(self, function):
                if self.__ran:
                    raise RuntimeError("an engine runs once")
                self.__ran = True
                return function()

        engine = Engine()
        """,
        "my-packages/once.py",
    )
    program = write("""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        from once import engine

        def weigh():
            print("weighed")

        def work():
            engine.run(weigh)

        def start():
            child = Process(target=work)
            child.start()
            child.join()

        def main():
            engine.run(weigh)
            print("begun")
            start()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"earlier"}
    assert (seen.first.mechanism, seen.first.grade) == ("made_before_fork", "confirmed")
    assert seen.first.where == "program.py:20"
