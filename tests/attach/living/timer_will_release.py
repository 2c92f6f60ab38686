# wide
import threading

lock = threading.Lock()
lock.acquire()
threading.Timer(120, lock.release).start()
print("ready", flush=True)
lock.acquire()
