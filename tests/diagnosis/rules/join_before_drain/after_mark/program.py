import logging
import logging.handlers
import multiprocessing


def write(records):
    for record in iter(records.get, None):
        print(record.getMessage()[:6])


def main():
    records = multiprocessing.Queue()
    log = logging.getLogger("build")
    # finds: never_read hang fork forkserver spawn
    log.addHandler(logging.handlers.QueueHandler(records))
    writer = multiprocessing.Process(target=write, args=(records,))
    writer.start()
    log.warning("begins")
    records.put(None)
    writer.join()
    log.warning("built " + "x" * 100_000)


if __name__ == "__main__":
    main()
