# The first thread has ended by itself (pthread_exit); another one goes on.
import ctypes
import os
import threading
import time


def work():
    time.sleep(1.5)
    os._exit(0)


thread = threading.Thread(target=work)
thread.start()
time.sleep(0.2)
ctypes.CDLL(None).syscall(60 if os.uname()[4] == "x86_64" else 93, 0)
