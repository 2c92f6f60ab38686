"""What the parent has and its children lack: values, settings and calls, as experiments show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.experiments.explained import LINUX, explained

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write

pytestmark = LINUX


def test_a_setting_is_shown_with_what_it_is_in_parent_and_child(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import decimal
        from multiprocessing import Process

        def tax(amount):
            print(decimal.Decimal(amount) / 7)

        def settle(places):
            decimal.getcontext().prec = places

        if __name__ == "__main__":
            settle(5)
            child = Process(target=tax, args=(3,))
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where in ("program.py:8", "program.py:11")
    assert "`decimal.getcontext().prec` is 5 in the parent" in seen.first.text
    assert "and 28 in the child." in seen.first.text


@pytest.mark.wide
def test_a_file_that_only_the_parent_logs_to_is_shown(write: Write, tmp_path: Path) -> None:
    program = write("""\
        import logging
        from multiprocessing import Pool

        orders = logging.getLogger("shop.orders")

        def ship(order):
            orders.warning("shipped %d", order)

        def open_log():
            orders.addHandler(logging.FileHandler("orders.log"))

        if __name__ == "__main__":
            open_log()
            with Pool(1) as pool:
                pool.map(ship, range(3))
            with open("orders.log") as file:
                print("logged", len(file.readlines()))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where in ("program.py:10", "program.py:13")


@pytest.mark.wide
def test_a_profile_function_of_the_parent_is_shown_where_it_is_set(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import sys
        from multiprocessing import Process

        calls = []

        def count(frame, event, arg):
            if event == "call" and frame.f_code.co_name == "area":
                calls.append(event)

        def area():
            return 6

        def work():
            area()
            print(len(calls))

        if __name__ == "__main__":
            sys.setprofile(count)
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:18"


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
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
    assert "`clock.frozen()`" in seen.first.title


@pytest.mark.wide
@pytest.mark.parametrize(
    "sets",
    [
        "UNITS.crate = 12",
        "UNITS.units['crate'] = 12",
        "for name in ('crate',): UNITS.units[name] = 12",
    ],
)
def test_a_part_of_a_library_s_object_that_only_the_parent_sets_is_shown(
    sets: str, write: Write, tmp_path: Path
) -> None:
    write(
        """\
        import threading

        class Registry:
            def __init__(self):
                self.units = {}
                self.lock = threading.Lock()  # so that it cannot be pickled

            @property
            def crate(self):
                return self.units["crate"]

            @crate.setter
            def crate(self, weight):
                self.units["crate"] = weight
        """,
        "my-packages/scales.py",
    )
    program = write(f"""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import scales

        UNITS = scales.Registry()

        def work():
            print(UNITS.crate)

        def main():
            {sets}
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"calls"}
    assert (seen.first.grade, seen.first.where) == ("confirmed", "program.py:14")
    assert f"`{sets.rpartition(': ')[2]}` run in the children too" in seen.first.text


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


@pytest.mark.wide
def test_a_call_is_made_again_with_what_it_was_given_where_the_main_module_needs_its_statements(
    write: Write, tmp_path: Path
) -> None:
    """The argument is made on the spot: made again it is another one."""
    write(
        """\
        class Shelf:
            path = None

            def init(self, path):
                self.path = path

            def text(self):
                with open(self.path) as file:
                    return file.read()
        """,
        "my-packages/shelves.py",
    )
    program = write("""\
        import os
        import sys
        import tempfile
        from multiprocessing import Process

        sys.path.append("my-packages")

        import shelves

        SHELF = shelves.Shelf()
        TEXT = SHELF.text

        def work():
            print(SHELF.text())

        def main():
            SHELF.init(os.path.join(tempfile.mkdtemp(), "text"))
            with open(SHELF.path, "w") as file:
                file.write("a text")
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.first.grade == "confirmed"
    assert "`SHELF.init()` run in the children too" in seen.first.text


@pytest.mark.wide
@pytest.mark.parametrize("limits", ["LIMITS", "stores.LIMITS"])
def test_a_function_is_called_again_with_the_globals_that_it_was_given(
    limits: str, write: Write, tmp_path: Path
) -> None:
    """A copy of the library's object would not do: it is the global that the children use."""
    write(
        """\
        class Store:
            def __init__(self):
                self.__kept = {}

            def put(self, name, value):
                self.__kept[name] = value

            def take(self, name):
                return self.__kept[name]

        LIMITS = Store()
        """,
        "my-packages/stores.py",
    )
    program = write(
        """\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import stores

        LIMITS = stores.Store()

        def work():
            print({limits}.take("speed"))

        def fill(store, limits):
            for name, value in limits.items():
                store.put(name, value)

        def main():
            fill({limits}, {"speed": 30})
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main()
        """.replace("{limits}", limits)
    )
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"calls"}
    assert (seen.first.grade, seen.first.where) == ("confirmed", "program.py:18")
    assert "`fill()` run in the children too" in seen.first.text


@pytest.mark.wide
def test_what_a_call_made_again_was_given_stays(write: Write, tmp_path: Path) -> None:
    """It keeps weak references alone to what it is given."""
    program = write("""\
        import weakref
        from multiprocessing import Process

        HEARD = {}

        class Ear:
            def hear(self, text):
                return text.upper()

        def listen(name, method):
            HEARD[name] = weakref.WeakMethod(method)

        def work():
            print([HEARD[name]()("a bell") for name in HEARD])

        if __name__ == "__main__":
            ear = Ear()
            listen("left", ear.hear)
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.grade, seen.first.where) == ("confirmed", "program.py:18")
    assert "`listen()` run in the children too" in seen.first.text


@pytest.mark.wide
def test_what_a_library_knows_by_an_object_is_set_up_again_with_the_object(
    write: Write, tmp_path: Path
) -> None:
    """The object is a local of main(), and a pickled copy of it would not do."""
    write(
        """\
        import threading

        known = threading.local()

        class Printer:
            def __init__(self, name):
                self.lock = threading.Lock()
                self.name = name

            def load(self, paper):
                self.paper = paper

            def install(self):
                known.printer = self

        def send(text):
            return f"{known.printer.name} on {known.printer.paper}: {text}"
        """,
        "my-packages/prints.py",
    )
    program = write("""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import prints

        def work():
            print(prints.send("a letter"))

        def main(name):
            paper = "A4"
            printer = prints.Printer(name)
            printer.load(paper)
            printer.install()
            child = Process(target=work)
            child.start()
            child.join()
            raise SystemExit(child.exitcode)

        if __name__ == "__main__":
            main("laser")
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:15"
    assert "printer.install()" in seen.first.title


@pytest.mark.wide
def test_a_call_that_a_library_s_own_workers_do_not_make_is_shown_under_every_start_method(
    write: Write, tmp_path: Path
) -> None:
    write("", "my-packages/loky/__init__.py")
    write("", "my-packages/loky/backend/__init__.py")
    write(
        """\
        import multiprocessing.spawn
        import sys

        def get_preparation_data(name, init_main_module=True):
            return {"path": sys.path, "main": sys.modules["__main__"].__file__}

        def prepare(data, parent_sentinel=None):
            sys.path[:] = data["path"]
            multiprocessing.spawn._fixup_main_from_path(data["main"])
        """,
        "my-packages/loky/backend/spawn.py",
    )
    write(
        """\
        import pickle
        import subprocess
        import sys
        from multiprocessing import context, process

        from loky.backend import spawn

        class Process(process.BaseProcess):
            _start_method = None

        RUN = "import sys; sys.path.append(%r); from loky.backend import worker; worker.run()"

        def run():
            spawn.prepare(pickle.load(sys.stdin.buffer))
            sys.exit(pickle.load(sys.stdin.buffer)._bootstrap())

        def call(function):
            context.set_spawning_popen(call)
            given = pickle.dumps(spawn.get_preparation_data("worker"))
            given += pickle.dumps(Process(target=function))
            context.set_spawning_popen(None)
            subprocess.run([sys.executable, "-c", RUN % sys.path[-1]], input=given, check=True)
        """,
        "my-packages/loky/backend/worker.py",
    )
    write("weights = {}\n", "model.py")
    program = write("""\
        import sys

        sys.path.append("my-packages")

        import model
        from loky.backend import worker

        def load(weights):
            model.weights = weights

        def work():
            print(model.weights["apple"])

        def main():
            load({"apple": 3})
            worker.call(work)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"calls"}
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:15"
    assert "a way of its own, whatever the start method is" in seen.first.text


@pytest.mark.wide
def test_calls_that_children_need_together_are_named_whatever_a_library_calls_its_functions(
    write: Write, tmp_path: Path
) -> None:
    write(
        """
        class _Client:
            tags = handler = None

        _client = _Client()

        def _init(handler):
            _client.handler = handler
            _client.tags = {}

        init = _init

        def tag(**tags):
            if _client.tags is not None:
                _client.tags.update(tags)

        def capture(text):
            if _client.handler:
                _client.handler(text, _client.tags["at"])
        """,
        "my-packages/errors.py",
    )
    program = write("""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import errors

        def show(text, at):
            print(text, at)

        def work():
            errors.capture("lost")

        def main():
            errors.init(show)
            errors.tag(at="night")
            child = Process(target=work)
            child.start()
            child.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:15"
    assert "`errors.init()` and `errors.tag()` are called" in seen.first.title


@pytest.mark.wide
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
def test_a_call_of_ctypes_is_shown_where_the_parent_makes_it(write: Write, tmp_path: Path) -> None:
    """What it sets is in the C library alone: nothing of Python's differs."""
    program = write("""\
        import ctypes
        from multiprocessing import Process

        libc = ctypes.CDLL(None)

        def work():
            print(libc.rand())

        def main(seed):
            libc.srand(seed)
            child = Process(target=work)
            child.start()
            child.join()

        if __name__ == "__main__":
            main(7)
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert (seen.first.where, "`libc.srand()`" in seen.first.title) == ("program.py:10", True)


@pytest.mark.wide
def test_a_call_made_again_keeps_the_output_that_it_finds(write: Write, tmp_path: Path) -> None:
    """What it prints is not shown, but a handler that it makes writes to the child's output."""
    program = write("""\
        import logging
        import sys
        import warnings
        from multiprocessing import Process

        def work():
            warnings.warn("an old record", stacklevel=1)
            print("done", flush=True)

        def set_up():
            print("logging is set up")
            logging.getLogger("py.warnings").addHandler(logging.StreamHandler(sys.stdout))
            logging.captureWarnings(True)
            warnings.formatwarning = lambda message, *_, **__: str(message)

        if __name__ == "__main__":
            set_up()
            sys.stdout.flush()
            child = Process(target=work)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.grade, seen.first.where) == ("confirmed", "program.py:17")
    assert "`set_up()` run in the children too" in seen.first.text


@pytest.mark.wide
def test_an_initializer_that_is_called_instead_of_passed_is_told(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Pool

        RATE = LIMIT = None

        def set_up(rate, limit):
            global RATE, LIMIT
            RATE = rate
            LIMIT = limit

        def price(amount):
            return min(amount * RATE, LIMIT)

        if __name__ == "__main__":
            with Pool(1, initializer=set_up(2, 5)) as pool:
                print(pool.map(price, [1, 2, 3]))
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.where) == ("global_differs", "program.py:8")
    assert seen.first.title.endswith("change to `RATE` and `LIMIT` at program.py:8")
    assert "`initializer=set_up` and `initargs=`: program.py:14" in seen.first.advice


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
def test_a_mock_that_a_decorator_sets_is_shown_at_the_decorator(
    write: Write, tmp_path: Path
) -> None:
    """No statement of the program's sets it, and it cannot be given to a child."""
    write(
        """\
        def temperature():
            return 20
        """,
        "sensors.py",
    )
    program = write("""\
        from concurrent.futures import ProcessPoolExecutor
        from unittest import mock
        import sensors

        def read(number):
            return number + sensors.temperature()

        @mock.patch("sensors.temperature", return_value=1)
        def check(patched):
            with ProcessPoolExecutor(1) as executor:
                assert list(executor.map(read, [2, 3])) == [3, 4]

        if __name__ == "__main__":
            check()
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"as imported"}
    assert (seen.first.mechanism, seen.first.grade) == ("patched_in_parent", "confirmed")
    assert "`sensors.temperature`" in seen.first.title
    assert seen.first.where in ("program.py:8", "program.py:14")


@pytest.mark.wide
def test_what_cannot_be_pickled_is_taken_from_a_forked_child_again(
    write: Write, tmp_path: Path
) -> None:
    """A child of spawn finds no connection, as a forked one does that is rid of it."""
    write(
        """\
        import sqlite3

        class Store:
            database = None

        def open_store():
            Store.database = sqlite3.connect(":memory:")
            Store.database.execute("create table word (text)")
        """,
        "store.py",
    )
    program = write("""\
        from multiprocessing import Pool
        import store

        class Program:
            def __init__(self):
                store.open_store()

        def count(word):
            return store.Store.database.execute("select count(*) from word").fetchone()[0]

        if __name__ == "__main__":
            Program()
            with Pool(1) as pool:
                print(pool.map(count, ["a"]))
        """)
    seen = explained(program, tmp_path)
    assert seen.first.grade == "confirmed"
    assert seen.first.where is not None
    assert "open_store" in seen.first.title or "Store.database" in seen.first.title


@pytest.mark.wide
def test_a_method_that_the_program_adds_to_a_librarys_class_is_shown_where_it_does(
    write: Write, tmp_path: Path
) -> None:
    """It is a local function with a lock, which no child can be given."""
    program = write("""\
        import string, threading
        from multiprocessing import Pool

        class Letters:
            def __init__(self, greeting, lock):
                def greet(template):
                    with lock: return greeting + template.template

                string.Template.greet = greet

        def write(name):
            try:
                return string.Template(name).greet()
            except AttributeError:
                return "?"

        if __name__ == "__main__":
            Letters("Dear ", threading.Lock())
            with Pool(1) as pool:
                print(pool.map(write, ["Ada"]))
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"as imported"}
    assert "`string.Template.greet`" in seen.first.title
    assert (seen.first.grade, seen.first.where) == ("confirmed", "program.py:9")


@pytest.mark.wide
def test_a_method_that_a_librarys_object_has_inherited_is_called_again(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        from collections.abc import MutableMapping

        class Style(MutableMapping, dict):
            __getitem__, __setitem__, __delitem__ = dict.__getitem__, dict.__setitem__, None
            __iter__, __len__ = dict.__iter__, dict.__len__

        style = Style(dict(width=1))
        """,
        "my-packages/plots.py",
    )
    program = write("""\
        import sys
        from multiprocessing import Process

        sys.path.append("my-packages")

        import plots

        def draw():
            print("width", plots.style["width"])

        if __name__ == "__main__":
            plots.style.update({"width": 4})
            child = Process(target=draw)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("called_by_parent", "confirmed")
    assert seen.first.where == "program.py:12"


@pytest.mark.wide
def test_a_change_in_the_call_that_starts_the_child_is_shown_where_it_is(
    write: Write, tmp_path: Path
) -> None:
    write(
        """\
        from multiprocessing import Process

        PREFIXES = ["a/"]

        def check(path):
            print(path.startswith(tuple(PREFIXES)))

        def main(more):
            PREFIXES.extend(more)
            child = Process(target=check, args=("b/x",))
            child.start()
            child.join()
        """,
        "lists.py",
    )
    program = write("""\
        import lists

        if __name__ == "__main__":
            lists.main(["b/"])
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.where) == ("global_differs", "lists.py:9")


@pytest.mark.wide
def test_what_a_function_keeps_for_itself_is_shown_where_the_parent_adds_to_it(
    write: Write, tmp_path: Path
) -> None:
    """A call that changes a file helps children as well, but it is not what they lack."""
    program = write("""\
        from multiprocessing import Pool

        def memo(function):
            cache = {}

            def wrapper(path):
                if path not in cache:
                    cache[path] = function(path)
                return cache[path]

            return wrapper

        @memo
        def rate(path):
            with open(path) as file:
                return file.read()

        def put(text):
            with open("rate.txt", "w") as file:
                file.write(text)

        def price(item):
            return item, rate("rate.txt")

        def main():
            put("1.0")
            print(rate("rate.txt"))
            put("1.2")
            with Pool(1) as pool:
                print(pool.map(price, ["tea"]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:27"
    assert "`rate.cache`" in seen.first.title


@pytest.mark.wide
def test_what_a_parameter_is_by_default_is_shown_where_the_parent_adds_to_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from multiprocessing import Process

        class Names:
            @staticmethod
            def known(name=None, names=[]):
                if name is not None:
                    names.append(name)
                return names

        def work():
            print(Names.known())

        def main():
            Names.known("Ada")
            child = Process(target=work)
            child.start()
            child.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:14"
    assert "`Names.known.names`" in seen.first.title


@pytest.mark.wide
def test_a_call_that_changes_what_all_processes_have_in_common_is_no_cause(
    write: Write, tmp_path: Path
) -> None:
    """What the cause is, nothing here can see: how far a generator has come."""
    program = write("""\
        from multiprocessing import Pool

        read = (open("rate.txt").read() for _ in range(1))
        texts = (text for each in read for text in [each] * 5)

        def rate():
            return next(texts)

        def put(text):
            with open("rate.txt", "w") as file:
                file.write(text)

        def refresh():
            put("1.2")

        def price(item):
            return item, rate()

        def main():
            put("1.0")
            first = rate()
            refresh()
            with Pool(1) as pool:
                print(pool.map(price, ["tea"]), first)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert "`put()` is called at program.py:20 in the parent alone" not in seen.first.title


@pytest.mark.wide
def test_a_function_without_a_name_that_the_parent_sets_is_given_to_children(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import threading
        from multiprocessing import Pool

        def install(found):
            def note(args):
                found.append(str(args.exc_value))

            threading.excepthook = note

        errors = []

        def fetch():
            raise ValueError("broken")

        def work(_):
            thread = threading.Thread(target=fetch)
            thread.start()
            thread.join()
            return threading.excepthook.__name__

        def main():
            install(errors)
            with Pool(1) as pool:
                print(pool.map(work, [1]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:8"


@pytest.mark.wide
def test_what_is_registered_with_a_manager_is_shown_where_the_parent_does(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import queue
        import threading
        from multiprocessing import Process
        from multiprocessing.managers import BaseManager

        jobs, results = queue.Queue(), queue.Queue()

        class Queues(BaseManager):
            pass

        def serve():
            Queues.register("get_jobs", callable=lambda: jobs)
            Queues.register("get_results", callable=lambda: results)
            server = Queues(address=("127.0.0.1", 0), authkey=b"key").get_server()
            threading.Thread(target=server.serve_forever, daemon=True).start()
            return server.address

        def work(address):
            queues = Queues(address=address, authkey=b"key")
            queues.connect()
            queues.get_results().put(queues.get_jobs().get() ** 2)

        def main():
            address = serve()
            jobs.put(3)
            child = Process(target=work, args=(address,))
            child.start()
            child.join()
            if child.exitcode:
                raise SystemExit("the worker has failed")
            print(results.get())

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where in ("program.py:12", "program.py:13")


@pytest.mark.wide
def test_what_a_function_sets_of_the_standard_library_is_named_with_its_line(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import decimal
        import threading
        from decimal import Decimal
        from multiprocessing import Process

        def configure(digits):
            decimal.DefaultContext.prec = digits

        def work():
            thread = threading.Thread(target=lambda: print(Decimal(10) / 3))
            thread.start()
            thread.join()

        def main():
            configure(4)
            child = Process(target=work)
            child.start()
            child.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.where) == ("called_by_parent", "program.py:15")
    assert "In it: `decimal.DefaultContext.prec = digits` at program.py:7." in seen.first.text
    assert "If all are to have it: make this call in the children too" in seen.first.advice


@pytest.mark.wide
def test_a_time_zone_that_the_fork_server_does_not_know_is_shown_where_it_is_set(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        import time
        from multiprocessing import Process

        def work():
            print(time.strftime("%H:%M", time.localtime(0)))

        def run():
            child = Process(target=work)
            child.start()
            child.join()

        def main():
            run()
            os.environ["TZ"] = "JST-9"
            time.tzset()
            run()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path, "fork", "forkserver")
    assert (seen.first.mechanism, seen.first.grade) == ("environment_differs", "confirmed")
    assert seen.first.where == "program.py:15"


@pytest.mark.wide
def test_a_global_that_children_do_not_make_is_shown_at_the_condition(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import multiprocessing

        if multiprocessing.current_process().name == "MainProcess":
            # workers need not read it
            COMMON = frozenset({"letmein"})

        def check(password):
            return password in COMMON

        def main():
            with multiprocessing.Pool(1) as pool:
                print(pool.map(check, ["letmein", "swordfish"]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:3"
    assert "do not make `COMMON`" in seen.first.title


@pytest.mark.wide
def test_a_setting_that_makes_no_difference_by_experiment_is_not_suspected(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import decimal
        from multiprocessing import Process

        numbers = (number for number in range(5))

        def work():
            print(next(numbers), decimal.Decimal("0.5") * 2)

        def main():
            decimal.getcontext().prec = 9
            next(numbers)
            child = Process(target=work)
            child.start()
            child.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("output_differs", "unknown")


@pytest.mark.wide
def test_an_object_without_a_dictionary_is_shown_where_the_parent_sets_its_slots(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from dataclasses import dataclass
        from multiprocessing import Process

        @dataclass(slots=True)
        class Options:
            level: int = 1

        options = Options()

        def work():
            print(options.level)

        def main():
            options.level = 3
            child = Process(target=work)
            child.start()
            child.join()

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:14"


@pytest.mark.wide
def test_what_an_object_keeps_that_wraps_a_function_is_shown_where_the_parent_calls_it(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        from collections import UserDict
        from multiprocessing import Pool

        class Memo:
            def __init__(self, function):
                self.function = function
                self.cache = UserDict()

            def __call__(self, path):
                if path not in self.cache:
                    self.cache[path] = self.function(path)
                return self.cache[path]

        @Memo
        def rate(path):
            with open(path) as file:
                return file.read()

        def put(text):
            with open("rate.txt", "w") as file:
                file.write(text)

        def price(item):
            return item, rate("rate.txt")

        def main():
            put("1.0")
            print(rate("rate.txt"))
            put("1.2")
            with Pool(1) as pool:
                print(pool.map(price, ["tea"]))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:28"
    assert "`rate.cache`" in seen.first.title


@pytest.mark.wide
def test_a_way_to_pickle_that_only_the_parent_knows_is_the_cause_of_what_is_lost(
    write: Write, tmp_path: Path
) -> None:
    """What the class itself leaves out is not lost where the parent has registered another way."""
    program = write("""\
        import copyreg
        from multiprocessing import Pool

        class Money:
            def __init__(self, cents, currency="EUR"):
                self.cents, self.currency = cents, currency

            def __getstate__(self):
                return {"cents": self.cents}

            def __setstate__(self, state):
                self.__init__(**state)

        def pack(money):
            return Money, (money.cents, money.currency)

        def double(money):
            return Money(money.cents * 2, money.currency)

        def main():
            copyreg.pickle(Money, pack)
            with Pool(1) as pool:
                found = pool.apply(double, (Money(150, "CHF"),))
                print(found.cents, found.currency)

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("setting_differs", "confirmed")
    assert seen.first.where == "program.py:21"


@pytest.mark.wide
def test_what_a_class_knows_of_its_objects_by_weak_references_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import weakref
        from multiprocessing import Pool

        class Shape:
            known = weakref.WeakValueDictionary()

            def __init__(self, name, sides):
                self.sides = sides
                self.known[name] = self

        def sides(name):
            return Shape.known[name].sides

        def main():
            held = [Shape("nut", 6), Shape("roof", 3)]
            with Pool(1) as pool:
                print(pool.map(sides, ["nut", "roof"]), len(held))

        if __name__ == "__main__":
            main()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("global_differs", "confirmed")
    assert seen.first.where == "program.py:9"
