"""A child polls until its parent stops it, by an Event of which each process has its own."""

import multiprocessing
import threading

stop = threading.Event()


def poll(readings):
    readings.put(3)
    # finds: of_one_process hang fork forkserver spawn
    stop.wait()


def main():
    readings = multiprocessing.SimpleQueue()
    poller = multiprocessing.Process(target=poll, args=(readings,))
    poller.start()
    print(readings.get())
    stop.set()
    poller.join()


if __name__ == "__main__":
    main()
