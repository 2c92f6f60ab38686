"""A script seeds the random module in its first lines, and two processes draw from it."""

from __future__ import print_function

import random
from multiprocessing import Pipe, Process

random.seed(42)


def draw(sender):
    sender.send(random.getrandbits(64))
    sender.close()


if __name__ == "__main__":
    samples = set()
    for _ in range(2):
        receiver, sender = Pipe(duplex=False)
        process = Process(target=draw, args=(sender,))
        process.start()
        sender.close()
        samples.add(receiver.recv())
        process.join()
    print("two processes drew", len(samples), "different samples")
