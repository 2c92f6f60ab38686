"""Limit the time of a task in a worker, by an alarm."""

# python: wine-3.12

import signal
from multiprocessing import Pool


def task(number):
    # finds: unix_only error spawn
    signal.alarm(10)
    try:
        return number + 1
    finally:
        signal.alarm(0)


if __name__ == "__main__":
    with Pool(1) as pool:
        print(pool.map(task, [1, 2]))
