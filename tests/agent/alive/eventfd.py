# An eventfd is written by a thread that sleeps.
import ctypes
import os
import threading
import time

fd = ctypes.CDLL(None).eventfd(0, 0)


def write():
    time.sleep(1.2)
    os.write(fd, b"\1" + b"\0" * 7)


threading.Thread(target=write).start()
os.read(fd, 8)
