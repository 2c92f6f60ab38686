# needs: 3
# verdict: stuck
# waits: main (1) looks every 0.05 s for what only the child could put; that (2) waits for main
# Main asks a queue whether it is empty, and sleeps; the child waits to be told to put something.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(results, more):
    last_words()
    more.wait()  # (2)
    results.put(1)


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    results, more = context.SimpleQueue(), context.Event()
    context.Process(target=work, args=(results, more)).start()
    while results.empty():
        time.sleep(0.05)  # (1)
