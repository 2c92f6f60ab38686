# Three threads take turns at the interpreter's lock.
import threading
import time

until = time.time() + 1.2


def work():
    while time.time() < until:
        sum(range(1000))


threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
