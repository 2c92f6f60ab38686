# needs: 3
# verdict: proven
# waits: two children (1) for a third party at the barrier, which nobody is; main (2) for them
# Two children come to a barrier for three.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(barrier):
    last_words()
    barrier.wait()  # (1)


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(3)
    children = [context.Process(target=work, args=(barrier,)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()  # (2)
