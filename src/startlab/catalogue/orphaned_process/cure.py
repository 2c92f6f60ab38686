"""The helper watches its parent, and ends when its parent does."""

from __future__ import print_function

import os
import signal
from multiprocessing import Pipe, Process, parent_process
from multiprocessing.connection import wait

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has one way to kill


def help_the_service(questions):
    questions.send("ready")
    parent = parent_process().sentinel
    while parent not in wait([questions, parent]) and questions.recv() != "stop":
        questions.send("still here")


def serve(questions):
    helper = Process(target=help_the_service, args=(questions,))
    helper.daemon = True
    helper.start()
    helper.join()


if __name__ == "__main__":
    questions, of_the_helper = Pipe()
    service = Process(target=serve, args=(of_the_helper,))
    service.start()
    of_the_helper.close()
    questions.recv()
    os.kill(service.pid, SIGKILL)
    service.join()
    try:
        questions.send("are you there?")
        print("the helper answers:", questions.recv())
        questions.send("stop")
    except (EOFError, OSError):
        print("the helper has ended with its service")
