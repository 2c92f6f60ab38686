# An interval timer, armed before, whose signal the main thread's lock does not survive.
import os
import signal
import sys
import threading

signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
signal.setitimer(signal.ITIMER_REAL, 1.2)
if sys.version_info < (3,):
    # There a lock cannot be interrupted: wait for a child instead.
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_REAL, 1.2)
        os.read(os.pipe()[0], 1)
    os.waitpid(child, 0)
lock = threading.Lock()
lock.acquire()
thread = threading.Thread(target=lock.acquire)
thread.daemon = True
thread.start()
thread.join()
