# verdict: proven, assuming that no process outside is told the number
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

number = libc.semget(0, 1, 0o600)
assert number >= 0
if os.fork() == 0:
    last_words()
    libc.semop(number, struct.pack("Hhh", 0, -1, 0), 1)  # (2)
libc.semop(number, struct.pack("Hhh", 0, -1, 0), 1)  # (1)
