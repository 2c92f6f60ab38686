"""A thread outlives the main thread, and starts a process."""

from __future__ import print_function

import sys
import threading
from multiprocessing import Process


def send_report():
    print("the report is sent")


def report(main_thread):
    main_thread.join()
    process = Process(target=send_report)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)


if __name__ == "__main__":
    threading.Thread(target=report, args=(threading.current_thread(),)).start()
    print("the program is done")
    sys.stdout.flush()
