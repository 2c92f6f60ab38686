# needs: 3
# Asynchronous I/O waits for a timer and raises an eventfd; neither its ring nor the timer is open.
import ctypes
import os
import struct
import sys

SETUP, SUBMIT, CREATE, SETTIME = (
    (206, 209, 283, 286) if os.uname()[4] == "x86_64" else (0, 2, 85, 86)
)
libc = ctypes.CDLL(None, use_errno=True)
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
event = libc.eventfd(0, 0)
timer = libc.syscall(CREATE, 1, 0)
context = ctypes.c_ulong(0)
if libc.syscall(SETUP, 1, ctypes.byref(context)):
    print("skipped: asynchronous I/O is not allowed here")
    sys.exit(0)
spec = (ctypes.c_long * 4)(0, 0, 2, 0)
assert libc.syscall(SETTIME, timer, 0, ctypes.byref(spec), None) == 0
# linux/aio_abi.h: IOCB_CMD_POLL for POLLIN, which raises `event`
block = ctypes.create_string_buffer(
    struct.pack("=QIIHHIQQqQII", 0, 0, 0, 5, 0, timer, 1, 0, 0, 0, 1, event)
)
blocks = (ctypes.c_void_p * 1)(ctypes.addressof(block))
assert libc.syscall(SUBMIT, context, ctypes.c_long(1), blocks) == 1
os.close(timer)
for line in open("/proc/self/maps"):
    if "[aio]" in line:
        start, end = (int(each, 16) for each in line.split()[0].split("-"))
        assert libc.munmap(start, end - start) == 0
assert os.read(event, 8) == b"\1" + b"\0" * 7
