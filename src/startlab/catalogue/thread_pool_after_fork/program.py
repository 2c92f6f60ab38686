"""A module makes a thread pool and warms it up; a process of the program uses the same pool."""

from __future__ import print_function

from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Process

executor = ThreadPoolExecutor(max_workers=1)
executor.submit(int).result()  # its thread is running from here on


def resize(image):
    return "small " + image


def make_thumbnail():
    print(executor.submit(resize, "cat.png").result())


if __name__ == "__main__":
    process = Process(target=make_thumbnail)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
