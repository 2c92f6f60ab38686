# needs: 3
# The clock wakes it: a lock with a timeout.
import threading

lock = threading.Lock()
lock.acquire()
assert not lock.acquire(timeout=1.2)
