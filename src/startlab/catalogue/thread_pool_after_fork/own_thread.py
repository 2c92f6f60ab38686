"""A recorder of events has a thread of its own; a process of the program records an event."""

from __future__ import print_function

import threading
from multiprocessing import Process

try:
    from queue import Queue
except ImportError:  # Python 2
    from Queue import Queue


class Recorder(object):
    def __init__(self):
        self.events = Queue()
        thread = threading.Thread(target=self.write_events)
        thread.daemon = True
        thread.start()

    def write_events(self):
        while True:
            print("recorded:", self.events.get())
            self.events.task_done()

    def record(self, event):
        self.events.put(event)
        self.events.join()  # until it is written


recorder = Recorder()


def work():
    recorder.record("the child works")


if __name__ == "__main__":
    process = Process(target=work)
    process.start()
    process.join()
    print("the child ended with exit code", process.exitcode)
