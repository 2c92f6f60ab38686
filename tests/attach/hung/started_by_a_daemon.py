# wide
# verdict: deadlock
# who: the program
# A daemon has started it, to go its own way: what else the daemon does is no part of the tree.
import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time

END_WITH_PARENT = 1


def end_with_parent():
    ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)


def child(lock):
    end_with_parent()
    lock.acquire()


def main():
    context = multiprocessing.get_context("fork")
    lock = context.Lock()
    lock.acquire()
    process = context.Process(target=child, args=(lock,))
    process.start()
    print("pid", os.getpid(), "ready", flush=True)
    process.join()  # here


if __name__ == "__main__":
    if sys.argv[1:] == ["started"]:
        main()
    elif os.fork() == 0:
        argv = [sys.executable, __file__, "started"]
        subprocess.Popen(argv, start_new_session=True, preexec_fn=end_with_parent)
        time.sleep(600)
