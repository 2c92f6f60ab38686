"""The process is started before the thread that imports."""

from __future__ import print_function

import sys
import threading
from multiprocessing import Process

sys.dont_write_bytecode = True  # it leaves nothing beside the plugin


def import_plugin():
    import plugin

    return plugin.name


def work():
    print("the child has imported", import_plugin())


if __name__ == "__main__":
    process = Process(target=work)
    process.start()
    importing, go_on = threading.Event(), threading.Event()
    thread = threading.Thread(target=import_plugin)
    thread.start()
    importing.wait()
    process.join()  # the thread is still importing: the child's import is another one
    go_on.set()
    thread.join()
    print("the child ended with exit code", process.exitcode)
