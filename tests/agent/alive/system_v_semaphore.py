# outside
# assumes: no process outside opens what the job waits for by its name or number
# A process outside raises a System V semaphore.
import ctypes
import os
import sys
import time

place = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)


class Sembuf(ctypes.Structure):
    _fields_ = [("number", ctypes.c_ushort), ("operation", ctypes.c_short), ("flags", ctypes.c_short)]


if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(1.2)
    up = Sembuf(0, 1, 0)
    assert libc.semop(int(open(place + "/ready").read()), ctypes.byref(up), 1) == 0
else:
    semaphore = libc.semget(0, 1, 0o600)
    assert semaphore >= 0
    with open(place + "/part", "w") as file:
        file.write(str(semaphore))
    os.rename(place + "/part", place + "/ready")
    down = Sembuf(0, -1, 0)
    assert libc.semop(semaphore, ctypes.byref(down), 1) == 0
    libc.semctl(semaphore, 0, 0)
