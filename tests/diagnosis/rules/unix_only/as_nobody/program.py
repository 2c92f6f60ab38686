"""Have a worker give up the rights of root, if it has them."""

# python: wine-3.12

import os
from multiprocessing import Process


def work():
    # finds: unix_only error spawn
    if os.getuid() == 0:
        os.setuid(65534)
    print("worked")


if __name__ == "__main__":
    worker = Process(target=work)
    worker.start()
    worker.join()
    raise SystemExit(worker.exitcode)
