import multiprocessing
import os
import subprocess
import sys
import unittest
from concurrent.futures import ProcessPoolExecutor

import pytest
from shop import work


@pytest.mark.parametrize("number", range(20))
def test_plain(number):
    assert work.double(number) == 2 * number


def test_database(database):
    assert database.read_text() == ""
    database.write_text(f"{os.getpid()}\n")


@pytest.mark.parametrize("value", ["a", "b"])
def test_queue(value):
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=work.send, args=(results, value))
    process.start()
    assert results.get() == value
    process.join()


def test_executor():
    with ProcessPoolExecutor(1) as executor:
        assert executor.submit(work.double, 2).result() == 4


def test_pool_of_a_fixture(pool):
    assert pool.map(work.double, [1, 2]) == [2, 4]


def test_the_same_pool(pool):
    assert pool.apply(work.double, (3,)) == 6


def test_own_choice():
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=work.locked)
    process.start()
    process.join()
    assert process.exitcode == 0


def test_another_python():
    code = (
        "import multiprocessing, shop.work as w; multiprocessing.Process(target=w.locked).start()"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={**os.environ, "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}{os.pathsep}src"},
    )


def test_output(capsys):
    print("out")
    assert capsys.readouterr().out == "out\n"


class TestCase(unittest.TestCase):
    def setUp(self):
        self.results = multiprocessing.Queue()

    def test_of_unittest(self):
        for value in (1, 2):
            with self.subTest(value=value):
                process = multiprocessing.Process(target=work.send, args=(self.results, value))
                process.start()
                self.assertEqual(self.results.get(), value)
                process.join()


@pytest.mark.skip(reason="not today")
def test_skipped():
    raise AssertionError


CONTEXT = multiprocessing.get_context()


def test_context_of_the_module():
    process = CONTEXT.Process(target=work.locked)
    process.start()
    process.join()
    assert process.exitcode == 0
