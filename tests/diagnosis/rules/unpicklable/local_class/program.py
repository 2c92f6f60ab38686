"""Keep a clock in a manager whose class is one of a function."""

import time
from multiprocessing.managers import BaseManager


def make_manager():
    class Clocks(BaseManager):
        pass

    Clocks.register("monotonic", time.monotonic)
    return Clocks()


if __name__ == "__main__":
    manager = make_manager()
    # finds: unpicklable error forkserver spawn
    manager.start()
    print(float(str(manager.monotonic())) > 0)
    manager.shutdown()
