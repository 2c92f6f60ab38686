"""A program seeds the random module so that a run can be repeated, and a process draws from it."""

from __future__ import print_function

import random
from multiprocessing import Pipe, Process


def draw(sender):
    sender.send(random.getrandbits(64))
    sender.close()


if __name__ == "__main__":
    random.seed(42)
    receiver, sender = Pipe(duplex=False)
    process = Process(target=draw, args=(sender,))
    process.start()
    sender.close()
    sample = receiver.recv()
    process.join()
    print("the process drew what the seed gives:", sample == random.Random(42).getrandbits(64))
