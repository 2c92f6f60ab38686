"""Every process gets its own seed as an argument: its samples differ, and can be repeated."""

from __future__ import print_function

import random
from multiprocessing import Pipe, Process


def draw(seed, sender):
    sender.send(random.Random(seed).getrandbits(64))
    sender.close()


if __name__ == "__main__":
    samples = set()
    for number in range(2):
        receiver, sender = Pipe(duplex=False)
        process = Process(target=draw, args=(42 + number, sender))
        process.start()
        sender.close()
        samples.add(receiver.recv())
        process.join()
    print("two processes drew", len(samples), "different samples")
