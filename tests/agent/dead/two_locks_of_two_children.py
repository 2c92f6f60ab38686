# needs: 3
# verdict: proven
# waits: the children (1, 2) for each other's lock; main (3) for one of them
# Two children take two locks in opposite order; main joins them.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(mine, other, begun, its):
    with mine:
        begun.set()
        its.wait()
        last_words()
        other.acquire()  # (1), (2)


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    one, two = context.Lock(), context.Lock()
    first, second = context.Event(), context.Event()
    children = [
        context.Process(target=work, args=(one, two, first, second)),
        context.Process(target=work, args=(two, one, second, first)),
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()  # (3)
