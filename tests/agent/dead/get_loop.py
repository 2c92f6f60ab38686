# verdict: stuck
# waits: main (1) for the child to put something, every 0.3 s anew; the child (2) for main
# Main gets from a queue with a timeout, again and again; the child waits for a task from main.
import multiprocessing
import sys
import time

try:
    from queue import Empty
except ImportError:
    from Queue import Empty


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def work(tasks, results):
    last_words()
    results.put(tasks.get())  # (2)


if __name__ == "__main__":
    if hasattr(multiprocessing, "set_start_method"):
        multiprocessing.set_start_method("fork")
    tasks, results = multiprocessing.Queue(), multiprocessing.Queue()
    multiprocessing.Process(target=work, args=(tasks, results)).start()
    while True:
        try:
            results.get(timeout=0.3)  # (1)
            break
        except Empty:
            pass
