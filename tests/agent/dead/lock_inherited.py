# The child inherits a lock that is held, and nothing releases it.
import multiprocessing
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


lock = threading.Lock()


def work():
    last_words()
    lock.acquire()


if __name__ == "__main__":
    if hasattr(multiprocessing, "set_start_method"):
        multiprocessing.set_start_method("fork")
    lock.acquire()
    process = multiprocessing.Process(target=work)
    process.start()
    lock.release()
    process.join()
