# verdict: stuck
# waits: main (1) for the other thread, and that (2) for main; a third one (3) wakes up periodically
# Two threads take two locks in opposite order, beside one that prints without an end.
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
        one.acquire()  # (2)


def report():
    while True:
        print("working")
        sys.stdout.flush()
        time.sleep(0.05)  # (3)


for each in (work, report):
    threading.Thread(target=each).start()
one.acquire()
first.set()
second.wait()
two.acquire()  # (1)
