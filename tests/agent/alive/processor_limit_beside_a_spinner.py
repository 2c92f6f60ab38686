# needs: 3.8
# RLIMIT_CPU ends a child, in which a pool's thread spins.
import multiprocessing
import os
import resource
import signal


class ServerError(Exception):
    def __init__(self, status, text):
        super().__init__("%s: %s" % (status, text))


def fail(_):
    raise ServerError(503, "unavailable")


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        pool = multiprocessing.Pool(1)
        pool.map_async(fail, range(4), 1)
        resource.setrlimit(resource.RLIMIT_CPU, (2, resource.RLIM_INFINITY))
        os.read(read, 1)
    assert os.waitpid(child, 0)[1] == signal.SIGXCPU
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:  # the worker has noticed, and ended
        pass
