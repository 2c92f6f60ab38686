"""How children import the program, and what runs then, as experiments show it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.engine.experiments.explained import LINUX, explained

if TYPE_CHECKING:
    from tests.conftest import Write

pytestmark = LINUX


@pytest.mark.wide
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


@pytest.mark.wide
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
def test_the_fewest_modules_of_a_package_that_children_do_not_import_are_named(
    write: Write, tmp_path: Path
) -> None:
    """Children do not import `__main__.py`: they have the package once a task needs it."""
    write("", "shop/__init__.py")
    write("prices = {}\n", "shop/prices.py")
    write("from .prices import prices\nprices['pear'] = 2\n", "shop/fruit.py")
    write("from .prices import prices\nprices['nut'] = 1\n", "shop/nuts.py")
    write("from .prices import prices\ndef ask(name):\n    return prices[name]\n", "shop/till.py")
    program = write(
        """\
        import importlib
        from multiprocessing import Pool

        from . import till

        def main():
            for name in ("fruit", "nuts"):
                importlib.import_module(f"shop.{name}")
            with Pool(1) as pool:
                print(pool.map(till.ask, ["pear", "nut"]))

        if __name__ == "__main__":
            main()
        """,
        "shop/__main__.py",
    )
    seen = explained(program.parents[1] / "-m shop", tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("imported_by_parent", "confirmed")
    assert seen.first.where == "shop/__main__.py:8"
    assert "`shop.fruit` and `shop.nuts`" in seen.first.title


@pytest.mark.wide
@pytest.mark.parametrize("by", ["module", "main"])
def test_what_is_printed_by_an_import_is_shown_where_it_is(
    by: str, write: Write, tmp_path: Path
) -> None:
    """Of the main module's own statements the one that prints is found by leaving it out."""
    says = 'print("loaded")\n'
    write(f"{says if by == 'module' else 'pass'}\nWEIGHT = 3\n", "model.py")
    program = write(
        """\
        import multiprocessing
        import model
        #
        def work(value):
            print(value * model.WEIGHT)

        if __name__ == "__main__":
            child = multiprocessing.Process(target=work, args=(2,))
            child.start()
            child.join()
        """.replace("#", says if by == "main" else "pass")
    )
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("main_runs_again", "confirmed")
    assert seen.first.where == ("model.py:1" if by == "module" else "program.py:3")
    assert seen.kinds() == {"printed" if by == "module" else "statement"}


@pytest.mark.wide
def test_a_path_object_that_the_fork_server_cannot_be_told_is_shown_where_it_is_added(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import pathlib
        import sys
        from concurrent.futures import ProcessPoolExecutor

        sys.path.append(pathlib.Path(__file__).parent / "plugins")

        def double(value):
            return 2 * value

        if __name__ == "__main__":
            with ProcessPoolExecutor(1) as executor:
                print(list(executor.map(double, [1, 2])))
        """)
    seen = explained(program, tmp_path, "fork", "forkserver")
    assert (seen.first.mechanism, seen.first.grade) == ("path_not_text", "confirmed")
    assert seen.first.where == "program.py:5"
    assert "PosixPath" in seen.first.title


@pytest.mark.wide
@pytest.mark.parametrize("asks", ["os.getppid()", "psutil.Process().parent().pid"])
def test_the_fork_server_taken_for_the_parent_is_shown(
    asks: str, write: Write, tmp_path: Path
) -> None:
    program = write(f"""\
        import os, sys
        from multiprocessing import Process
        sys.path.append({str(Path(psutil.__file__).parents[1])!r})
        import psutil

        def work(owner):
            if {asks} == owner:
                print("working")

        if __name__ == "__main__":
            child = Process(target=work, args=(os.getpid(),))
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path, "fork", "spawn", "forkserver")
    assert (seen.first.mechanism, seen.first.grade) == ("parent_is_fork_server", "confirmed")
    assert seen.first.where == "program.py:7"
    assert ("psutil.Process.ppid()" if "psutil" in asks else asks) in seen.first.title
    assert {each.cell.method for each in seen.first.cells} == {"forkserver"}


@pytest.mark.wide
@pytest.mark.parametrize(
    "asks",
    [
        "resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > 0",
        "os.waitpid(child.pid, 0)[1]",
    ],
)
def test_children_that_are_the_fork_servers_are_shown_where_the_program_asks_for_its_own(
    asks: str, write: Write, tmp_path: Path
) -> None:
    program = write(f"""\
        import os
        import resource
        from multiprocessing import Process, SimpleQueue

        def work(done):
            done.put(sum(i * i for i in range(300_000)))

        if __name__ == "__main__":
            done = SimpleQueue()
            child = Process(target=work, args=(done,))
            child.start()
            print(done.get())
            {"child.join()" if "resource" in asks else "pass"}
            print({asks})
        """)
    seen = explained(program, tmp_path, "fork", "spawn", "forkserver")
    assert (seen.first.mechanism, seen.first.grade) == ("children_of_fork_server", "confirmed")
    assert seen.first.where == "program.py:14"
    assert {each.cell.method for each in seen.first.cells} == {"forkserver"}


@pytest.mark.wide
def test_a_helper_of_multiprocessing_s_that_psutil_lists_is_told_from_the_children(
    write: Write, tmp_path: Path
) -> None:
    program = write(f"""\
        import sys
        from multiprocessing import Event, Process
        sys.path.append({str(Path(psutil.__file__).parents[1])!r})
        import psutil

        def work(done):
            done.wait()

        if __name__ == "__main__":
            done = Event()
            child = Process(target=work, args=(done,))
            child.start()
            running = len(psutil.Process().children())
            done.set()
            child.join()
            raise SystemExit(running != 1)
        """)
    seen = explained(program, tmp_path, "fork", "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("helper_among_children", "confirmed")
    assert seen.first.where == "program.py:13"


@pytest.mark.wide
def test_helpers_below_another_program_are_told_from_its_workers(
    write: Write, tmp_path: Path
) -> None:
    """A service that a fork server serves has its workers below that."""
    program = write(f"""\
        import multiprocessing
        import subprocess
        import sys
        sys.path.append({str(Path(psutil.__file__).parents[1])!r})
        import psutil

        def serve():
            ends = [multiprocessing.Pipe() for _ in range(2)]
            workers = [multiprocessing.Process(target=each.recv) for each, _ in ends]
            for worker in workers:
                worker.start()
            print("ready", flush=True)
            sys.stdin.readline()
            for _, end in ends:
                end.send("over")
            for worker in workers:
                worker.join()

        if __name__ == "__main__" and sys.argv[1:]:
            serve()
        elif __name__ == "__main__":
            command = [sys.executable, __file__, "serve"]
            pipes = {{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}}
            service = subprocess.Popen(command, text=True, **pipes)
            service.stdout.readline()
            workers = psutil.Process(service.pid).children(recursive=True)
            service.communicate("over")
            raise SystemExit(len(workers) != 2)
        """)
    seen = explained(program, tmp_path, "fork", "forkserver")
    assert (seen.first.mechanism, seen.first.grade) == ("helper_among_children", "confirmed")
    assert seen.first.where == "program.py:26"


@pytest.mark.wide
def test_what_waits_until_psutil_lists_no_child_is_told_that_helpers_are_listed(
    write: Write, tmp_path: Path
) -> None:
    program = write(f"""\
        import sys
        from multiprocessing import Event, Process
        sys.path.append({str(Path(psutil.__file__).parents[1])!r})
        import psutil

        def work(done):
            done.wait()

        if __name__ == "__main__":
            done = Event()
            child = Process(target=work, args=(done,))
            child.start()
            for end in (done.set, child.join, lambda: sys.exit("children are left")):
                if psutil.Process().children():
                    end()
        """)
    seen = explained(program, tmp_path, "fork", "forkserver")
    assert (seen.first.mechanism, seen.first.grade) == ("helper_among_children", "confirmed")
    assert seen.first.where == "program.py:14"


@pytest.mark.wide
def test_children_that_psutil_lists_are_shown_to_be_the_fork_servers(
    write: Write, tmp_path: Path
) -> None:
    program = write(f"""\
        import sys
        from multiprocessing import Event, Process
        sys.path.append({str(Path(psutil.__file__).parents[1])!r})
        import psutil

        def work(done):
            done.wait()

        if __name__ == "__main__":
            done = Event()
            child = Process(target=work, args=(done,))
            child.start()
            found = [each.pid for each in psutil.Process().children()]
            print(child.pid in found)
            done.set()
            child.join()
        """)
    seen = explained(program, tmp_path, "fork", "spawn", "forkserver")
    assert (seen.first.mechanism, seen.first.grade) == ("helper_among_children", "confirmed")
    assert "not the children that its fork server has forked" in seen.first.title
    assert seen.first.where == "program.py:13"


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


@pytest.mark.wide
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


@pytest.mark.wide
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
def test_what_takes_its_name_from_the_script_is_shown_to_know_another_one(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        import sys
        import threading
        from multiprocessing import Process

        class App:
            def __init__(self, name):
                self.lock = threading.Lock()
                file = getattr(sys.modules["__main__"], "__file__", None)
                self.name = os.path.basename(file or name) if name == "__main__" else name

        app = App(__name__)

        def serve():
            print("serving", app.name)

        if __name__ == "__main__":
            child = Process(target=serve)
            child.start()
            child.join()
        """)
    seen = explained(program, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("main_has_another_name", "confirmed")
    assert seen.first.where == "program.py:12"


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
def test_so_is_one_that_an_object_keeps(write: Write, tmp_path: Path) -> None:
    """Its path is longer than what is shown of it."""
    program = write("""\
        import os
        import tempfile
        from multiprocessing import Pool

        class Report:
            def __init__(self, folder):
                self.path = os.path.join(folder, "report")

            def add(self, line):
                with open(self.path, "a") as file:
                    file.write(line)

        report = Report(tempfile.mkdtemp(prefix="a-name-that-is-longer-than-what-is-shown-"))

        def job(number):
            report.add("job %d" % number)

        if __name__ == "__main__":
            with Pool(1) as pool:
                pool.map(job, [1, 2])
            print(os.path.getsize(report.path))
        """)
    seen = explained(program, tmp_path, "fork", "spawn")
    assert (seen.first.mechanism, seen.first.grade) == ("made_in_each_child", "confirmed")
    assert seen.first.where == "program.py:13"


@pytest.mark.wide
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


@pytest.mark.wide
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
def test_a_main_module_of_a_package_that_is_run_by_its_path_is_imported_by_children(
    write: Write, tmp_path: Path
) -> None:
    main = write(
        """\
        import os
        from multiprocessing import Process, SimpleQueue

        token = os.urandom(4).hex()

        def tell(queue):
            queue.put(token)

        if __name__ == "__main__":
            queue = SimpleQueue()
            child = Process(target=tell, args=(queue,))
            child.start()
            child.join()
            assert queue.get() == token
        """,
        "pack/__main__.py",
    )
    seen = explained(main, tmp_path)
    assert (seen.first.mechanism, seen.first.grade) == ("made_in_each_child", "confirmed")
    assert seen.first.where == "__main__.py:4"
    assert "do not import" not in seen.first.title


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


@pytest.mark.wide
def test_an_id_by_which_each_child_takes_itself_for_the_first_process_is_shown(
    write: Write, tmp_path: Path
) -> None:
    program = write("""\
        import os
        from multiprocessing import Pool

        class Log:
            first = os.getpid()

        def told(word):
            return word if os.getpid() == Log.first else "-" + word

        if __name__ == "__main__":
            with Pool(1) as pool:
                print(told("begin"), *pool.map(told, ["a", "b"]))
        """)
    seen = explained(program, tmp_path)
    assert seen.kinds() == {"process ids"}
    assert (seen.first.mechanism, seen.first.grade) == ("made_in_each_child", "confirmed")
    assert "takes itself for the first one" in seen.first.title
    assert seen.first.where == "program.py:5"
