# needs: 3
# Two processes take two locks in opposite order.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(one, two, first, second):
    with two:
        second.set()
        first.wait()
        last_words()
        one.acquire()


if __name__ == "__main__":
    context = multiprocessing
    if hasattr(multiprocessing, "get_context"):
        context = multiprocessing.get_context("spawn")
    one, two = context.Lock(), context.Lock()
    first, second = context.Event(), context.Event()
    process = context.Process(target=work, args=(one, two, first, second))
    process.start()
    one.acquire()
    first.set()
    second.wait()
    two.acquire()
