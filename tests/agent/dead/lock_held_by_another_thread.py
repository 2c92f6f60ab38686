# The child inherits a lock that another thread held at the fork.
import os
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


lock = threading.Lock()
held, go = threading.Event(), threading.Event()


def hold():
    with lock:
        held.set()
        go.wait()


thread = threading.Thread(target=hold)
thread.start()
held.wait()
child = os.fork()
if child == 0:
    last_words()
    lock.acquire()
go.set()
thread.join()
os.waitpid(child, 0)
