# A thread sleeps, then ends; the main thread joins it, a second one waits for the lock it holds.
import threading
import time

lock = threading.Lock()


def hold():
    with lock:
        time.sleep(1.2)


threads = [threading.Thread(target=hold), threading.Thread(target=hold)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
