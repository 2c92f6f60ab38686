# A pool's thread waits, and another one computes in C, without the interpreter's lock.
import hashlib
import multiprocessing
import threading
import time


def compute(done):
    until = time.time() + 2.5
    while time.time() < until:
        hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2000000)
    done.release()


if __name__ == "__main__":
    pool = multiprocessing.Pool(1)
    done = threading.Semaphore(0)
    thread = threading.Thread(target=compute, args=(done,))
    thread.daemon = True
    thread.start()
    done.acquire()
    pool.terminate()
