# needs: 3
# assumes: no pool or manager has classes of the program's own
# A manager's server looks every second whether it is to stop; that question acts later.
import multiprocessing
import multiprocessing.managers
import os
import threading
import time


class Event(threading.Event):
    def is_set(self):
        if time.time() > until:
            os.write(write, b"x")
        return super(Event, self).is_set()


class Server(multiprocessing.managers.Server):
    def serve_forever(self):
        multiprocessing.managers.threading = stand_in
        super(Server, self).serve_forever()


class stand_in(object):
    Event, Thread, Lock, RLock = Event, threading.Thread, threading.Lock, threading.RLock
    current_thread = threading.current_thread


class Manager(multiprocessing.managers.BaseManager):
    _Server = Server


if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    read, write = os.pipe()
    until = time.time() + 3.5
    manager = Manager(ctx=context)
    manager.start()
    assert os.read(read, 1) == b"x"
    os.kill(manager._process.pid, 9)
    manager._process.join()
