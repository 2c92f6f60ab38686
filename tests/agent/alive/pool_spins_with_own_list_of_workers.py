# needs: 3.8
# assumes: no pool or manager has classes of the program's own
# A pool's thread spins over its list of workers, whose class is the program's own and acts later.
import multiprocessing
import multiprocessing.pool
import os
import time


class ServerError(Exception):
    def __init__(self, status, text):
        super().__init__("%s: %s" % (status, text))


def fail(_):
    raise ServerError(503, "unavailable")


class Workers(list):
    def __len__(self):
        if time.monotonic() > until:
            os.write(write, b"x")
        return super().__len__()


class Watched(multiprocessing.pool.Pool):
    def _repopulate_pool(self):
        self._pool = Workers()
        super()._repopulate_pool()


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    read, write = os.pipe()
    until = time.monotonic() + 4
    pool = Watched(1, context=context)
    pool.map_async(fail, range(4), 1)
    os.read(read, 1)
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(0)
