# The clock wakes it: clock_nanosleep(2) until a time of day.
import ctypes
import time


class Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


until = Timespec(int(time.time()) + 2, 0)
assert ctypes.CDLL(None).clock_nanosleep(0, 1, ctypes.byref(until), None) == 0
