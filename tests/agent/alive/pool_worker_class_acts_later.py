# needs: 3
# assumes: no pool or manager has classes of the program's own
# Up to 3.7 a pool's thread naps and asks its workers how they ended; their class acts later.
import multiprocessing
import multiprocessing.context
import os
import sys
import time

if sys.version_info >= (3, 8):
    print("skipped: no such loop since 3.8")
    sys.exit(0)


class Worker(multiprocessing.context.ForkProcess):
    @property
    def exitcode(self):
        if time.time() > until:
            os.write(write, b"x")
        return super(Worker, self).exitcode


class Context(multiprocessing.context.ForkContext):
    Process = Worker


if __name__ == "__main__":
    read, write = os.pipe()
    until = time.time() + 3.5
    pool = Context().Pool(1)
    assert os.read(read, 1) == b"x"
    pool.terminate()
