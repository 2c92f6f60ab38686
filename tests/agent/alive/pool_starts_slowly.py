# needs: 3.8
# The thread of a pool that replaces workers pickles, long, what it is to give the next one.
import multiprocessing
import threading
import time


class Slow:
    def __getstate__(self):
        if threading.current_thread() is not threading.main_thread():
            until = time.monotonic() + 2.5
            while time.monotonic() < until:
                pass
        return {"a": 1}


def nothing(_):
    pass


def work(number):
    return number


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    with multiprocessing.Pool(1, nothing, (Slow(),), maxtasksperchild=1) as pool:
        assert pool.map(work, range(2), 1) == [0, 1]
