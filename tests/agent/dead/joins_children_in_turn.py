# verdict: stuck
# waits: a child (2) for a lock that no thread of it could release; main (1) for it, every 0.1 s
# Main joins its children in turn, as long as one lives; they have inherited a held lock.
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
    workers = [multiprocessing.Process(target=work) for _ in range(2)]
    for each in workers:
        each.start()
    while any(each.is_alive() for each in workers):
        for each in workers:
            each.join(0.1)  # (1)
