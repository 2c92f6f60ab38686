# The first thread waits for a lock; another one beats in one and the same line, then releases it.
import threading
import time

lock = threading.Lock()
lock.acquire()


def beat():
    for _ in range(15):
        time.sleep(0.2)
    lock.release()


threading.Thread(target=beat).start()
lock.acquire()
