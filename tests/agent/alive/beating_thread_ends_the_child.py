# A thread counts its beats, and ends the child that the first thread waits for.
import multiprocessing
import os
import signal
import threading
import time


def work():
    os.read(read, 1)


def watch(pid):
    beats = 0
    while beats < 70:
        time.sleep(0.1)
        beats += 1
    os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    if hasattr(multiprocessing, "set_start_method"):
        multiprocessing.set_start_method("fork")
    read, write = os.pipe()
    process = multiprocessing.Process(target=work)
    process.start()
    threading.Thread(target=watch, args=(process.pid,)).start()
    process.join()
    assert process.exitcode == -signal.SIGTERM
