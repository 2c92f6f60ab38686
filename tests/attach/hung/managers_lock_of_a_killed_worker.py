# wide
# verdict: stuck, deadlock
# who: child
# The manager's server waits for a lock in the name of one worker, which another one took.
import multiprocessing
import os
import signal


def first(lock, taken):
    with lock:
        taken.set()
        os.kill(os.getpid(), signal.SIGKILL)


def second(lock, taken):
    taken.wait()
    print("ready", flush=True)
    with lock:  # here
        pass


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Manager() as manager:
        context = multiprocessing.get_context("fork")
        lock, taken = manager.Lock(), manager.Event()
        workers = [context.Process(target=each, args=(lock, taken)) for each in (first, second)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
