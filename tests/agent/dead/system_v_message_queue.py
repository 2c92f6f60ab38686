# outside
# verdict: proven, assuming that no process outside opens what the job waits for by its name or number
# waits: main (1) and the child (2) for a System V message queue that only they could send to
# Two processes wait for a System V message queue without a key (IPC_PRIVATE).
import ctypes
import os
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.msgrcv.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long, ctypes.c_int]
buffer = ctypes.create_string_buffer(16)


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


place = sys.argv[1]
if sys.argv[2:] == ["outside"]:  # removes what is left in the end
    if os.fork() == 0:
        number = None
        while os.path.exists(place):
            if os.path.exists(place + "/number"):
                number = int(open(place + "/number").read())
            time.sleep(0.1)
        libc.msgctl(number, 0, None)
    sys.exit()
number = libc.msgget(0, 0o600)
assert number >= 0
with open(place + "/part", "w") as file:
    file.write(str(number))
os.rename(place + "/part", place + "/number")
if os.fork() == 0:
    last_words()
    libc.msgrcv(number, buffer, 8, 0, 0)  # (2)
libc.msgrcv(number, buffer, 8, 0, 0)  # (1)
