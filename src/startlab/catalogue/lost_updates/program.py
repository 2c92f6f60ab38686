"""Two processes count in a shared Value, and both read it before either writes."""

from __future__ import print_function

from multiprocessing import Event, Process, Value


def count(counter, has_read, other_has_read):
    seen = counter.value
    has_read.set()
    other_has_read.wait()  # what `counter.value += 1` leaves to chance
    counter.value = seen + 1


if __name__ == "__main__":
    counter = Value("i", 0)
    first, second = Event(), Event()
    processes = [
        Process(target=count, args=(counter, first, second)),
        Process(target=count, args=(counter, second, first)),
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print("two processes have counted to", counter.value)
