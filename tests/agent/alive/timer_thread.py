# A timer's thread releases the lock that the main thread waits for.
import threading

lock = threading.Lock()
lock.acquire()
threading.Timer(1.2, lock.release).start()
lock.acquire()
