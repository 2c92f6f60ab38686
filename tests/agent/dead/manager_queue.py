# pollers: >=3
# Everybody waits on the queue of a manager, whose server waits foreverybody.
import multiprocessing
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(queue):
    last_words()
    queue.get()


if __name__ == "__main__":
    manager = multiprocessing.Manager()
    queue = manager.Queue()
    process = multiprocessing.Process(target=work, args=(queue,))
    process.start()
    process.join()
