"""The failures that depend on the start method."""

import multiprocessing
import os

import pytest
from shop import work


def test_lock_held_at_fork():
    with work.LOCK:
        process = multiprocessing.Process(target=work.locked)
        process.start()
        process.join()


def test_changed_global():
    work.RATES["USD"] = 0.92
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=work.send_rate, args=(results,))
    process.start()
    assert results.get() == 0.92
    process.join()


def test_local_function():
    process = multiprocessing.Process(target=lambda: None)
    process.start()
    process.join()


def test_crash():
    if multiprocessing.get_start_method() == "spawn":
        os.abort()


@pytest.mark.start_methods("fork", "spawn", xfail={"fork": "hang"}, strict=True)
def test_known_hang():
    with work.LOCK:
        process = multiprocessing.Process(target=work.locked)
        process.start()
        process.join()
