# verdict: proven
# waits: the four threads (1) for an item that only this process could put; main (2) for them
# Four threads get from a queue, into which nobody puts anything.
import sys
import threading
import time

try:
    from queue import Queue
except ImportError:
    from Queue import Queue


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work():
    last_words()
    queue.get()  # (1)


queue = Queue()
threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads:
    each.start()
for each in threads:
    each.join()  # (2)
