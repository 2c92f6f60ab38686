# A child waits forever; its parent looks now and then, and ends it after a while.
import multiprocessing
import os


def work():
    os.read(read, 1)


if __name__ == "__main__":
    if hasattr(multiprocessing, "set_start_method"):
        multiprocessing.set_start_method("fork")
    read, write = os.pipe()
    process = multiprocessing.Process(target=work)
    process.start()
    for _ in range(10):
        process.join(0.3)
    assert process.is_alive()
    process.terminate()
    process.join()
