"""Each process makes its own pool, at the first use."""

from __future__ import print_function

import os
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Process

executors = {}


def executor():
    if os.getpid() not in executors:  # never made, or made by the process that was forked
        executors[os.getpid()] = ThreadPoolExecutor(max_workers=1)
    return executors[os.getpid()]


executor().submit(int).result()


def resize(image):
    return "small " + image


def make_thumbnail():
    print(executor().submit(resize, "cat.png").result())


if __name__ == "__main__":
    process = Process(target=make_thumbnail)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
