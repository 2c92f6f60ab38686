"""What is handed over to children and back, as experiments show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.experiments.explained import LINUX, explained

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write

pytestmark = LINUX


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


@pytest.mark.wide
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
def test_objects_that_do_not_equal_their_copies_are_shown_where_one_is_looked_up(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Pool

        class Task:
            def __init__(self, name):
                self.name = name

        def rate(task):
            return task, len(task.name)

        def main():
            tasks = [Task("parse"), Task("link")]
            order = {task: i for i, task in enumerate(tasks)}
            with Pool(1) as pool:
                for task, cost in pool.map(rate, tasks):
                    print(order[task], cost)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path, "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("keyed_by_id", "confirmed")
    assert seen.first.where == "program.py:15"
    assert "each `Task`" in seen.first.title


@pytest.mark.wide
def test_an_attribute_that_a_proxy_does_not_have_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        from multiprocessing.managers import BaseManager

        class Tally:
            total = 3

        class Tallies(BaseManager):
            pass

        Tallies.register("Tally", Tally)

        if __name__ == "__main__":
            with Tallies() as manager:
                print(manager.Tally().total)
        """)
    seen = explained(program, tmp_path, "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("not_through_proxy", "confirmed")
    assert seen.first.where == "program.py:13"
    assert "`Tally.total`" in seen.first.title


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
def test_what_a_subclass_adds_and_its_librarys_class_does_not_pickle_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import multiprocessing
        from multiprocessing.queues import Queue

        class Tracked(Queue):
            def __init__(self):
                super().__init__(ctx=multiprocessing.get_context())
                self.passed = multiprocessing.Value("i", 0)

            def put(self, item):
                self.passed.value += 1
                super().put(item)

        def work(queue):
            queue.put("done")

        if __name__ == "__main__":
            queue = Tracked()
            child = multiprocessing.Process(target=work, args=(queue,))
            child.start()
            child.join()
            print(queue.passed.value, child.exitcode)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("lost_by_pickling", "confirmed")
    assert seen.first.where == "program.py:7"
    assert "`Tracked.passed`" in seen.first.title


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


@pytest.mark.wide
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


def test_where_a_program_ends_at_what_it_cannot_hand_over_nothing_is_tried(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Process

        if __name__ == "__main__":
            child = Process(target=lambda: None)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert seen.run.experiments == ()
    assert (seen.first.mechanism, seen.first.where) == ("unpicklable", "program.py:5")


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


@pytest.mark.wide
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
def test_what_a_class_leaves_out_when_it_is_pickled_is_shown_at_its_method(
    write: Write, tmp_path: Path
) -> None:
    """Nothing is raised: the child has an empty list of what its parent has filled."""
    program = write("""\
        from multiprocessing import Process, SimpleQueue

        class Basket:
            def __init__(self):
                self.items = []
                self.owner = "ada"

            def __reduce__(self):
                return Basket, ()

        class Order:
            def __init__(self, basket):
                self.basket = basket

            def count(self, results):
                results.put(len(self.basket.items))

        if __name__ == "__main__":
            basket = Basket()
            basket.items += ["bread", "salt"]
            results = SimpleQueue()
            child = Process(target=Order(basket).count, args=(results,))
            child.start()
            child.join()
            print(results.get(), "items")
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"left out"}
    assert (seen.first.mechanism, seen.first.grade) == ("lost_by_pickling", "confirmed")
    assert seen.first.where == "program.py:8"
    assert "`Basket.items` is lost" in seen.first.title


@pytest.mark.wide
def test_what_a_descriptor_keeps_of_an_object_is_lost_when_that_is_pickled(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import weakref
        from multiprocessing import Process

        class Option:
            def __init__(self):
                self.values = weakref.WeakKeyDictionary()

            def __get__(self, owner, kind):
                return self.values.get(owner, 1)

            def __set__(self, owner, value):
                self.values[owner] = value

        class Job:
            size = Option()

        def work(job):
            print(job.size)

        if __name__ == "__main__":
            job = Job()
            job.size = 3
            child = Process(target=work, args=(job,))
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("lost_by_pickling", "confirmed")
    assert seen.first.where == "program.py:11"
    assert "`Job.size` is lost" in seen.first.title


@pytest.mark.wide
def test_of_an_object_that_is_looked_up_nothing_is_lost(write: Write, tmp_path: Path) -> None:
    """It is pickled by its key: children lack what the parent has filled the table with."""
    program = write("""\
        from multiprocessing import Process

        UNITS = {}

        def unit(name):
            return UNITS[name]

        class Unit:
            def __init__(self, name, factor):
                self.name = name
                self.factor = factor

            def __reduce__(self):
                return unit, (self.name,)

        def load():
            for name, factor in (("km", 1000), ("cm", 0.01)):
                UNITS[name] = Unit(name, factor)

        def work(length, unit):
            print(length * unit.factor)

        if __name__ == "__main__":
            load()
            child = Process(target=work, args=(2, unit("km")))
            child.start()
            child.join()
            raise SystemExit(child.exitcode)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:24"


@pytest.mark.wide
def test_a_destructor_that_runs_as_the_child_s_interpreter_ends_is_shown(
    write: Write, tmp_path: Path
) -> None:
    """An experiment must not keep alive what is destroyed in its absence."""
    program = write("""\
        import os
        import shutil
        import tempfile
        from multiprocessing import Process

        class Workspace:
            def __init__(self):
                self.path = tempfile.mkdtemp()

            def __del__(self):
                shutil.rmtree(self.path, ignore_errors=True)

        def build(workspace, part):
            open(os.path.join(workspace.path, part), "w").close()

        def main():
            workspace = Workspace()
            for part in ("head", "body"):
                child = Process(target=build, args=(workspace, part))
                child.start()
                child.join()
            print(sorted(os.listdir(workspace.path)))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("destructor_again", "confirmed")
    assert seen.first.where == "program.py:10"
