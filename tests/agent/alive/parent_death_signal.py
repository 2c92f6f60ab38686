# The child is killed when the thread that started it ends; the main thread waits for the child.
import ctypes
import os
import signal
import threading
import time

started = []


def start():
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        os.read(os.pipe()[0], 1)
    started.append(child)
    time.sleep(1.2)


thread = threading.Thread(target=start)
thread.start()
while not started:
    time.sleep(0.01)
assert os.waitpid(started[0], 0)[1] == signal.SIGKILL
