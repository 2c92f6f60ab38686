# The first thread has ended by itself; the other one waits forever.
import ctypes
import os
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work():
    time.sleep(0.3)
    last_words()
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


threading.Thread(target=work).start()
ctypes.CDLL(None).syscall(60 if os.uname()[4] == "x86_64" else 93, 0)
