import logging
import logging.handlers
import multiprocessing


def load(records, loaded):
    log = logging.getLogger("load")
    log.addHandler(logging.handlers.QueueHandler(records))
    log.warning("row 3 is rejected")
    loaded.put("x" * 300_000)


def main():
    records, loaded = multiprocessing.Queue(), multiprocessing.Queue()
    listener = logging.handlers.QueueListener(records, logging.NullHandler())
    listener.start()
    worker = multiprocessing.Process(target=load, args=(records, loaded))
    worker.start()
    listener.stop()
    # finds: join_before_drain hang fork forkserver spawn
    worker.join()
    print(len(loaded.get()), "bytes")


if __name__ == "__main__":
    main()
