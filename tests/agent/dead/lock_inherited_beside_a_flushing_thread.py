# verdict: stuck
# waits: main (1) for the child; the child (2) for a lock that no thread of it could release; a
# waits: thread of main (3) wakes up periodically
# Main waits for a child that inherited a lock, from a thread that takes it again and again.
import multiprocessing
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


lock = threading.Lock()
began, stop = threading.Event(), threading.Event()
counts = {}


def drop_counts():
    while not stop.is_set():
        with lock:
            began.set()
            stop.wait(0.2)  # (3)
            counts.clear()


def work():
    last_words()
    lock.acquire()  # (2)


if __name__ == "__main__":
    if hasattr(multiprocessing, "set_start_method"):
        multiprocessing.set_start_method("fork")
    thread = threading.Thread(target=drop_counts)
    thread.daemon = True
    thread.start()
    began.wait()
    process = multiprocessing.Process(target=work)
    process.start()
    process.join()  # (1)
