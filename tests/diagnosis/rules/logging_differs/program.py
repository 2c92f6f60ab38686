import logging
from multiprocessing import Process

log = logging.getLogger("merge")


def send(name):
    log.info("sent to %s", name)


def main():
    # finds: logging_differs note forkserver spawn
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    for name in ["ann", "bob"]:
        p = Process(target=send, args=(name,))
        p.start()
        p.join()
    log.info("all sent")
    print("merge done")


if __name__ == "__main__":
    main()
