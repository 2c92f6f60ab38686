# The first thread waits for a child, which waits for an event; another thread sets that one day.
import multiprocessing
import random
import threading
import time


def work(event):
    event.wait()


def beat(event):
    chance = random.Random(11)
    while True:
        time.sleep(0.2)
        if chance.random() < 0.02:  # for the 23rd
            event.set()


if __name__ == "__main__":
    event = multiprocessing.Event()
    process = multiprocessing.Process(target=work, args=(event,))
    process.start()
    thread = threading.Thread(target=beat, args=(event,))
    thread.daemon = True
    thread.start()
    process.join()
