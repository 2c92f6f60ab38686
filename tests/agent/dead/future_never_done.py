# needs: 3
# verdict: proven
# waits: main (1) for a result of another thread, which waits (2) for a lock that main holds
# A task of an executor wants a lock that its caller holds while it waits for the result.
import concurrent.futures
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


lock = threading.Lock()


def work():
    last_words()
    with lock:  # (2)
        return 1


with concurrent.futures.ThreadPoolExecutor(1) as executor, lock:
    executor.submit(work).result()  # (1)
