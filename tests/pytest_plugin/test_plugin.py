"""`pytest --start-methods`, on suites whose failures are planted."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

pytestmark = [
    pytest.mark.native,
    pytest.mark.targets,
    pytest.mark.skipif(sys.platform != "linux", reason="hangs are proven on Linux alone"),
]

METHODS = ("fork", "forkserver", "spawn")
USERS = (
    "test_queue[a]", "test_queue[b]", "test_executor", "test_pool_of_a_fixture",
    "test_the_same_pool", "test_another_python", "TestCase.test_of_unittest",
    "test_context_of_the_module",
    "test_lock_held_at_fork", "test_changed_global", "test_local_function", "test_crash",
)  # fmt: skip
PLANTED = {
    "test_lock_held_at_fork[fork]",
    "test_changed_global[forkserver]",
    "test_changed_global[spawn]",
    "test_local_function[forkserver]",
    "test_local_function[spawn]",
    "test_crash[spawn]",
}
ONCE = [f"test_plain[{number}]" for number in range(20)]
ONCE += ["test_database", "test_own_choice", "test_output", "test_skipped"]
ONCE += ["src.shop.work.shop.work.double"]  # a doctest


def under(test: str, method: str) -> str:
    return f"{test[:-1]}-{method}]" if test.endswith("]") else f"{test}[{method}]"


EVERY = {
    *ONCE,
    *[under(test, method) for test in USERS for method in METHODS],
    "test_known_hang[fork]",
    "test_known_hang[spawn]",
}


def names(outcomes: dict[str, str]) -> set[str]:
    """Give the names of tests without those of their files."""
    return {re.sub(r"^tests\.test_\w+\.", "", test) for test in outcomes}


@pytest.mark.wide  # but on the oldest pytest that is supported, always
@pytest.mark.usefixtures("made_up")
def test_the_planted_failures_and_nothing_else(run: Run) -> None:
    """Also by two workers, and once it is known who uses multiprocessing."""
    first = run("--start-methods=all", "-n2")
    assert names(first.failed()) == PLANTED, first.text
    assert names(first.outcomes) == EVERY
    assert first.status == 1

    again = run("--start-methods=all")
    assert names(again.failed()) == PLANTED, again.text
    assert names(again.outcomes) == EVERY

    hang = again.details("test_lock_held_at_fork[fork]")
    assert "HANG" in hang
    assert "waits at src/shop/work.py:27 for a lock" in hang
    assert "src/shop/work.py:27 in locked" in hang
    assert "What to do Start the process outside of the lock." in hang
    assert "SIGABRT" in again.details("test_crash[spawn]")
    first = again.details("test_changed_global[forkserver]")
    changed = again.details("test_changed_global[spawn]")
    assert "What to do Give it to the children" in first
    assert "What to do" not in changed
    assert "Same as " in changed
    once = "Fails under forkserver and spawn: the children do not see the parent's change to"
    assert again.text.count(once) == 1
    assert "the children do not see the parent's change to `shop.work.RATES`" in changed

    assert "1 test chooses a start method itself: tests/test_jobs.py::test_own_choice" in again.text
    assert "test_lock_held_at_fork: hangs under fork, not under forkserver or spawn" in again.text
    assert "Ready for forkserver (3.14's default on Linux): no, 2 tests fail." in again.text
    assert "Ready for spawn (Windows and macOS): no, 3 tests fail." in again.text

    failed = run("--start-methods=all", "--lf", "--collect-only", "-q")
    assert set(failed.text.split()) >= {f"tests/test_planted.py::{each}" for each in PLANTED}


@pytest.mark.wide
def test_what_children_raise_is_told_where_a_helper_raises_the_same(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(
        jobs="""
        import sqlite3
        import threading
        from multiprocessing import Process

        base = sqlite3.connect(":memory:", check_same_thread=False)
        tenant = threading.local()

        def run(function):
            child = Process(target=function)
            child.start()
            child.join()
            if child.exitcode:
                raise RuntimeError("the job failed")

        def count():
            base.execute("select count(*) from entries")

        def name():
            print(tenant.name)
        """,
        test_jobs="""
        import jobs

        def test_count():
            jobs.base.execute("create table entries (name text)")
            jobs.run(jobs.count)

        def test_name():
            jobs.tenant.name = "acme"
            jobs.run(jobs.name)
        """,
    )
    said = run("--start-methods=fork,spawn")
    failed = {each.rpartition(".")[2] for each in said.failed()}
    assert failed == {"test_count[spawn]", "test_name[spawn]"}, said.text
    assert "no such table: entries at jobs.py:16" in said.text
    assert "has no attribute 'name' at jobs.py:19" in said.text
    assert "Have a cause in common" not in said.text


@pytest.mark.wide
def test_each_test_has_a_cause_of_its_own(pytester: pytest.Pytester, run: Run) -> None:
    """Fixtures, setUp() and other tests change more than a test uses."""
    pytester.makepyfile(
        ledger="""
        import multiprocessing
        import time

        LIMIT = 100
        PRICES = {"EUR": 1.0, "USD": 1.1}
        SETTINGS = {}

        class Plugin:
            registered = {}

            @classmethod
            def get(cls, name):
                return cls.registered[name]

        def fetch():
            return 1

        def total():
            return fetch() + 1

        def allowed(number):
            return number <= LIMIT

        def price(code):
            return PRICES[code]

        def url():
            return SETTINGS.get("url")

        def stamp():
            return time.time()

        def nothing():
            return 0

        def call(name):
            return Plugin.get(name)

        def rate():
            import rate_service
            return rate_service.rate

        class Client:
            def get(self):
                raise OSError("no connection")

        def page():
            return Client().get()

        DONE = multiprocessing.Value("i", 0)

        def count():
            DONE.value += 1

        def weigh():
            import scale_driver
            return scale_driver.weight
        """,
        helpers="""
        def without_prices(monkeypatch):
            monkeypatch.setattr("ledger.PRICES", {})
        """,
        conftest="""
        import sys

        import ledger
        import pytest

        @pytest.fixture
        def deep():
            before = sys.getrecursionlimit()
            sys.setrecursionlimit(9000)
            yield
            sys.setrecursionlimit(before)

        @pytest.fixture(autouse=True)
        def small(monkeypatch):
            monkeypatch.setattr(ledger, "LIMIT", 3)

        sys.modules["scale_driver"] = type(sys)("scale_driver")
        sys.modules["scale_driver"].weight = 5
        """,
        test_ledger="""
        import multiprocessing
        import sys
        import types
        import unittest
        from unittest import mock

        import helpers
        import ledger
        import pytest

        def apply(function, *args):
            with multiprocessing.Pool(1) as pool:
                return pool.apply(function, args)

        def usd():
            '''
            >>> ledger.PRICES["USD"] = 2
            >>> apply(ledger.price, "USD")
            2
            '''

        class Total(unittest.TestCase):
            def setUp(self):
                patcher = mock.patch("ledger.fetch", return_value=7)
                patcher.start()
                self.addCleanup(patcher.stop)

            def test_total(self):
                self.assertEqual(apply(ledger.total), 8)

        class TestPlugin:
            @classmethod
            def setup_class(cls):
                ledger.Plugin.registered["csv"] = ","

            def test_get(self):
                assert apply(ledger.Plugin.get, "csv") == ","

        @pytest.fixture(scope="module")
        def server():
            ledger.SETTINGS["url"] = "localhost"

        def test_url(server):
            assert apply(ledger.url) == "localhost"

        def test_limit():
            assert not apply(ledger.allowed, 5)

        def test_no_price(monkeypatch):
            monkeypatch.delitem(ledger.PRICES, "EUR")
            with pytest.raises(KeyError):
                apply(ledger.price, "EUR")

        def test_time():
            with mock.patch("time.time", return_value=0.0):
                assert apply(ledger.stamp) == 0.0

        def test_call():
            ledger.Plugin.registered["json"] = "{"
            assert apply(ledger.call, "json") == "{"

        def test_rate(monkeypatch):
            monkeypatch.setitem(sys.modules, "rate_service", types.SimpleNamespace(rate=3))
            assert apply(ledger.rate) == 3

        @mock.patch.object(ledger.Client, "get", lambda self: "page")
        def test_page():
            assert apply(ledger.page) == "page"

        def test_no_prices(monkeypatch):
            helpers.without_prices(monkeypatch)
            with pytest.raises(KeyError):
                apply(ledger.price, "USD")

        def test_count():
            apply(ledger.count)
            assert ledger.DONE.value == 1

        def depth(most):
            return most and 1 + depth(most - 1)

        def test_depth(deep):
            assert apply(depth, 3000) == 3000

        def test_other():
            expected = multiprocessing.get_start_method() == "spawn"
            assert apply(ledger.nothing) == expected

        def test_weight():
            assert apply(ledger.weigh) == 5
        """,
    )
    ran = run("--start-methods=fork,spawn", "--doctest-modules", "--log-cli-level=INFO")
    headings = r"^_+ (\S.*)\[spawn\] _+$|^1\. Fails under spawn: (.*)$"
    told = [test or cause for test, cause in re.findall(headings, ran.text, re.MULTILINE)]
    change = "the children do not see the parent's change to"
    here = "in the parent, not in its children"
    assert dict(zip(told[::2], told[1::2], strict=True)) == {
        "[doctest] test_ledger.usd": f"{change} `ledger.PRICES`, which shows at test_ledger.py:17",
        "Total.test_total": f"`ledger.fetch` is patched at test_ledger.py:24 {here}",
        "TestPlugin.test_get": f"{change} `ledger.Plugin.registered` at test_ledger.py:34",
        "test_url": f"{change} `ledger.SETTINGS` at test_ledger.py:41",
        "test_limit": f"`ledger.LIMIT` is patched at conftest.py:15 {here}",
        "test_no_price": f"`ledger.PRICES['EUR']` is patched at test_ledger.py:50 {here}",
        "test_time": f"`time.time` is patched at test_ledger.py:55 {here}",
        "test_call": f"{change} `ledger.Plugin.registered` at test_ledger.py:59",
        "test_rate": "the module `rate_service` is put into `sys.modules` at test_ledger.py:63 "
        + here,
        "test_page": f"`ledger.Client.get` is patched at test_ledger.py:66 {here}",
        "test_no_prices": f"`ledger.PRICES` is patched at helpers.py:2 {here}",
        "test_count": "every child makes its own `Value()` at ledger.py:50",
        "test_depth": "`sys.getrecursionlimit()` is 9000 in the parent, set at conftest.py:9, and "
        "1000 in its children",
        "test_weight": "the module `scale_driver` is put into `sys.modules` at conftest.py:17 "
        + here,
        "test_other": "the program raises AssertionError: assert 0 == True at test_ledger.py:87",
    }
    look_closer = re.findall(r"startlab run -- pytest '(.*)'", ran.text)
    assert look_closer == ["test_ledger.py::test_other"]


@pytest.mark.wide
def test_what_the_fork_server_has_had_since_its_start(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(
        """
        import multiprocessing
        import os

        def mode(path):
            os.close(os.open(path, os.O_CREAT))
            return os.stat(path).st_mode & 0o777

        def in_child(path):
            with multiprocessing.Pool(1) as pool:
                return pool.apply(mode, (path,))

        def test_open_file(tmp_path):
            assert in_child(tmp_path / "file") == 0o755

        def test_own_file(tmp_path):
            before = os.umask(0o077)
            try:
                assert in_child(tmp_path / "file") == 0o700
            finally:
                os.umask(before)
        """
    )
    before = os.umask(0o022)
    try:
        ran = run("--start-methods=all")
    finally:
        os.umask(before)
    (found,) = re.findall(r"^1\. Fails under forkserver: (.*)$", ran.text, re.MULTILINE)
    assert re.sub("[a-z_]+.py", "test.py", found) == (
        "`os.umask()` is 0o77 in the parent, set at test.py:16, and 0o22 in its children"
    )


@pytest.mark.wide
def test_a_project_whose_modules_are_in_a_folder_of_their_own(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.mkdir("lib").joinpath("shop.py").write_text(
        "session = None\n\ndef connect(name):\n    global session\n    session = {'name': name}\n"
        "\ndef whoami():\n    return session['name']\n"
        "\nimport logging\n\nlog = logging.getLogger('shop')\n"
        "\ndef is_heard():\n    return bool(log.handlers)\n"
    )
    pytester.makepyfile(
        conftest="""
        import sys
        sys.path.insert(0, "lib")
        import pytest
        import shop

        @pytest.fixture
        def session():
            shop.connect("me")
            yield
            shop.session = None
        """,
        test_shop="""
        import logging
        import multiprocessing
        import shop

        def test_session(session):
            with multiprocessing.Pool(1) as pool:
                assert pool.apply(shop.whoami) == "me"

        def test_moved(tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            with multiprocessing.Pool(1) as pool:
                pool.apply(shop.connect, ("me",))

        def test_other_log():
            shop.log.addHandler(logging.NullHandler())
            shop.log.handlers.clear()

        def test_log():
            shop.log.addHandler(logging.NullHandler())
            with multiprocessing.Pool(1) as pool:
                assert pool.apply(shop.is_heard)
        """,
    )
    ran = run("--start-methods=fork,spawn")
    session, moved, log = re.findall(r"^1\. (.*)$", ran.text, re.MULTILINE)
    assert session.endswith("do not see the parent's change to `shop.session` at lib/shop.py:5")
    assert moved.endswith(
        "cannot import the module `shop`, which is lib/shop.py in the parent: it changes its "
        "working folder at test_shop.py:10"
    )
    assert "since logging is configured at test_shop.py:19," in log


@pytest.mark.wide
def test_a_test_is_chosen_by_its_method(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def resource():
            yield
            print("torn down", file=open("torn_down", "a"))
        """
    )
    pytester.makepyfile(
        test_it="""
        import multiprocessing
        import pytest

        @pytest.mark.start_methods("spawn", "fork")
        def test_marked(resource):
            assert multiprocessing.get_start_method() == "fork"

        @pytest.mark.parametrize("number", [1, 2])
        def test_uses(number):
            multiprocessing.Queue().close()

        def test_other():
            pass
        """
    )
    by_id = run("--start-methods=all", "test_it.py::test_marked[spawn]")
    assert by_id.outcomes == {"test_it.test_marked[spawn]": "failure"}
    by_word = run("--start-methods=all", "-k", "fork", "--collect-only", "-q")
    assert by_word.text.splitlines()[0] == "test_it.py::test_marked[fork]"
    first = run("--start-methods=fork,spawn", "-v", "-x")
    assert "test_it.py::test_marked[fork] PASSED" in first.text
    assert {int(each) for each in re.findall(r"\[ *(\d+)%\]", first.text)} <= set(range(101))
    assert first.failed() == {"test_it.test_marked[spawn]": "failure"}
    assert (pytester.path / "torn_down").read_text().splitlines() == 3 * ["torn down"]
    cached = pytester.path / ".pytest_cache/v/startlab/tests"
    users = ["test_it.py::test_marked", "test_it.py::test_uses[1]", "test_it.py::test_uses[2]"]
    assert json.loads(cached.read_text())["users"] == users
    listed = run("--start-methods=all", "--collect-only", "-q").text
    for method in multiprocessing.get_all_start_methods():
        assert f"test_it.py::test_uses[1-{method}]" in listed
    assert "test_it.py::test_other\n" in listed
    by_parameter = run("--start-methods=fork,spawn", "test_it.py::test_uses[2]")
    assert by_parameter.outcomes == {
        "test_it.test_uses[2-fork]": "passed",
        "test_it.test_uses[2-spawn]": "passed",
    }


@pytest.mark.parametrize("isolation", ["fork", pytest.param("fresh", marks=pytest.mark.wide)])
def test_a_process_for_each_test(pytester: pytest.Pytester, run: Run, isolation: str) -> None:
    pytester.makepyfile(
        test_it="""
        import multiprocessing
        import os
        import threading
        import pytest

        LOCK = threading.Lock()
        BEFORE = []

        @pytest.fixture(scope="session")
        def database():
            return []

        def locked():
            with LOCK:
                pass

        @pytest.mark.parametrize("number", [1, 2])
        def test_alone(number, database):
            BEFORE.append(number)
            database.append(number)
            assert BEFORE == database == [number]

        def test_hang():
            with LOCK:
                process = multiprocessing.Process(target=locked)
                process.start()
                process.join()

        def test_own():
            multiprocessing.get_context("spawn").Process(target=os.getpid).start()

        def test_crash():
            os.abort()
        """
    )
    ran = run("--start-methods=fork", f"--start-isolation={isolation}")
    assert ran.outcomes == {
        "test_it.test_alone[1]": "passed",
        "test_it.test_alone[2]": "passed",
        "test_it.test_hang[fork]": "failure",
        "test_it.test_own": "passed",
        "test_it.test_crash": "failure",
    }, ran.text
    assert "waits at test_it.py:14 for a lock" in ran.text
    assert "SIGABRT" in ran.details("test_crash")


def test_what_the_suite_itself_chooses_is_run_once(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeconftest("import multiprocessing\nmultiprocessing.set_start_method('spawn')\n")
    pytester.makepyfile(
        test_it="""
        import multiprocessing
        import os

        def test_it():
            process = multiprocessing.Process(target=os.getpid)
            process.start()
            process.join()
            assert multiprocessing.get_start_method() == "spawn"
        """
    )
    ran = run("--start-methods=all")
    assert ran.outcomes == {"test_it.test_it": "passed"}, ran.text
    assert "The suite itself chooses spawn at conftest.py:2" in ran.text


OF_ONE_METHOD = """\
    import multiprocessing

    if multiprocessing.get_start_method() == "fork":
        def test_forked():
            child = multiprocessing.Process(target=print)
            child.start()
            child.join()
            assert child.exitcode == {status}

    def test_each():
        multiprocessing.SimpleQueue()
"""


@pytest.mark.wide
def test_what_a_file_defines_for_one_start_method_alone_is_skipped_under_others(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(test_methods=OF_ONE_METHOD.format(status=7))
    failed = run("--start-methods=all")
    assert "test_forked: fails under fork\n" in failed.text
    pytester.makepyfile(test_methods=OF_ONE_METHOD.format(status=0))
    ran = run("--start-methods=all")
    assert ran.status == 0, ran.text
    assert {test for test, how in ran.outcomes.items() if how == "skipped"} == {
        "test_methods.test_forked[forkserver]",
        "test_methods.test_forked[spawn]",
    }


def test_a_hang_at_the_end_of_the_child_is_an_item_of_its_own(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makepyfile(
        test_it="""
        import multiprocessing
        import threading

        def forever(reader):
            reader.recv()

        def test_it():
            ends = multiprocessing.Pipe()
            process = multiprocessing.Process(target=forever, args=ends[:1])
            process.start()  # and is not ended: multiprocessing waits for it at the exit
        """
    )
    ran = run("--start-methods=fork")
    assert ran.failed() == {"startlab.exit[fork]": "failure"}, ran.text
    assert ran.outcomes["test_it.test_it[fork]"] == "passed"
    assert "waits for the end of its child" in ran.details("exit[fork]")


def test_other_plugins_options(pytester: pytest.Pytester, run: Run) -> None:
    """Limits of pytest-timeout hold in the child; teardown errors, warnings and output arrive."""
    pytester.makepyfile(
        test_first="""
        import pytest

        @pytest.fixture(scope="module")
        def resource():
            yield
            raise ValueError("module teardown")

        def test_first(resource):
            print("said by the test")
        """,
        test_slow="""
        import time
        import warnings
        import pytest

        @pytest.mark.timeout(1)
        def test_slow():
            warnings.warn("careful")
            while True:
                time.sleep(0.01)
        """,
        test_unittest="""
        import asyncio
        import unittest

        class Case(unittest.IsolatedAsyncioTestCase):
            async def test_of_nothing(self):
                await asyncio.get_running_loop().create_future()

            def test_subtests(self):
                for number in range(2):
                    with self.subTest(number=number):
                        self.assertEqual(number, 0)
        """,
    )
    ran = run("--start-methods=fork", "--timeout=200", "--durations=3")
    assert ran.failed() == {
        "test_first.test_first": "error",
        "test_slow.test_slow": "failure",
        "test_unittest.Case.test_of_nothing": "failure",
        "test_unittest.Case.test_subtests": "failure",
    }
    assert "HANG: not over after" in ran.details("test_slow")
    hang = ran.details("Case.test_of_nothing")
    assert "`await asyncio.get_running_loop().create_future()` at test_unittest.py:6" in hang
    assert "said by the test" in ran.text
    assert "module teardown" in ran.text


@pytest.mark.wide
def test_what_pytest_captures_by_is_no_cause(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(
        test_it="""
        import multiprocessing
        import sys

        def work():
            if multiprocessing.get_start_method() == "spawn":
                multiprocessing.Event().wait()

        def test_it():
            process = multiprocessing.Process(target=work)
            process.start()
            process.join(1 if multiprocessing.get_start_method() == "spawn" else None)
            process.terminate()
            process.join()
            sys.stderr.write("terminated")
            assert process.exitcode == 0, "terminated"
        """
    )
    ran = run("--start-methods=fork,spawn")
    assert ran.failed() == {"test_it.test_it[spawn]": "failure"}
    assert "_pytest.capture" not in ran.details("test_it[spawn]")


def test_a_project_that_does_not_ask_pays_nothing(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makepyfile(
        test_it="""
        import sys

        def test_it():
            heavy = {"startlab.pytest_plugin.suite", "startlab.model", "msgspec", "multiprocessing"}
            assert not heavy & set(sys.modules)
        """
    )
    assert run("-p", "no:xdist", "-p", "no:hypothesispytest").outcomes == {
        "test_it.test_it": "passed"
    }


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--start-methods=thread"], "there is no start method 'thread'"),
        (["--start-methods=,"], "name one at least, or all"),
        (["--start-methods=all", "-o", "start_methods_timeout=soon"], "not a number of seconds"),
    ],
)
def test_a_mistake_is_explained(
    pytester: pytest.Pytester, run: Run, args: list[str], said: str
) -> None:
    pytester.makepyfile(test_it="def test_it(): pass")
    ran = run(*args)
    assert ran.status == pytest.ExitCode.USAGE_ERROR
    assert said in ran.text
    assert "Traceback" not in ran.text
