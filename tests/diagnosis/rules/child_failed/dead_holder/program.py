import os, signal
from multiprocessing import Lock, Process, Event


def hold(lock, ready):
    lock.acquire()
    ready.set()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    lock, ready = Lock(), Event()
    p = Process(target=hold, args=(lock, ready))
    p.start()
    ready.wait()
    p.join()
    # finds: holder_killed hang fork forkserver spawn
    with lock:
        print("mine")
