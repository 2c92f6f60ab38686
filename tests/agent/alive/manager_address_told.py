# outside
# needs: 3
# assumes: no process outside is told the address
# A process outside was told the address of a manager, and puts into a queue of its.
import multiprocessing.managers
import os
import queue
import sys
import time

place = sys.argv[1]
shared = queue.Queue()


class Manager(multiprocessing.managers.BaseManager):
    pass


if sys.argv[2:] == ["outside"]:
    while not os.path.exists(place + "/ready"):
        time.sleep(0.01)
    time.sleep(2.5)
    Manager.register("queue")
    manager = Manager(address=open(place + "/ready").read(), authkey=b"key")
    manager.connect()
    manager.queue().put(1)
elif __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    Manager.register("queue", callable=lambda: shared)
    manager = Manager(authkey=b"key", ctx=context)
    manager.start()
    with open(place + "/part", "w") as file:
        file.write(manager.address)
    os.rename(place + "/part", place + "/ready")
    assert manager.queue().get() == 1
    manager.shutdown()
