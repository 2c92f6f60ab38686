"""The recorder starts a new thread in a process that has none."""

from __future__ import print_function

import os
import threading
from multiprocessing import Process

try:
    from queue import Queue
except ImportError:  # Python 2
    from Queue import Queue


class Recorder(object):
    def __init__(self):
        self.start()

    def start(self):
        self.process = os.getpid()
        self.events = Queue()
        thread = threading.Thread(target=self.write_events)
        thread.daemon = True
        thread.start()

    def write_events(self):
        while True:
            print("recorded:", self.events.get())
            self.events.task_done()

    def record(self, event):
        if self.process != os.getpid():  # this is a fork; the thread stayed behind
            self.start()
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
