# outside
# A process outside has opened the semaphore before its name was removed, and posts it.
import ctypes
import os
import sys
import time

name = ("/startlab-gone-" + os.path.basename(sys.argv[1])).encode()
place = sys.argv[1]
try:
    libc = ctypes.CDLL("libpthread.so.0", use_errno=True)
    libc.sem_open
except (OSError, AttributeError):
    libc = ctypes.CDLL(None, use_errno=True)
libc.sem_open.restype = ctypes.c_void_p
libc.sem_post.argtypes = libc.sem_wait.argtypes = [ctypes.c_void_p]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    semaphore = libc.sem_open(name, 0)
    assert semaphore
    open(place + "/opened", "w").close()
    time.sleep(1.5)
    libc.sem_post(semaphore)
else:
    semaphore = libc.sem_open(name, os.O_CREAT, 0o600, 0)
    assert semaphore
    open(place + "/ready", "w").close()
    while not os.path.exists(place + "/opened"):
        time.sleep(0.01)
    libc.sem_unlink(name)
    assert libc.sem_wait(semaphore) == 0
