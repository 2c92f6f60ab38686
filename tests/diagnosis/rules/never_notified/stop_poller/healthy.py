"""A child polls until its parent stops it, by an Event that it is given."""

import multiprocessing


def poll(readings, stop):
    readings.put(3)
    stop.wait()


def main():
    readings = multiprocessing.SimpleQueue()
    stop = multiprocessing.Event()
    poller = multiprocessing.Process(target=poll, args=(readings, stop))
    poller.start()
    print(readings.get())
    stop.set()
    poller.join()


if __name__ == "__main__":
    main()
