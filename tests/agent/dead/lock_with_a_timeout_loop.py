# needs: 3
# verdict: stuck
# waits: the child (1) for a lock, every 0.2 s anew, which main holds; main (2) for the child
# A child tries to take a lock again and again; main holds it while it joins the child.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(lock):
    last_words()
    while not lock.acquire(timeout=0.2):  # (1)
        pass


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    lock = context.Lock()
    with lock:
        process = context.Process(target=work, args=(lock,))
        process.start()
        process.join()  # (2)
