# ITIMER_REAL, which /proc does not show, kills the child; its end wakes the parent.
import os
import signal
import threading

child = os.fork()
if child == 0:
    signal.alarm(2 * int(os.environ.get("TIMES", 1)))
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
assert os.waitpid(child, 0)[1] == signal.SIGALRM
