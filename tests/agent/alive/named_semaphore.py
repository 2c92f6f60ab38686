# outside
# assumes: no process outside opens what the job waits for by its name or number
# A process outside opens the semaphore by its name and posts it. maps calls it (deleted).
import ctypes
import os
import sys
import time

name = ("/startlab-test-" + os.path.basename(sys.argv[1])).encode()
ready = sys.argv[1] + "/ready"
try:
    libc = ctypes.CDLL("libpthread.so.0", use_errno=True)
    libc.sem_open
except (OSError, AttributeError):
    libc = ctypes.CDLL(None, use_errno=True)
libc.sem_open.restype = ctypes.c_void_p
libc.sem_post.argtypes = libc.sem_wait.argtypes = [ctypes.c_void_p]
if sys.argv[2:] == ["outside"]:
    while not os.path.exists(ready):
        time.sleep(0.01)
    time.sleep(1.2)
    semaphore = libc.sem_open(name, 0)
    assert semaphore
    libc.sem_post(semaphore)
else:
    semaphore = libc.sem_open(name, os.O_CREAT, 0o600, 0)
    assert semaphore
    open(ready, "w").close()
    assert libc.sem_wait(semaphore) == 0
    libc.sem_unlink(name)
