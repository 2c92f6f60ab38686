# needs: 3.8
# A pool's thread spins, because its results are not taken; another thread will do something.
import multiprocessing
import threading
import time


class ServerError(Exception):
    def __init__(self, status, text):
        super().__init__("%s: %s" % (status, text))


def fail(_):
    raise ServerError(503, "unavailable")


def compute():
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        pass


if __name__ == "__main__":
    pool = multiprocessing.Pool(1)
    pool.map_async(fail, range(4), 1)
    thread = threading.Thread(target=compute)
    thread.start()
    thread.join()
    pool._worker_handler._state = pool._task_handler._state = "TERMINATE"
    multiprocessing.util._finalizer_registry.clear()
    for child in multiprocessing.active_children():
        child.kill()
