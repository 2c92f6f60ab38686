"""Reading and writing happen as one step, under the lock of the Value."""

from __future__ import print_function

from multiprocessing import Process, Value


def count(counter):
    with counter.get_lock():
        counter.value += 1


if __name__ == "__main__":
    counter = Value("i", 0)
    processes = [Process(target=count, args=(counter,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print("two processes have counted to", counter.value)
