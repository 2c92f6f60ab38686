# verdict: deadlock
# who: child
# needs: pytest
import multiprocessing
import os
import sys

import pytest


def child(there):
    print("ready", file=sys.__stderr__, flush=True)
    os.write(1, b"ready\n")
    there.recv()  # here


def test_it():
    here, there = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(there,))
    process.start()
    process.join()


if __name__ == "__main__":
    sys.exit(pytest.main(["-s", "-c", os.devnull, "-p", "no:cacheprovider", "-p", "no:timeout", __file__]))
