# outside
# verdict: proven, assuming that no process outside opens what the job waits for by its name or number
# waits: main (1) and the child (2) for a System V semaphore that only they could raise
# Two processes wait for a System V semaphore without a key (IPC_PRIVATE).
import ctypes
import os
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)


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
        libc.semctl(number, 0, 0)
    sys.exit()
number = libc.semget(0, 1, 0o600)
assert number >= 0
with open(place + "/part", "w") as file:
    file.write(str(number))
os.rename(place + "/part", place + "/number")
if os.fork() == 0:
    last_words()
    libc.semop(number, struct.pack("Hhh", 0, -1, 0), 1)  # (2)
libc.semop(number, struct.pack("Hhh", 0, -1, 0), 1)  # (1)
