# It wakes up periodically, always in the same loop, and one day it says something after all.
import multiprocessing
import threading
import time


def child(there):
    print("ready", flush=True)
    there.recv()


if __name__ == "__main__":
    here, there = multiprocessing.get_context("fork").Pipe()
    multiprocessing.get_context("fork").Process(target=child, args=(there,)).start()
    never = threading.Event()
    end = time.monotonic() + 120
    while time.monotonic() < end:
        never.wait(0.2)
    here.send("go")
