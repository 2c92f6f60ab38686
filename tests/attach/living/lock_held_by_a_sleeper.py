# wide
import threading
import time

lock = threading.Lock()
held = threading.Event()


def hold():
    with lock:
        held.set()
        time.sleep(120)


threading.Thread(target=hold).start()
held.wait()
print("ready", flush=True)
with lock:
    pass
