# wide
# verdict: deadlock
# who: the program
import multiprocessing
import os
import signal


def child(lock):
    lock.acquire()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    lock = context.Lock()
    process = context.Process(target=child, args=(lock,))
    process.start()
    process.join()
    print("ready", flush=True)
    lock.acquire()  # here
