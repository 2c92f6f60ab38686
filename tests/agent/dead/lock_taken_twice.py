# A thread waits for a lock that it holds.
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


lock = threading.Lock()
lock.acquire()
last_words()
lock.acquire()
