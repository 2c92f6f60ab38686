# needs: 3
# verdict: proven
# waits: the child (1) for an event that only main could set; main (2) for the child
# A child that was spawned waits for an event; main joins it and would set it only then.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(event):
    last_words()
    event.wait()  # (1)


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    event = context.Event()
    process = context.Process(target=work, args=(event,))
    process.start()
    process.join()  # (2)
    event.set()
