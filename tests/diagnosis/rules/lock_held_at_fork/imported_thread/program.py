"""Counts words; a thread that is started by the import of the module writes what was counted."""
# python: linux-3.14

import multiprocessing
import queue
import threading

counted = queue.Queue()


def write():
    while True:
        counted.get()
        counted.task_done()


threading.Thread(target=write, daemon=True).start()


def count(text):
    counted.put(len(text.split()))
    # finds: thread_gone_at_fork hang fork forkserver
    counted.join()


if __name__ == "__main__":
    process = multiprocessing.Process(target=count, args=("one two",))
    process.start()
    process.join()
    print("counted")
