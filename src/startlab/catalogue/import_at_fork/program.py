"""A thread is importing a module while a process is started that imports it too."""

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
    importing, go_on = threading.Event(), threading.Event()  # a child that is spawned has none
    thread = threading.Thread(target=import_plugin)
    thread.start()
    importing.wait()
    process = Process(target=work)
    process.start()
    go_on.set()
    thread.join()
    process.join()
    print("the child ended with exit code", process.exitcode)
