# verdict: outside
# outside: fifo to open
# who: child
import multiprocessing
import os
import sys


def child():
    print("ready", flush=True)
    open("fifo").read()  # here


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    os.mkfifo("fifo")
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
