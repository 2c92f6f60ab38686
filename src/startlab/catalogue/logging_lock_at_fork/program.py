"""A thread is in the middle of logging while a process is started that logs too.

The handler keeps its records apart with a lock of its own, as many do.
"""

from __future__ import print_function

import logging
import threading
from multiprocessing import Process

log = logging.getLogger("shop")
writing, go_on = threading.Event(), threading.Event()


class PrinterHandler(logging.Handler):
    """Sends records to a printer, which is slow when the reporter logs."""

    def __init__(self):
        logging.Handler.__init__(self)
        self.printer_lock = threading.Lock()

    def emit(self, record):
        with self.printer_lock:
            if record.threadName == "reporter":
                writing.set()
                go_on.wait()
            print(self.format(record))


log.addHandler(PrinterHandler())


def work():
    log.warning("the child has logged")


if __name__ == "__main__":
    thread = threading.Thread(target=log.warning, args=("a report",), name="reporter")
    thread.start()
    writing.wait()
    process = Process(target=work)
    process.start()
    go_on.set()
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)
