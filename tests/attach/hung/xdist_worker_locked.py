# wide
# verdict: part
# who: pytest-xdist worker
# needs: xdist
# The master wakes every two seconds and asks the worker nothing.
import os
import sys
import threading

import pytest


def test_it():
    lock = threading.Lock()
    lock.acquire()
    with open(os.environ["READY"], "w") as file:
        file.write("ready")
    lock.acquire()  # here


if __name__ == "__main__":
    os.environ["READY"] = os.path.join(sys.argv[1], "ready")
    sys.exit(pytest.main(["-n", "2", "-c", os.devnull, "-p", "no:timeout", "-p", "no:cacheprovider", __file__]))
