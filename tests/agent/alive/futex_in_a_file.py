# outside
# A process outside maps the same file and wakes the futex in it.
import ctypes
import mmap
import os
import sys
import time

place = sys.argv[1]
path = place + "/shared"
number = 202 if os.uname()[4] == "x86_64" else 98
libc = ctypes.CDLL(None)
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    file = open(path, "r+b")
    memory = mmap.mmap(file.fileno(), 4096)
    time.sleep(1.2)
    memory[:1] = b"x"
    word = ctypes.c_int.from_buffer(memory)
    assert libc.syscall(number, ctypes.byref(word), 1, 1, None) == 1
else:
    file = open(path, "w+b")
    file.write(b"\0" * 4096)
    file.flush()
    memory = mmap.mmap(file.fileno(), 4096)
    word = ctypes.c_int.from_buffer(memory)
    open(place + "/ready", "w").close()
    assert libc.syscall(number, ctypes.byref(word), 0, 0, None) == 0
    os.unlink(path)
