"""Which causes experiments confirm, and which not: chance, time, and other reasons to be well."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import startlab
from startlab.backends import interpreters
from startlab.diagnosis import diagnose
from startlab.engine import lab
from startlab.engine.experiments import budget
from tests.engine.experiments.explained import LINUX, explained

if TYPE_CHECKING:
    from collections.abc import Callable

    from startlab.model import Method, Run
    from tests.conftest import Write

pytestmark = LINUX


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


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
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
            return self.trials >= 8 or super().is_over(to_come)

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


@pytest.mark.wide
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


@pytest.mark.wide
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


@pytest.mark.wide
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
