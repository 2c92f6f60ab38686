"""End a child that hangs, in Unix's way where there is one."""

# python: wine-3.12
import os
import signal
import sys
from multiprocessing import Event, Process

try:
    import resource
except ImportError:
    resource = None


def serve(ready):
    if sys.platform != "win32":
        os.setsid()
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    ready.set()
    Event().wait()


if __name__ == "__main__":
    ready = Event()
    child = Process(target=serve, args=(ready,))
    child.start()
    ready.wait()
    child.kill()
    child.join()
    print("ended")
