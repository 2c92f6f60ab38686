# needs: 3
# verdict: proven
# waits: the child (1) for a lock that a thread held at the fork; main (2) for the child
# A child is forked while another thread holds a recursive lock, which the child wants.
import os
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


lock = threading.RLock()
held, forked = threading.Event(), threading.Event()


def hold():
    with lock:
        held.set()
        forked.wait()


thread = threading.Thread(target=hold)
thread.start()
held.wait()
child = os.fork()
if child == 0:
    last_words()
    lock.acquire()  # (1)
forked.set()
thread.join()
os.waitpid(child, 0)  # (2)
