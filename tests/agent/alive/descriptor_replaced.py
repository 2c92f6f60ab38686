# The thread reads a timerfd; its number is, by now, that of a pipe of our own.
import ctypes
import os
import threading
import time

libc = ctypes.CDLL(None)
fd = libc.timerfd_create(1, 0)
spec = (ctypes.c_long * 4)(0, 0, 1, 500000000)
assert libc.timerfd_settime(fd, 0, ctypes.byref(spec), None) == 0
thread = threading.Thread(target=os.read, args=(fd, 8))
thread.start()
time.sleep(0.2)
read, write = os.pipe()
os.dup2(read, fd)
thread.join()
