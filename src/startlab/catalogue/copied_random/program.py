"""A module has a random generator of its own, and two processes draw session tokens from it."""

from __future__ import print_function

import random
from multiprocessing import Pipe, Process

generator = random.Random()


def draw(sender):
    sender.send(generator.getrandbits(64))
    sender.close()


if __name__ == "__main__":
    tokens = set()
    for _ in range(2):
        receiver, sender = Pipe(duplex=False)
        process = Process(target=draw, args=(sender,))
        process.start()
        sender.close()
        tokens.add(receiver.recv())
        process.join()
    print("two processes drew", len(tokens), "different tokens")
