# A timerfd becomes readable.
import ctypes
import os

libc = ctypes.CDLL(None)
fd = libc.timerfd_create(1, 0)
spec = (ctypes.c_long * 4)(0, 0, 1, 200000000)
assert libc.timerfd_settime(fd, 0, ctypes.byref(spec), None) == 0
assert len(os.read(fd, 8)) == 8
