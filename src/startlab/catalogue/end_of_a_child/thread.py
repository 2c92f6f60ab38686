"""A process leaves behind a non-daemon thread that has something to do at the end."""

from __future__ import print_function

import sys
import threading
from multiprocessing import Process


def close_connection(main_thread):
    main_thread.join()
    print("the child has closed its connection")
    sys.stdout.flush()


def work():
    thread = threading.Thread(target=close_connection, args=(threading.current_thread(),))
    thread.start()
    print("the child has opened a connection")


if __name__ == "__main__":
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
