# A hundred threads wait for a lock, and one that sleeps releases it.
import threading
import time

lock = threading.Lock()
lock.acquire()


def work():
    with lock:
        pass


threads = [threading.Thread(target=work) for _ in range(100)]
for thread in threads:
    thread.start()
time.sleep(1.2)
lock.release()
for thread in threads:
    thread.join()
