# outside
# verdict: proven, assuming that no process outside opens what the job waits for by its name or number
# waits: main (1) and the child (2) for a post that only they could make
# Two processes wait for a semaphore with a name of the program's own.
import ctypes
import os
import sys
import time

name = ("/startlab-dead-" + os.path.basename(sys.argv[1])).encode()
try:
    libc = ctypes.CDLL("libpthread.so.0", use_errno=True)
    libc.sem_open
except (OSError, AttributeError):
    libc = ctypes.CDLL(None, use_errno=True)
libc.sem_open.restype = ctypes.c_void_p
libc.sem_wait.argtypes = [ctypes.c_void_p]


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


if sys.argv[2:] == ["outside"]:  # removes what is left in the end
    if os.fork() == 0:
        while os.path.exists(sys.argv[1]):
            time.sleep(0.1)
        libc.sem_unlink(name)
    sys.exit()
semaphore = libc.sem_open(name, os.O_CREAT, 0o600, 0)
assert semaphore
if os.fork() == 0:
    last_words()
    libc.sem_wait(semaphore)  # (2)
libc.sem_wait(semaphore)  # (1)
