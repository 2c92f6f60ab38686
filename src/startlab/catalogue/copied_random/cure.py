"""The generator is reseeded in every process that multiprocessing starts."""

from __future__ import print_function

import random
from multiprocessing import Pipe, Process, util

generator = random.Random()
# os.register_at_fork (3.7) covers os.fork() too; this covers multiprocessing, 2.7 included.
util.register_after_fork(generator, random.Random.seed)


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
