# verdict: stuck
# waits: main (1) for the child; the child (2) for a lock that no thread of it could release; a
# waits: thread of main (3) wakes up periodically
# Main waits for a child that inherited a held lock, beside a thread that beats.
import multiprocessing
import sys
import threading
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


lock = threading.Lock()


def beat():
    while True:
        time.sleep(0.1)  # (3)


def work():
    last_words()
    lock.acquire()  # (2)


if __name__ == "__main__":
    if hasattr(multiprocessing, "set_start_method"):
        multiprocessing.set_start_method("fork")
    lock.acquire()
    process = multiprocessing.Process(target=work)
    process.start()
    thread = threading.Thread(target=beat)
    thread.daemon = True
    thread.start()
    process.join()  # (1)
