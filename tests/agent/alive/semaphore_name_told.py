# outside
# needs: 3
# assumes: no process outside is told the name
# A process outside was told the name of a lock of multiprocessing, and releases it.
import ctypes
import multiprocessing
import os
import sys
import time

place = sys.argv[1]
try:
    libc = ctypes.CDLL("libpthread.so.0", use_errno=True)
    libc.sem_open
except (OSError, AttributeError):
    libc = ctypes.CDLL(None, use_errno=True)
libc.sem_open.restype = ctypes.c_void_p
libc.sem_post.argtypes = [ctypes.c_void_p]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(2)
    semaphore = libc.sem_open(open(place + "/ready").read().encode(), 0)
    assert semaphore
    libc.sem_post(semaphore)
elif __name__ == "__main__":
    lock = multiprocessing.get_context("spawn").Lock()
    lock.acquire()
    with open(place + "/part", "w") as file:
        file.write(lock._semlock.name)
    os.rename(place + "/part", place + "/ready")
    lock.acquire()
