# The handler of a signal that a sleeping child sends ends the wait.
import os
import signal
import time


class Called(Exception):
    pass


def call(*_):
    raise Called


signal.signal(signal.SIGUSR1, call)
if os.fork() == 0:
    time.sleep(1.2)
    os.kill(os.getppid(), signal.SIGUSR1)
    os._exit(0)
try:
    os.read(os.pipe()[0], 1)
except Called:
    pass
