import multiprocessing
import os
import signal


def fill(lock, begun):
    with lock:
        begun.set()
        os.kill(os.getpid(), signal.SIGKILL)  # as the OOM killer does


def read(lock, begun):
    begun.wait()
    # finds: holder_killed hang fork forkserver spawn
    with lock:
        print("read")


if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        words = manager.Lock(), manager.Event()
        workers = [multiprocessing.Process(target=each, args=words) for each in (fill, read)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
