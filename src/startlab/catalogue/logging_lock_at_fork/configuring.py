"""A thread configures logging with a handler that waits for a process, which is started meanwhile."""

from __future__ import print_function

import logging
import logging.config
import sys
import threading
from multiprocessing import Process

configuring, collector_started = threading.Event(), threading.Event()


def handler_of_the_collector():
    configuring.set()
    collector_started.wait()
    return logging.StreamHandler(sys.stdout)


def configure():
    logging.config.dictConfig(
        {
            "version": 1,
            "handlers": {"collector": {"()": handler_of_the_collector}},
            "root": {"handlers": ["collector"], "level": "INFO"},
        }
    )
    logging.getLogger("shop").info("a report")


def collect():
    log = logging.getLogger("collector")
    log.addHandler(logging.StreamHandler(sys.stdout))
    log.warning("the child has logged")


if __name__ == "__main__":
    thread = threading.Thread(target=configure)
    thread.start()
    configuring.wait()
    process = Process(target=collect)
    process.start()
    collector_started.set()
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)
