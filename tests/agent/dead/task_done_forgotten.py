# needs: 3
# verdict: proven
# waits: main (1) for a task to be done; the child (2) for the next task, which only main could put
# A child takes a task from a JoinableQueue and does not say that it has done it.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(queue):
    queue.get()
    last_words()
    queue.get()  # (2)


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    queue = context.JoinableQueue()
    queue.put(1)
    process = context.Process(target=work, args=(queue,))
    process.daemon = True
    process.start()
    queue.join()  # (1)
