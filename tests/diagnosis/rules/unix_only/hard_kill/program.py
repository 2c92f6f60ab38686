"""Kill a worker that takes too long."""

# python: wine-3.12

import os
import signal
import time
from multiprocessing import Process


def work():
    time.sleep(600)


def give_up(process):
    # finds: unix_only error spawn
    os.kill(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    process = Process(target=work, daemon=True)
    process.start()
    give_up(process)
    process.join()
    print("given up")
