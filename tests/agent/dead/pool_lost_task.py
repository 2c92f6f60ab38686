# pollers: <3.8
# A worker of a pool ends in the middle of its task: the parent is not notified.
import multiprocessing
import os
import sys
import time


def last_words():
    with open(sys.argv[1] + "/stamp", "w") as file:
        file.write(repr(time.time()))


def lose(_):
    last_words()
    os._exit(0)


if __name__ == "__main__":
    multiprocessing.Pool(1).map(lose, [1])
