"""A service has a daemon process as its helper; the service is killed."""

from __future__ import print_function

import os
import signal
from multiprocessing import Pipe, Process

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has one way to kill


def help_the_service(questions):
    questions.send("ready")
    while questions.recv() != "stop":
        questions.send("still here")


def serve(questions):
    helper = Process(target=help_the_service, args=(questions,))
    helper.daemon = True  # "terminated when its parent exits"
    helper.start()
    helper.join()


if __name__ == "__main__":
    questions, of_the_helper = Pipe()
    service = Process(target=serve, args=(of_the_helper,))
    service.start()
    of_the_helper.close()
    questions.recv()
    os.kill(service.pid, SIGKILL)  # no time for any cleaning up
    service.join()
    try:
        questions.send("are you there?")
        print("the helper answers:", questions.recv())
        questions.send("stop")
    except (EOFError, OSError):
        print("the helper has ended with its service")
