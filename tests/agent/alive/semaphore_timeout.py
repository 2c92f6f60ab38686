# The clock wakes it: a semaphore shared between processes, with a timeout.
import multiprocessing

lock = multiprocessing.Lock()
lock.acquire()
assert not lock.acquire(True, 1.2)
