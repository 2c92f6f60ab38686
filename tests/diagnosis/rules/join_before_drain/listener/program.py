import logging
import logging.handlers
import multiprocessing


def load(records, loaded):
    log = logging.getLogger("load")
    log.addHandler(logging.handlers.QueueHandler(records))
    loaded.put(3)
    for number in range(300):
        log.warning("row %d is rejected: %s", number, "x" * 1000)


def main():
    records, loaded = multiprocessing.Queue(), multiprocessing.Queue()
    listener = logging.handlers.QueueListener(records, logging.NullHandler())
    listener.start()
    worker = multiprocessing.Process(target=load, args=(records, loaded))
    worker.start()
    print(loaded.get(), "parts")
    # finds: listener_stopped hang fork forkserver spawn
    listener.stop()
    worker.join()


if __name__ == "__main__":
    main()
