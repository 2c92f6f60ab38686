# needs: 3.8
# A pool's thread spins, because its results are not taken; a worker of it writes to a pipe of its own.
import multiprocessing
import os
import time


class ServerError(Exception):
    def __init__(self, status, text):
        super().__init__("%s: %s" % (status, text))


def work(number):
    if number == 0:
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            sum(range(1000))
        os.write(write, b"x")
    raise ServerError(503, "unavailable")


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    read, write = os.pipe()
    pool = multiprocessing.Pool(2)
    pool.map_async(work, range(6), 1)
    os.read(read, 1)
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(0)
