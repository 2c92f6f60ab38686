"""Have a child log to the file that its parent logs to."""

# python: wine-3.12

import logging
import logging.handlers
from multiprocessing import Process


def open_log():
    # finds: log_in_use ok spawn
    handler = logging.handlers.RotatingFileHandler("shop.log", maxBytes=200, backupCount=2)
    logging.getLogger("shop").addHandler(handler)
    return logging.getLogger("shop")


def work():
    log = open_log()
    for number in range(20):
        log.warning("item %d of the child", number)


if __name__ == "__main__":
    open_log().warning("start")
    child = Process(target=work)
    child.start()
    child.join()
    print("done")
