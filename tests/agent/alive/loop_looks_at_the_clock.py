# Who waits for a child that waits forever looks at the clock, too, and ends it.
import multiprocessing
import os
import time


def work():
    os.read(read, 1)


if __name__ == "__main__":
    if hasattr(multiprocessing, "set_start_method"):
        multiprocessing.set_start_method("fork")
    read, write = os.pipe()
    process = multiprocessing.Process(target=work)
    process.start()
    began = time.time()
    while process.is_alive():
        process.join(0.2)
        if time.time() - began > 9:
            process.terminate()
