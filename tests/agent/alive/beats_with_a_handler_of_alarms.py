# A thread beats in an endless loop; an alarm, after a while, ends the wait of the first thread.
import os
import signal
import threading
import time

read, write = os.pipe()


def beat():
    while True:
        time.sleep(0.1)


signal.signal(signal.SIGALRM, lambda *_: os.write(write, b"x"))
thread = threading.Thread(target=beat)
thread.daemon = True
thread.start()
signal.alarm(8)
while True:
    try:
        os.read(read, 1)
        break
    except OSError:  # up to 3.4, a signal ends the call
        pass
