"""Two processes draw from the global random generator of NumPy."""

from __future__ import print_function

from multiprocessing import Pipe, Process

from numpy import random


def draw(sender):
    sender.send(random.random())
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
