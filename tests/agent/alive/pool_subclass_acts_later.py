# needs: 3
# assumes: no pool or manager has classes of the program's own
# Up to 3.7 a pool's thread naps and calls a method, which is the program's own and acts later.
import multiprocessing.pool
import os
import sys
import time

if sys.version_info >= (3, 8):
    print("skipped: no such loop since 3.8")
    sys.exit(0)


class Watched(multiprocessing.pool.Pool):
    def _maintain_pool(self):
        super(Watched, self)._maintain_pool()
        if time.time() > until:
            os.write(write, b"x")


if __name__ == "__main__":
    read, write = os.pipe()
    until = time.time() + 3.5
    pool = Watched(1)
    assert os.read(read, 1) == b"x"
    pool.terminate()
