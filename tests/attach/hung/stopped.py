# verdict: stopped
# who: child
import multiprocessing
import os
import signal


def child():
    print("ready", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)  # here


if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
