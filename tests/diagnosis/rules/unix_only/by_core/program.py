"""Start a process for each core that may be used."""

# python: wine-3.12

import os
from multiprocessing import Process


def work(number):
    print("part", number)


if __name__ == "__main__":
    # finds: unix_only error spawn
    cores = len(os.sched_getaffinity(0))
    children = [Process(target=work, args=(number,)) for number in range(min(2, cores))]
    for child in children:
        child.start()
    for child in children:
        child.join()
