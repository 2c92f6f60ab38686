# verdict: stuck
# waits: the child (2) for a lock that no thread of it could release; main (1) for it, every 0.5 s
# Main joins a child for half a second, again and again; the child has inherited a held lock.
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
    lock.acquire()  # (2)


if __name__ == "__main__":
    if hasattr(multiprocessing, "set_start_method"):
        multiprocessing.set_start_method("fork")
    lock.acquire()
    process = multiprocessing.Process(target=work)
    process.start()
    while process.is_alive():
        process.join(0.5)  # (1)
