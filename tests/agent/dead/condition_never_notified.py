# needs: 3
# verdict: proven
# waits: the child (1) for a notification that only main could send; main (2) for the child
# A child waits for a condition of multiprocessing; main joins it instead of notifying.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(condition):
    with condition:
        last_words()
        condition.wait()  # (1)


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    condition = context.Condition()
    process = context.Process(target=work, args=(condition,))
    process.start()
    process.join()  # (2)
