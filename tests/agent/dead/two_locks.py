# Two threads take two locks in opposite order.
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


one, two = threading.Lock(), threading.Lock()
first, second = threading.Event(), threading.Event()


def work():
    with two:
        second.set()
        first.wait()
        last_words()
        one.acquire()


thread = threading.Thread(target=work)
thread.start()
one.acquire()
first.set()
second.wait()
two.acquire()
